"""The tables of a record: every category, and every range of sizes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from harness.task import DetailTable
from tasks.detection.coco.metrics import Float, Matches, Metric, Parameters, mean_of

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
