"""What stands beside the numbers: the table of classes, and each class's curve."""

import re
from collections.abc import Sequence

import numpy as np

from harness.columns import Table
from harness.task import Curve, DetailTable
from tasks.detection.average_precision import envelope
from tasks.detection.voc.metrics import Float, Ranked, average_precisions, precision_recall
from tasks.detection.voc.rules import Rules
from tasks.detection.voc.statistics import per_category


def class_table(table: Table, ranked: Ranked, categories: Sequence[str], rules: Rules) -> DetailTable:
    """Objects, detections and AP of every class, at each of the metrics' thresholds, to the last digit."""
    aps = average_precisions(ranked, rules)
    difficult = per_category(table, "truth_difficult", len(categories))
    rows = []
    for k, name in enumerate(categories):
        each = [float(np.mean(aps[:, k]) if t < 0 else aps[t, k]) for t in rules.metrics.values()]
        counts = int(ranked.n_truth[k]), int(difficult[k]), int(ranked.starts[k + 1] - ranked.starts[k])
        rows.append((name, *counts, *(None if np.isnan(ap) else ap for ap in each)))
    names = (name.replace("mAP", "AP") for name in rules.metrics)
    return DetailTable(
        name="classes",
        title="Per class (AP empty where no object counts)",
        columns=("class", "objects", "difficult", "detections", *names),
        rows=tuple(rows),
    )


def class_curves(ranked: Ranked, categories: Sequence[str]) -> list[Curve]:
    """The precision envelope of every class over recall at the first threshold, the corners of its stairs."""
    curves = []
    for k, (name, title) in enumerate(zip(_curve_names(categories), categories, strict=True)):
        if ranked.n_truth[k] == 0:
            continue
        x, y = stairs(*precision_recall(ranked, k, 0))
        curves.append(
            Curve(name=name, title=title, x_label="recall", y_label="precision", x=x, y=y, group="IoU 0.50, per class")
        )
    return curves


def stairs(recall: Float, precision: Float) -> tuple[Float, Float]:
    """Where the envelope of precision over recall changes: both ends of every level, float64 (n,) twice."""
    rises = np.flatnonzero(np.diff(recall, prepend=0.0))
    recall, level = recall[rises], envelope(precision)[rises] if len(rises) else precision[:0]
    last = np.flatnonzero(np.append(level[1:] != level[:-1], True)) if len(level) else rises
    ends = recall[last]
    begins = np.concatenate([[0.0], ends])[: len(ends)]
    return np.stack([begins, ends], 1).reshape(-1), np.repeat(level[last], 2)


def _curve_names(categories: Sequence[str]) -> list[str]:
    """Names that a curve may have: the class's, where it is plain and unique."""
    plain = [re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:60] for name in categories]
    return [name if plain.count(name) == 1 else f"{name}.{k}" for k, name in enumerate(plain)]
