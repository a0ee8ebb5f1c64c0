"""What stands beside the numbers: accuracy by split letter, size and length of sentence; the hardest sentences; a curve."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from harness.columns import Table
from harness.task import Curve, DetailTable
from tasks.referring.metrics import Answers, Bool, Float, box_ious, mask_ious
from tasks.referring.protocols import Rule

HARDEST: Final = 20
SIZES: Final = (("area up to 32²", 0.0, 32.0**2), ("32² to 96²", 32.0**2, 96.0**2), ("above 96²", 96.0**2, np.inf))
LENGTHS: Final = (("1 to 2 words", 1, 2), ("3 to 5 words", 3, 5), ("6 words and more", 6, 1 << 30))


def answers_of(table: Table) -> Answers:
    """The statistics as the metrics take them."""
    return Answers(
        boxes_xyxy=table.dense("box_xyxy"),
        truth_xyxy=table.dense("truth_xyxy"),
        has_box=table.dense("has_box"),
        has_mask=table.dense("has_mask"),
        intersection={kind: table.dense(f"intersection_{kind}") for kind in ("once", "any")},
        union={kind: table.dense(f"union_{kind}") for kind in ("once", "any")},
    )


def ious(answers: Answers, rule: Rule) -> Iterator[tuple[str, Float]]:
    """What the rule compares and somebody answered: ``box`` and ``mask``, with every sentence's IoU; unanswered is 0."""
    if rule.boxes and answers.has_box.any():
        yield "box", np.nan_to_num(box_ious(answers, rule))
    if rule.masks is not None and answers.has_mask.any():
        yield "mask", mask_ious(answers, rule.masks)


def sentences(table: Table) -> list[str]:
    """The text of every sentence."""
    column = table.ragged("sentence")
    return [column.row(index).tobytes().decode("utf-8", "replace") for index in range(len(table))]


def groups(table: Table, rule: Rule) -> DetailTable:
    """Shares of IoU >= 0.5 and mean IoUs by split, size of object and length of sentence."""
    found = list(ious(answers_of(table), rule))
    columns = [f"{what}: {kind}" for what, _ in found for kind in ("IoU at least 0.5", "mean IoU")]
    rows: list[tuple[str | int | float, ...]] = []
    for name, chosen in _groups(table):
        count = int(np.count_nonzero(chosen))
        if count:
            numbers = [number for _, column in found for number in _summary(column[chosen])]
            rows.append((name, count, *numbers))
    return DetailTable(
        name="groups", title="Kinds of sentences", columns=("group", "sentences", *columns), rows=tuple(rows)
    )


def _summary(column: Float) -> tuple[float, float]:
    return float(np.mean(column >= 0.5)), float(np.mean(column))


def _groups(table: Table) -> Iterator[tuple[str, Bool]]:
    part, area = table.dense("part"), table.dense("area")
    for name in np.unique(part).tolist():
        if name:
            yield f"split {name}", part == name
    for name, low, high in SIZES:
        yield name, (area > low if low else area >= 0) & (area <= high)
    words = np.array([len(text.split()) for text in sentences(table)], np.int64)
    for name, least, most in LENGTHS:
        yield name, (words >= least) & (words <= most)


def hardest(table: Table, rule: Rule) -> DetailTable:
    """The sentences that were answered worst, with their words."""
    found = list(ious(answers_of(table), rule))
    rows: list[tuple[str, str, float]] = []
    if found:
        column, texts = found[0][1], sentences(table)
        first = np.argsort(column, kind="stable")[:HARDEST]
        rows = [(table.ids[i], _printable(texts[i]), float(column[i])) for i in first.tolist() if column[i] < 1]
    return DetailTable(
        name="hardest", title="Sentences with the lowest IoU", columns=("sentence", "words", "IoU"), rows=tuple(rows)
    )


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]


def curves(table: Table, rule: Rule) -> Sequence[Curve]:
    """The share of sentences whose IoU reaches a threshold, over the threshold."""
    thresholds = np.arange(101) / 100
    return [
        Curve(
            name=what,
            title=f"{what}es" if what == "box" else f"{what}s",
            x_label="IoU",
            y_label="share of sentences that reach it",
            x=thresholds,
            y=np.array([float(np.mean(column >= threshold)) for threshold in thresholds]),
            group="Sentences by IoU",
        )
        for what, column in ious(answers_of(table), rule)
    ]
