"""What is said beside the numbers: counts, what each attack did and took, the gates, the parameters, the classes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.task import DetailTable
from tasks.classification.robustness.flags import DRIFT, OPTIMISES
from tasks.classification.robustness.interface import NOT_ASKED
from tasks.classification.robustness.metrics import STANDS, WRONG, standing

Columns = Mapping[str, NDArray[Any]]
Facts = Mapping[str, Any]
_Cell = str | int | float | bool | None


def count_table(columns: Columns, facts: Facts) -> DetailTable:
    """How many images are right as they are and after each attack, and which images there are."""
    fell, attacks = columns["fell"], facts["attacks"]
    right = standing(fell, len(attacks)).sum(axis=0)
    names = ["as they are", *(f"after {name}" for name in attacks)]
    rows = [(name, int(count), len(fell)) for name, count in zip(names, right, strict=True)]
    return DetailTable(
        name="counts",
        title=f"Images that stand ({facts['selection']})",
        columns=("when", "right", "images"),
        rows=tuple(rows),
    )


def attack_table(columns: Columns, facts: Facts) -> DetailTable:
    """What each attack did, and how many passes it took."""
    rows: list[tuple[_Cell, ...]] = []
    for place, name in enumerate(facts["attacks"]):
        ran = columns["attacked"][:, place] > 0
        found = columns["fell"] == place
        numbers = [_total(columns, key, place, ran) for key in ("forwards", "backwards")]
        per = [None if total is None or not ran.any() else total / int(ran.sum()) for total in numbers]
        rows.append((name, int(ran.sum()), int(found.sum()), *_spread(columns, place, found), *per))
    heads = (
        "attack", "images attacked", "images fooled", "median distance", "largest distance", "forwards an image",
        "backwards an image",
    )  # fmt: skip
    return DetailTable(name="attacks", title="What each attack did", columns=heads, rows=tuple(rows))


def _total(columns: Columns, key: str, place: int, ran: NDArray[np.bool_]) -> float | None:
    return float(columns[key][ran, place].sum()) if key in columns else None


def _spread(columns: Columns, place: int, found: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    if "distance" not in columns or not found.any():
        return None, None
    values = columns["distance"][found, place]
    return float(np.median(values)), float(values.max())


def gate_table(columns: Columns, facts: Facts) -> DetailTable:
    """The evidence behind RobustBench's rules, also where it raises no flag."""
    noted, asked = facts["noted"], int((columns["margin_gradient"] != NOT_ASKED).sum())
    live, twice = OPTIMISES in noted, columns["repeat"] != NOT_ASKED
    rows: list[tuple[_Cell, ...]] = [
        ("images asked twice", int(twice.sum())),
        ("two identical calls differ by, share of the largest logit", _largest(columns["repeat"][twice])),
        ("answers differ from first to last by more than that", (DRIFT in noted) if live else None),
        ("backward passes within one forward pass", noted.get(OPTIMISES)),
        ("outputs are probabilities", bool(columns["softmax"].all())),
        ("attacked images whose gradients were looked at", asked),
        ("of them without a gradient of the margin", int(columns["no_margin_gradient"].sum()) if asked else None),
        ("of them without a gradient of the cross-entropy", int(columns["no_loss_gradient"].sum()) if asked else None),
        ("images that only Square fooled", _square(columns, facts["attacks"])),
    ]
    return DetailTable(
        name="gates", title="Whether these attacks can be trusted here", columns=("what", "found"), rows=tuple(rows)
    )


def _largest(values: NDArray[Any]) -> float | None:
    return float(values.max()) if len(values) else None


def _square(columns: Columns, attacks: Sequence[str]) -> int | None:
    if "square" not in attacks or len(attacks) < 2:
        return None
    return int((columns["fell"] == attacks.index("square")).sum())


def parameter_table(facts: Facts) -> DetailTable:
    """Every parameter of ball and attacks, and the seed."""
    noted = facts["noted"]
    rows: list[tuple[_Cell, ...]] = [("ball", name, _plain(value)) for name, value in facts["ball"].items()]
    for found in noted.get("attacks", ()):
        rows += [
            (str(found.get("attack", "")), name, _plain(value))
            for name, value in sorted(found.items())
            if name != "attack"
        ]
    rows += [("run", name, _plain(noted[name])) for name in ("seed", "backend", "pixels") if name in noted]
    return DetailTable(
        name="parameters",
        title="Parameters of ball and attacks",
        columns=("of", "parameter", "value"),
        rows=tuple(rows),
    )


def _plain(value: Any) -> _Cell:
    return value if isinstance(value, str | int | float | bool) or value is None else json.dumps(value, sort_keys=True)


def class_table(columns: Columns, names: Sequence[str]) -> DetailTable:
    """Clean and robust accuracy of every class that has images, and what its images are most often turned into."""
    rows = []
    for index, name in enumerate(names):
        members = columns["label"] == index
        count = int(members.sum())
        if count:
            fell = columns["fell"][members]
            clean, robust = int((fell != WRONG).sum()), int((fell == STANDS).sum())
            taken = columns["turned_into"][members & (columns["fell"] >= 0) & (columns["fell"] < STANDS)]
            into = names[int(np.bincount(taken).argmax())] if len(taken) else None
            rows.append((name, count, clean, robust, 100 * robust / count, into))
    heads = ("class", "images", "right as they are", "standing", "robust accuracy %", "most often turned into")
    return DetailTable(name="classes", title="Robust accuracy by class", columns=heads, rows=tuple(rows))
