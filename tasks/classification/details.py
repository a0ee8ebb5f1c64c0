"""What is said beside the numbers: counts, classes, reliability, and whether the class map is a wrong one."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.task import Curve, DetailTable
from tasks.classification.metrics import BINS, TOP, bins_of, hits

Columns = Mapping[str, NDArray[Any]]
_LUCK: Final = 5
"""Standard deviations of what chance gives that are still called chance."""
_ENOUGH: Final = 5
"""Images a class from which on the classes can be put together by what was answered."""
_MANY_TIMES: Final = 5
"""As often as now must answers be right under another order: a text order leaves some classes in their places."""


def count_table(statistics: Columns) -> DetailTable:
    """How many images count as right, by each way to count ties."""
    right, n = hits(statistics), len(statistics["better"])
    ways = ("by index", "for the method", "against it")
    rows = []
    for k in TOP:
        if k > statistics["depth"].min():
            continue
        names = (f"top{k}", f"top{k}_optimistic", f"top{k}_pessimistic")
        rows += [(f"top {k}, ties {way}", int(right[name].sum()), n) for name, way in zip(names, ways, strict=True)]
    return DetailTable(
        name="counts", title="Images that count as right", columns=("rule", "right", "images"), rows=tuple(rows)
    )


def class_table(statistics: Columns, names: Sequence[str]) -> DetailTable:
    """Images, right answers and the most frequent wrong answer of every class that has images."""
    labels, predicted = statistics["label"], statistics["predicted"]
    right = hits(statistics)
    order = np.argsort(labels, kind="stable")
    edges = np.searchsorted(labels[order], np.arange(len(names) + 1))
    rows = []
    for index, name in enumerate(names):
        members = order[edges[index] : edges[index + 1]]
        if len(members):
            wrong = predicted[members[~right["top1"][members]]]
            taken = names[int(np.bincount(wrong).argmax())] if len(wrong) else None
            counts = [int(right[f"top{k}"][members].sum()) for k in TOP]
            rows.append((name, len(members), counts[0], 100 * counts[0] / len(members), counts[1], taken))
    columns = ("class", "images", "right", "accuracy %", "among the first 5", "most often taken for")
    return DetailTable(name="classes", title="Accuracy by class", columns=columns, rows=tuple(rows))


def reliability(statistics: Columns) -> Curve | None:
    """Accuracy over confidence in the bins that have images; None where there are no confidences."""
    confidence = statistics["confidence"]
    if np.isnan(confidence).any():
        return None
    bins, right = bins_of(confidence), hits(statistics)["top1"]
    there = [index for index in range(BINS) if (bins == index).any()]
    points = [(confidence[bins == index].mean(), right[bins == index].mean()) for index in there]
    x, y = np.array(points, np.float64).T
    return Curve(
        name="reliability", title=f"Accuracy in {BINS} bins of confidence", x_label="mean confidence", y_label="accuracy",
        x=x, y=y,
    )  # fmt: skip


def map_warnings(statistics: Columns, names: Sequence[str]) -> list[str]:
    """A sentence where few answers are right and another order of the classes makes many of them so."""
    labels, predicted = statistics["label"].astype(np.int64), statistics["predicted"].astype(np.int64)
    n, classes = len(labels), len(names)
    if classes < 2 or n < 2:
        return []
    chance = n / classes
    spread = sqrt(chance * (1 - 1 / classes))
    right = int((labels == predicted).sum())
    by_chance = right <= chance + _LUCK * spread
    orders = _mistakes(classes)
    if by_chance and n >= _ENOUGH * classes:
        # It fits itself to the answers, so that it says nothing where these are right more often than by chance.
        orders.append(
            ("each output meant the class for which it is given most often", _fitted(labels, predicted, classes))
        )
    found = [(int((order[predicted] == labels).sum()), what) for what, order in orders]
    # A simple mistake that explains nearly as much as the fitted order is the better guess.
    fitting, what = next(one for one in found if one[0] >= 0.9 * max(found)[0])
    if fitting <= max(chance + 2 * _LUCK * spread, _MANY_TIMES * max(right, 1)):
        return []
    said = ", as by chance," if by_chance else ","
    return [
        f"the class map is probably wrong: {right} of {n} images are right{said} but {fitting} would be if "
        f"{what}; declare what each output means with --class-map"
    ]


def _mistakes(classes: int) -> list[tuple[str, NDArray[np.int64]]]:
    """Mistakes that people make, as what each predicted class would then mean."""
    indices = np.arange(classes)
    as_text = np.array(sorted(range(classes), key=str), np.int64)
    return [
        ("every index were one less (a background class comes first)", np.roll(indices, 1)),
        ("every index were one more (indices that begin at 1)", np.roll(indices, -1)),
        ("the classes had been sorted as text (0, 1, 10, 100, ...)", as_text),
        ("the outputs were the text order of the numbers", np.argsort(as_text)),
        ("the order were reversed", indices[::-1]),
    ]


def _fitted(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """For every predicted class the one for which it is given most often."""
    together = np.bincount(predicted * classes + labels, minlength=classes * classes).reshape(classes, classes)
    most: NDArray[np.int64] = together.argmax(axis=1)
    return most
