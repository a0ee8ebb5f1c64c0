"""What a record of `tinyperson` shows beside its numbers: tables, curves, and what was not found."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from harness.task import Curve, DetailTable, FloatArray
from tasks.detection.coco.metrics import Float, Parameters, by_category
from tasks.detection.coco.tables import missed
from tasks.detection.tinyperson.declaration import RANGES
from tasks.detection.tinyperson.metrics import IOUS, SIZES, Outcomes
from tasks.detection.tinyperson.miss_rate import SETUPS, fppi_points, recalls

HALF: Final = IOUS.index(0.5)


def size_table(outcomes: Outcomes, values: Mapping[str, float | None]) -> DetailTable:
    """Annotations that count, AP and AR of every size range."""
    kinds = [f"{kind}{round(100 * iou)}" for kind in ("AP", "AR") for iou in IOUS]
    counts = outcomes.precision.truth_count.sum(axis=0)
    rows = tuple(
        (size, RANGES[size], int(counts[a]), *(values[f"{kind}_{size}"] for kind in kinds))
        for a, size in enumerate(SIZES)
    )
    return DetailTable(
        name="sizes",
        title="Per size range (empty where no annotation counts)",
        columns=("range", "square root of the area", "annotations", *kinds),
        rows=rows,
    )


def miss_table(outcomes: Outcomes, categories: Sequence[str]) -> DetailTable:
    """What is missed at each of the nine rates of false positives per image, by set-up, IoU and category."""
    ones = np.ones((1, outcomes.misses.n_images), np.uint16)
    rows: list[tuple[str | int | float | None, ...]] = []
    for setup, name in enumerate(SETUPS):
        found = recalls(outcomes, setup, len(categories), len(IOUS), ones)[0]
        for t, iou in enumerate(IOUS):
            for k, category in enumerate(categories):
                misses = [None if recall < 0 else 1 - recall for recall in found[t, :, k].tolist()]
                rows.append((name, iou, category, *misses))
    points = [f"{point:.4g}" for point in fppi_points().tolist()]
    return DetailTable(
        name="misses",
        title="Miss rate at false positives per image (empty where no annotation counts)",
        columns=("set-up", "IoU", "category", *points),
        rows=tuple(rows),
    )


def curves(
    outcomes: Outcomes, precision: Float, chosen: Parameters, categories: Sequence[str]
) -> Sequence[Curve]:  # fmt: skip
    """Precision over recall by size range, miss rate over false positives per image by set-up, both at IoU 0.5."""
    found: list[Curve] = []
    recall = np.array(chosen.recalls)
    for k, category in enumerate(categories):
        suffix, behind = (f"_{k}", f", {category}") if len(categories) > 1 else ("", "")
        for a, size in enumerate(SIZES):
            cells = precision[HALF, :, k, a, 0]
            if cells[0] > -1:
                found.append(
                    Curve(
                        name=f"precision_{size}{suffix}", title=size + behind, x_label="recall", y_label="precision",
                        x=recall, y=np.ascontiguousarray(cells), group="Precision and recall at IoU 0.5",
                    )
                )  # fmt: skip
        for setup, name in enumerate(SETUPS):
            rate, misses = miss_curve(outcomes, setup, k, len(categories))
            if len(rate):
                found.append(
                    Curve(
                        name=f"miss_{name}{suffix}", title=name + behind, x_label="false positives per image",
                        y_label="miss rate", x=rate, y=misses, group="Miss rate at IoU 0.5", log="x",
                    )
                )  # fmt: skip
    return found


def miss_curve(outcomes: Outcomes, setup: int, category: int, n_categories: int) -> tuple[FloatArray, FloatArray]:
    """False positives per image and miss rate down the scores at IoU 0.5; empty where no annotation counts.

    Only the points where the curve turns are given: between them it is straight.
    """
    matches = outcomes.misses
    order, starts = by_category(matches, n_categories)
    rows = order[starts[category] : starts[category + 1]]
    rows = rows[outcomes.kept[rows, setup]]
    total = int(matches.truth_count[matches.truth_category == category, setup].sum())
    if not total or not len(rows):
        return np.empty(0), np.empty(0)
    hit = (matches.positive[rows, setup] >> HALF & 1).astype(np.bool_)
    miss = ~hit & (matches.ignored[rows, setup] >> HALF & 1 == 0)
    hit, miss = hit[hit | miss], miss[hit | miss]
    turns = np.ones(len(hit), np.bool_)
    turns[:-1] = hit[1:] != hit[:-1]
    rate = np.cumsum(miss)[turns] / matches.n_images
    return rate, 1 - np.cumsum(hit)[turns] / total


def missed_tiny(outcomes: Outcomes) -> FloatArray:
    """How many annotations of the range `tiny` no detection finds at IoU 0.5, by image: float64 (images,)."""
    return missed(outcomes.precision, list(SIZES).index("tiny"), HALF)
