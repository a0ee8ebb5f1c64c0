"""TinyPerson's average precision and recall: COCO's, with other size ranges and limits, and a second chance for what is
left unmatched to lie in an ignored region.

Source: yinglang/huicv, evaluation/expand_cocofmt_eval.py (COCOExpandEval); ucas-vg/TinyBenchmark, tiny_benchmark, the
same rules in cocoeval.py. Accumulating and resampling are COCO's own (`tasks.detection.coco`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.coco.metrics import (
    Detections,
    Float,
    Matches,
    Metric,
    Parameters,
    Truth,
    box_areas,
    count_truth,
    order_by_score,
    outside,
)
from tasks.detection.tinyperson.miss_rate import SETUPS, ignored_in_setups, kept_in_setups, match_setups

_MATCH: Final = Kernel(
    "tiny_match", "int64", "int64", "int64", "float64[]", "int64",
    "int64[]", "int32[]", "float64[]", "uint8[]",
    "int64[]", "int32[]", "float64[]", "float64[]", "uint8[]", "uint8[]", "uint8[]", "uint16[]", "uint16[]",
)  # fmt: skip
IOUS: Final = (0.25, 0.5, 0.75)
SIZES: Final = {
    "all": (1.0, 1e10),
    "tiny": (1.0, 20.0**2),
    "tiny1": (1.0, 8.0**2),
    "tiny2": (8.0**2, 12.0**2),
    "tiny3": (12.0**2, 20.0**2),
    "small": (20.0**2, 32.0**2),
    "reasonable": (32.0**2, 1e10),
}
"""Ranges of an annotation's own area, square pixels, both ends inclusive."""
MOST: Final = 1000
"""Detections per image and category that are matched: the larger of the protocols' limits, and the miss rates' own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyTruth(Truth):
    """Annotations with what TinyPerson says of them beyond COCO's fields."""

    ignore: NDArray[np.bool_]
    uncertain: NDArray[np.bool_]
    side: Float
    """(n,), pixels: the annotation's `size`, else the square root of its area. Miss rates look at this one."""
    visible: Float
    """(n,): the part of the person that is seen; 1 - 1e-12 where it is not said. Miss rates look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The sufficient statistics of every image: the same detections, matched for either kind of number."""

    precision: Matches
    """Over the ranges of `SIZES`."""
    misses: Matches
    """Over the set-ups of `SETUPS`."""
    kept: NDArray[np.bool_]
    """(n, set-ups): whether the set-up looks at the detection at all."""


def metric_names() -> tuple[str, ...]:
    """The names of the 42 numbers in the official order: AP, then AR, for every IoU, for every size range."""
    return tuple(f"{kind}{round(100 * iou)}_{size}" for kind in ("AP", "AR") for iou in IOUS for size in SIZES)


def parameters(limit: int = MOST) -> Parameters:
    """COCO's parameters as TinyPerson sets them, with `limit` detections per image and category."""
    kinds = [("precision", iou, area) for iou in IOUS for area in range(len(SIZES))]
    kinds += [("recall", iou, area) for _, iou, area in kinds]
    metrics = tuple(
        Metric(name=name, kind="precision" if kind == "precision" else "recall", iou=iou, area=area)
        for name, (kind, iou, area) in zip(metric_names(), kinds, strict=True)
    )
    return Parameters(thresholds=IOUS, areas=tuple(SIZES.values()), limits=(limit,), metrics=metrics)


def match(truth: TinyTruth, detections: Detections, *, use_iod: bool = True) -> Outcomes:
    """Match every image's detections to its annotations for both kinds of numbers. Inputs must be finite.

    Without `use_iod` no region excuses what it merely covers; no protocol here does without, it is there to be compared.
    """
    order, rank, offsets = order_by_score(detections.offsets, detections.category, detections.scores, MOST)
    found = Detections(
        offsets=offsets, category=detections.category[order], boxes_xywh=detections.boxes_xywh[order],
        scores=detections.scores[order],
    )  # fmt: skip
    known = _by_category(truth)
    chosen = parameters()
    out_of_range = outside(known.area, chosen) | (known.crowd | known.ignore | known.uncertain)[:, None]
    in_setups = ignored_in_setups(known.side, known.visible, known.ignore | known.uncertain)
    kept = kept_in_setups(found.boxes_xywh)
    rows, categories, counts = count_truth(
        known.offsets, known.category, np.concatenate([out_of_range, in_setups], axis=1)
    )

    def matches(marks: tuple[NDArray[np.uint16], NDArray[np.uint16]], counted: NDArray[np.int32]) -> Matches:
        return Matches(
            offsets=offsets, category=found.category, score=found.scores, rank=rank, positive=marks[0], ignored=marks[1],
            truth_offsets=rows, truth_category=categories, truth_count=np.ascontiguousarray(counted),
        )  # fmt: skip

    return Outcomes(
        precision=matches(_match(known, found, out_of_range, chosen, use_iod), counts[:, : len(SIZES)]),
        misses=matches(match_setups(known, found, in_setups, kept, IOUS), counts[:, -len(SETUPS) :]),
        kept=kept,
    )


def _match(
    truth: TinyTruth, found: Detections, ignored: NDArray[np.bool_], chosen: Parameters, use_iod: bool
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    boxes = found.boxes_xywh
    positive = np.zeros((len(boxes), len(SIZES)), np.uint16)
    skipped = np.zeros_like(positive)
    _MATCH(
        len(found.offsets) - 1, len(SIZES), len(IOUS), np.array(IOUS), use_iod,
        found.offsets, found.category, boxes, outside(box_areas(boxes), chosen).view(np.uint8),
        truth.offsets, truth.category, truth.boxes_xywh, truth.area, truth.crowd.view(np.uint8),
        truth.nameless.view(np.uint8), ignored.view(np.uint8), positive, skipped,
    )  # fmt: skip
    return positive, skipped


def _by_category(truth: TinyTruth) -> TinyTruth:
    """The annotations of every image by category, in file order inside a category."""
    order, _, _ = order_by_score(truth.offsets, truth.category, np.zeros(len(truth.area)), len(truth.area))
    return TinyTruth(
        offsets=truth.offsets,
        **{name: getattr(truth, name)[order] for name in TRUTH_COLUMNS},
    )


TRUTH_COLUMNS: Final = (
    "category", "boxes_xywh", "area", "crowd", "nameless", "ignore", "uncertain", "side", "visible",
)  # fmt: skip
