"""The tables of a record: every category, and every range of sizes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.task import DetailTable
from tasks.detection.coco.metrics import Float, Int, Matches, Metric, Parameters, mean_of

SIZES: Final = ("all", "small", "medium", "large")


def category_table(
    matches: Matches, precision: Float, recall: Float, parameters: Parameters, names: Sequence[str]
) -> DetailTable:
    """Every category's annotations that count and all metrics, from the cells that `accumulate` gives."""
    counts = np.bincount(matches.truth_category, weights=matches.truth_count[:, 0], minlength=len(names))
    rows = []
    for k, name in enumerate(names):
        cells = precision[:, :, k : k + 1], recall[:, k : k + 1]
        rows.append((name, int(counts[k]), *(mean_of(metric, *cells, parameters) for metric in parameters.metrics)))
    return DetailTable(
        name="categories",
        title="Per category (empty where no annotation of it counts)",
        columns=("category", "annotations", *(metric.name for metric in parameters.metrics)),
        rows=tuple(rows),
    )


def missed(matches: Matches, area: int, threshold: int) -> Float:
    """How many annotations that count no detection finds, by image: float64 (images,).

    `area` and `threshold` are indices of the size range and of the IoU.
    """
    found = _row_sums(matches.positive[:, area] >> threshold & 1, matches.offsets)
    there = _row_sums(matches.truth_count[:, area], matches.truth_offsets)
    return (there - found).astype(np.float64)


def _row_sums(values: NDArray[Any], offsets: Int) -> Int:
    sums: Int = np.diff(np.concatenate([[0], np.cumsum(values, dtype=np.int64)])[offsets])
    return sums


def size_table(matches: Matches, precision: Float, recall: Float, parameters: Parameters) -> DetailTable:
    """Annotations that count, AP, AP50, AP75 and AR at the largest limit, for every range of sizes."""
    shown = (
        Metric(name="AP", kind="precision"),
        Metric(name="AP50", kind="precision", iou=0.5),
        Metric(name="AP75", kind="precision", iou=0.75),
        Metric(name=f"AR{parameters.limits[-1]}", kind="recall"),
    )
    counts = matches.truth_count.sum(axis=0, dtype=np.int64)
    rows = [
        (size, int(counts[area]), *(mean_of(replace(one, area=area), precision, recall, parameters) for one in shown))
        for area, size in enumerate(SIZES)
    ]
    return DetailTable(
        name="sizes",
        title="Per size of the annotation: up to 32² pixels, up to 96², from 96² (empty where none counts)",
        columns=("size", "annotations", *(metric.name for metric in shown)),
        rows=tuple(rows),
    )
