"""Pascal VOC's average precision: matching, ranking, curves, means. Arrays in, numbers out; sources in README.md."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.average_precision import area, eleven_point, interpolated
from tasks.detection.voc.rules import Rules

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_MATCH: Final = Kernel(
    "voc_match", "int64", "int64", "int64", "float64[]", "int64[]", "int32[]", "int32[]", "float64[]",
    "int64[]", "int32[]", "float64[]", "uint8[]", "uint16[]", "uint16[]", "uint16[]",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """Boxes of all images, image after image; corners are 1-based pixels that belong to the box."""

    offsets: Int
    """(images + 1,): image i has the rows offsets[i]:offsets[i + 1]."""
    category: NDArray[np.int32]
    boxes_xyxy: Float
    """(n, 4)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth(Boxes):
    """Ground truth; the order inside an image decides between equal overlaps."""

    difficult: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections(Boxes):
    """Detections. Where scores are equal, the lower `order` goes first."""

    scores: Float
    order: Int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Detections by category and, inside, by descending score, ties in order; and the ground truth that counts."""

    starts: Int
    """(categories + 1,)"""
    image: NDArray[np.int32]
    hit: NDArray[np.uint16]
    """Bit t: a true positive at threshold t."""
    miss: NDArray[np.uint16]
    """Bit t: a false one."""
    n_truth: Int
    """(categories,)"""


def image_index(offsets: Int) -> NDArray[np.int32]:
    """The image of every row, int32 (n,)."""
    return np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))


def rank(category: NDArray[np.int32], scores: Float, order: Int) -> Int:
    """Rows by category, descending score, and order: int64 (n,)."""
    return np.lexsort((order, -scores, category)).astype(np.int64)


def comparable(detections: Detections, rules: Rules) -> Detections:
    """The detections as the evaluator sees them: with its digits."""
    scores, boxes = detections.scores, detections.boxes_xyxy
    if rules.rounded:
        scores, boxes = printed(scores, 3), printed(boxes, 1)
    if rules.single:
        scores = scores.astype(np.float32).astype(np.float64)
    return Detections(
        offsets=detections.offsets, category=detections.category, boxes_xyxy=boxes, scores=scores,
        order=detections.order,
    )  # fmt: skip


def printed(values: Float, decimals: int) -> Float:
    """The numbers that ``f"{value:.3f}"`` (with `decimals` digits) reads back as, to the last bit.

    The digits are those of the exact binary value; NumPy's round multiplies first, and errs near halves.
    """
    power = 10.0**decimals
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values * power
        found: Float = np.rint(scaled) / power
        safe = np.abs(scaled - np.floor(scaled) - 0.5) > 1e-6 + 1e-15 * np.abs(scaled)
    found[~safe] = [float(f"{value:.{decimals}f}") for value in values[~safe].tolist()]
    return found


def match(truth: Truth, detections: Detections, rules: Rules) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Thresholds, as bits, at which each detection is a true and a false positive: uint16 (n,) twice.

    A detection looks at the ground truth of its category that it overlaps most, taken or difficult or not.
    """
    if rules.single:
        truth = _difficult_last(truth)
    seen = comparable(detections, rules)
    n = len(seen.scores)
    hit, miss = np.empty(n, np.uint16), np.empty(n, np.uint16)
    _MATCH(
        n, len(rules.thresholds), rules.style, np.array(rules.thresholds),
        rank(seen.category, seen.scores, seen.order), image_index(seen.offsets), seen.category,
        np.ascontiguousarray(seen.boxes_xyxy), truth.offsets, truth.category, np.ascontiguousarray(truth.boxes_xyxy),
        truth.difficult.astype(np.uint8), np.zeros(len(truth.category), np.uint16), hit, miss,
    )  # fmt: skip
    return hit, miss


def _difficult_last(truth: Truth) -> Truth:
    order = np.lexsort((truth.difficult, image_index(truth.offsets)))
    return Truth(
        offsets=truth.offsets, category=truth.category[order], boxes_xyxy=truth.boxes_xyxy[order],
        difficult=truth.difficult[order],
    )  # fmt: skip


def precision_recall(ranked: Ranked, category: int, threshold: int) -> tuple[Float, Float]:
    """Recall and precision after each detection of a category that has ground truth, float64 (n,) twice."""
    rows = slice(ranked.starts[category], ranked.starts[category + 1])
    tp = np.cumsum((ranked.hit[rows] >> threshold & 1).astype(np.float64))
    fp = np.cumsum((ranked.miss[rows] >> threshold & 1).astype(np.float64))
    recall: Float = tp / float(ranked.n_truth[category])
    precision: Float = tp / np.maximum(tp + fp, np.finfo(np.float64).eps)
    return recall, precision


def average_precisions(ranked: Ranked, rules: Rules) -> Float:
    """Every category's AP at every threshold, float64 (thresholds, categories); NaN without ground truth that counts."""
    found = np.full((len(rules.thresholds), len(ranked.n_truth)), np.nan)
    for k in np.flatnonzero(ranked.n_truth).tolist():
        for t in range(len(rules.thresholds)):
            recall, precision = precision_recall(ranked, k, t)
            if rules.single:
                # Of integers below 2^24 the double quotient rounds to the single one.
                precision = precision.astype(np.float32).astype(np.float64)
                found[t, k] = single_ap(interpolated(recall, precision), area(recall, precision), rules)
            else:
                found[t, k] = rules.scale * (eleven_point if rules.eleven_point else area)(recall, precision)
    return found


def single_ap(interpolated: Float, under: float, rules: Rules) -> float:
    """mmdetection's AP in single precision, of the precision at the eleven recalls or the area under the curve."""
    if not rules.eleven_point:
        return float(np.float32(under))
    total = np.float32(0)
    for value in interpolated.astype(np.float32):
        total = total + value
    return float(total / np.float32(11))


def means(aps: Float, rules: Rules) -> dict[str, float | None]:
    """The metrics, from AP at all thresholds of the categories that have ground truth, float64 (thresholds, categories)."""
    present = np.ascontiguousarray(aps[:, ~np.isnan(aps[0])])
    if present.shape[1] == 0:
        return dict.fromkeys(rules.metrics)
    if rules.single:
        present = present.astype(np.float32)
    each = [row.mean().item() for row in present]
    return {name: each[t] if t >= 0 else float(np.mean(each)) for name, t in rules.metrics.items()}
