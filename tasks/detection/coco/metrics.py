"""COCO's detection metrics: matching, precision and recall, and the twelve numbers, equal to pycocotools' last digit.

The steps are those of `COCOeval`: `match` is `evaluateImg` for all images, `accumulate` is `accumulate`, `summarize`
is `summarize`. What lies between them, `Matches`, holds each image's sufficient statistics as columns.

Source: cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py and common/maskApi.c (bbIou).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.coco.masks import Masks, Side, mask_ious

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_ORDER: Final = Kernel(
    "coco_order", "int64", "int64", "int64[]", "int32[]", "float64[]", "int64[]", "int32[]", "int64[]"
)  # fmt: skip
_MATCH: Final = Kernel(
    "coco_match", "int64", "int64", "int64", "float64[]",
    "int64[]", "int32[]", "float64[]", "uint8[]",
    "int64[]", "int32[]", "float64[]", "uint8[]", "uint8[]", "uint8[]", "int64", "float64[]", "uint16[]", "uint16[]",
)  # fmt: skip
_ACCUMULATE: Final = Kernel(
    "coco_accumulate", "int64", "int64", "int64", "int64", "int64", "float64[]", "int64[]", "int64[]",
    "int32[]", "uint16[]", "uint16[]", "int64[]", "float64[]", "float64[]",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One summary number: the mean precision or recall over thresholds, categories and (for precision) recalls."""

    name: str
    kind: Literal["precision", "recall"]
    iou: float | None = None
    """The only IoU threshold it looks at; None: all."""
    area: int = 0
    """Index of its area range."""
    limit: int = -1
    """Index of its limit on detections per image and category."""


COCO_METRICS: Final = (
    Metric(name="AP", kind="precision"),
    Metric(name="AP50", kind="precision", iou=0.5),
    Metric(name="AP75", kind="precision", iou=0.75),
    Metric(name="APs", kind="precision", area=1),
    Metric(name="APm", kind="precision", area=2),
    Metric(name="APl", kind="precision", area=3),
    Metric(name="AR1", kind="recall", limit=0),
    Metric(name="AR10", kind="recall", limit=1),
    Metric(name="AR100", kind="recall"),
    Metric(name="ARs", kind="recall", area=1),
    Metric(name="ARm", kind="recall", area=2),
    Metric(name="ARl", kind="recall", area=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What an evaluation of this kind fixes; the defaults are COCO's, computed as pycocotools computes them.

    `areas` are ranges of pixel areas, both ends inclusive. `limits` are the most detections per image *and category*,
    ascending; the last one cuts before matching.
    """

    thresholds: tuple[float, ...] = tuple(np.linspace(0.5, 0.95, 10).tolist())
    recalls: tuple[float, ...] = tuple(np.linspace(0.0, 1.0, 101).tolist())
    areas: tuple[tuple[float, float], ...] = ((0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10))
    limits: tuple[int, ...] = (1, 10, 100)
    metrics: tuple[Metric, ...] = COCO_METRICS

    def __post_init__(self) -> None:
        if not 1 <= len(self.thresholds) <= 16:
            raise ValueError(f"between 1 and 16 IoU thresholds are possible, not {len(self.thresholds)}")
        for values in (self.thresholds, self.recalls, self.limits):
            if list(values) != sorted(values):
                raise ValueError(f"{values} must ascend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Annotations of all images, image after image in ascending order of image id, in file order inside an image."""

    offsets: Int
    """(images + 1,): image `i` has rows `offsets[i]` to `offsets[i + 1]`."""
    category: NDArray[np.int32]
    """(n,): index into the categories, in ascending order of category id."""
    boxes_xywh: Float
    """(n, 4), pixels."""
    area: Float
    """(n,): the annotation's own area (of its segmentation), square pixels. Size ranges look at this one."""
    crowd: NDArray[np.bool_]
    nameless: NDArray[np.bool_]
    """(n,): the annotation's id is 0. Officially a match with it counts as no match."""
    masks: Masks | None = None
    """(n,): what is compared instead of the boxes, where there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Detections of all images, laid out like `Truth`, in file order inside an image."""

    offsets: Int
    category: NDArray[np.int32]
    boxes_xywh: Float
    scores: Float
    masks: Masks | None = None
    area: Float | None = None
    """(n,): what size ranges look at; None: width times height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The sufficient statistics of every image: detections by (image, category, rank), and counts of ground truth."""

    offsets: Int
    """(images + 1,)"""
    category: NDArray[np.int32]
    score: Float
    rank: NDArray[np.int32]
    """Place among the detections of one image and category, by descending score; below the last limit."""
    positive: NDArray[np.uint16]
    """(n, areas): bit t is set if it is a true positive at threshold t."""
    ignored: NDArray[np.uint16]
    """(n, areas): bit t is set if it does not count at threshold t."""
    truth_offsets: Int
    """(images + 1,): rows of `truth_category`, one for each category annotated in the image."""
    truth_category: NDArray[np.int32]
    truth_count: NDArray[np.int32]
    """(rows, areas): ground truths that count."""

    @property
    def n_images(self) -> int:
        """The number of images."""
        return len(self.offsets) - 1


def match(truth: Truth, detections: Detections, parameters: Parameters) -> Matches:
    """Match the detections of every image to its ground truth.

    Detections go by descending score, ties in file order; each takes the unmatched ground truth with the highest IoU,
    the later one on a tie, at or above the threshold. Crowds may be matched many times, and matches with them, or with
    ground truth outside the area range, do not count. Inputs must be finite.
    """
    thresholds = np.array(parameters.thresholds)
    order, rank, offsets = order_by_score(
        detections.offsets, detections.category, detections.scores, parameters.limits[-1]
    )
    gt_order, _, _ = order_by_score(truth.offsets, truth.category, np.zeros(len(truth.area)), len(truth.area))
    category, boxes = detections.category[order], detections.boxes_xywh[order]
    area = box_areas(boxes) if detections.area is None else detections.area[order]
    gt_category, crowd = truth.category[gt_order], truth.crowd[gt_order]
    ignored = outside(truth.area[gt_order], parameters) | crowd[:, None]
    positive = np.zeros((len(order), len(parameters.areas)), np.uint16)
    skipped = np.zeros_like(positive)
    given = None
    if truth.masks is not None and detections.masks is not None:
        found = Side(offsets, category, order, detections.masks)
        given = mask_ious(found, Side(truth.offsets, gt_category, gt_order, truth.masks), crowd)
    _MATCH(
        len(offsets) - 1, len(parameters.areas), len(thresholds), thresholds,
        offsets, category, boxes, outside(area, parameters).view(np.uint8),
        truth.offsets, gt_category, truth.boxes_xywh[gt_order], crowd.view(np.uint8),
        truth.nameless[gt_order].view(np.uint8), ignored.view(np.uint8),
        given is not None, np.empty(0) if given is None else given, positive, skipped,
    )  # fmt: skip
    truth_offsets, truth_category, truth_count = count_truth(truth.offsets, gt_category, ignored)
    return Matches(
        offsets=offsets, category=category, score=detections.scores[order], rank=rank,
        positive=positive, ignored=skipped,
        truth_offsets=truth_offsets, truth_category=truth_category, truth_count=truth_count,
    )  # fmt: skip


def accumulate(matches: Matches, n_categories: int, parameters: Parameters) -> tuple[Float, Float]:
    """Return precision (thresholds, recalls, categories, areas, limits) and recall (the same without recalls).

    Both are bit-equal to `COCOeval.eval`'s; -1 where a category has no ground truth that counts.
    """
    shape = (len(parameters.thresholds), len(parameters.recalls), n_categories, len(parameters.areas))
    precision = np.full((*shape, len(parameters.limits)), -1.0)
    recall = np.full((shape[0], *shape[2:], len(parameters.limits)), -1.0)
    n_truth = np.zeros((n_categories, shape[3]), np.int64)
    np.add.at(n_truth, matches.truth_category, matches.truth_count)
    order, starts = by_category(matches, n_categories)
    _ACCUMULATE(
        n_categories, shape[3], len(parameters.limits), shape[0], shape[1], np.array(parameters.recalls),
        np.array(parameters.limits, np.int64), starts,
        matches.rank[order], matches.positive[order], matches.ignored[order], n_truth, precision, recall,
    )  # fmt: skip
    return precision, recall


def summarize(precision: Float, recall: Float, parameters: Parameters) -> dict[str, float | None]:
    """Return the summary numbers; None where no category has ground truth that counts (officially: -1)."""
    return {metric.name: mean_of(metric, precision, recall, parameters) for metric in parameters.metrics}


def aggregate(matches: Matches, n_categories: int, parameters: Parameters) -> dict[str, float | None]:
    """Return the summary numbers of `matches`, as pycocotools prints them, with all digits."""
    return summarize(*accumulate(matches, n_categories, parameters), parameters)


def average_precision_by_category(precision: Float, parameters: Parameters) -> list[float | None]:
    """Return each category's AP: the mean precision over thresholds and recalls, all areas, the last limit."""
    return [_mean(precision[:, :, k, 0, -1]) for k in range(precision.shape[2])]


def mean_of(metric: Metric, precision: Float, recall: Float, parameters: Parameters) -> float | None:
    """Return one summary number from arrays with any number of categories; None where all cells are -1."""
    cells = (precision if metric.kind == "precision" else recall)[..., metric.area, metric.limit]
    return _mean(cells[threshold_slice(metric, parameters)])


def threshold_slice(metric: Metric, parameters: Parameters) -> slice:
    """Return the part of the thresholds that `metric` looks at; officially they are compared with `==`."""
    if metric.iou is None:
        return slice(None)
    index = parameters.thresholds.index(metric.iou)
    return slice(index, index + 1)


def by_category(matches: Matches, n_categories: int) -> tuple[Int, Int]:
    """Return the detections' order by category and descending score, and where each category starts in it.

    Ties stand in ascending order of image and rank: officially a stable sort of the images' lists, one after another.
    """
    by_score = np.argsort(-matches.score, kind="stable")
    # A stable sort of 16-bit integers is a radix sort: linear.
    small = matches.category[by_score].astype(np.uint16 if n_categories <= 1 << 16 else np.int64)
    order = by_score[np.argsort(small, kind="stable")]
    counts = np.bincount(matches.category, minlength=n_categories)
    return order, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _mean(cells: Float) -> float | None:
    # The mean over this masked, contiguous copy is what is official: its pairwise summation decides the last digit.
    defined = cells[cells > -1]
    return float(np.mean(defined)) if len(defined) else None


def order_by_score(
    offsets: Int, category: NDArray[np.int32], scores: Float, limit: int
) -> tuple[Int, NDArray[np.int32], Int]:
    """Return each image's rows by category and descending score, ties in file order, their ranks, and new offsets.

    Rows whose rank inside their image and category is `limit` or more are left out.
    """
    order, rank = np.empty(len(scores), np.int64), np.empty(len(scores), np.int32)
    kept_offsets = np.empty_like(offsets)
    kept = _ORDER(len(offsets) - 1, limit, offsets, category, scores, order, rank, kept_offsets)
    return order[:kept], rank[:kept], kept_offsets


def box_areas(boxes_xywh: Float) -> Float:
    """Width times height, float64 (n,); infinite, and so larger than any size range, beyond double precision."""
    with np.errstate(over="ignore"):
        areas: Float = boxes_xywh[:, 2] * boxes_xywh[:, 3]
    return areas


def outside(area: Float, parameters: Parameters) -> NDArray[np.bool_]:
    """Return which areas, (n,), lie out of each size range: bool (n, areas)."""
    lowest, highest = np.array(parameters.areas).T
    result: NDArray[np.bool_] = (area[:, None] < lowest) | (area[:, None] > highest)
    return result


def count_truth(
    offsets: Int, category: NDArray[np.int32], ignored: NDArray[np.bool_]
) -> tuple[Int, NDArray[np.int32], NDArray[np.int32]]:
    """Count what counts for every image and category; rows of `category` are sorted inside an image.

    Returns offsets (images + 1,), and for each row of one image and one category its category and counts (rows, areas).
    """
    image = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    new = np.ones(len(image), np.bool_)
    new[1:] = (image[1:] != image[:-1]) | (category[1:] != category[:-1])
    first = np.flatnonzero(new)
    if len(first) == 0:
        return np.zeros_like(offsets), category, np.empty((0, ignored.shape[1]), np.int32)
    counts = np.add.reduceat(~ignored, first, axis=0, dtype=np.int32)
    rows = np.bincount(image[first], minlength=len(offsets) - 1)
    return np.concatenate([[0], np.cumsum(rows)]).astype(np.int64), category[first], counts


__all__: Sequence[str] = [
    "COCO_METRICS",
    "Detections",
    "Matches",
    "Metric",
    "Parameters",
    "Truth",
    "accumulate",
    "aggregate",
    "average_precision_by_category",
    "match",
    "summarize",
]
