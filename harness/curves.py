"""Curves beside the numbers: precision over recall, true positives over false ones; checked, stored and read back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table

NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")
LONGEST_TEXT: Final = 200
_TEXTS: Final = ("title", "x_label", "y_label", "group", "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One curve of one protocol, with every point that the protocol computes. `x` and `y` are float64 (n,), all finite."""

    name: str
    """Letters, digits, ``_``, ``-`` and ``.``; unique among the curves of one protocol."""
    title: str
    """What tells it from the others of its group, for people: ``aeroplane``, ``Easy``."""
    x_label: str
    y_label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    group: str = ""
    """Curves of one group are shown together and share their labels and axes; its text is the heading."""
    log: str = ""
    """The axes that people draw logarithmic: ``""``, ``"x"``, ``"y"`` or ``"xy"``; points at 0 are then kept, not drawn."""


def check_curves(curves: Sequence[Curve]) -> None:
    """Raise ValueError, naming the curve, unless all are what `Curve` says and no two have one name."""
    names: set[str] = set()
    for curve in curves:
        if not NAME.fullmatch(curve.name):
            raise ValueError(f"a curve has the name {ascii(curve.name)[:100]}, not letters, digits, _, - and .")
        if curve.name in names:
            raise ValueError(f"two curves have the name {curve.name}")
        names.add(curve.name)
        for field in _TEXTS:
            text = getattr(curve, field)
            if not text.isprintable() or len(text) > LONGEST_TEXT:
                raise ValueError(
                    f"the {field} of curve {curve.name} is not one line of at most {LONGEST_TEXT} characters"
                )
        if curve.log not in ("", "x", "y", "xy"):
            raise ValueError(f"log of curve {curve.name} is {curve.log!r}, none of '', 'x', 'y', 'xy'")
        _check_points(curve)


def _check_points(curve: Curve) -> None:
    for axis, values in (("x", curve.x), ("y", curve.y)):
        if values.dtype != np.float64 or values.ndim != 1:
            raise ValueError(
                f"{axis} of curve {curve.name} is {values.dtype} of shape {values.shape}, not float64 (n,)"
            )
        if not np.isfinite(values).all():
            raise ValueError(f"{axis} of curve {curve.name} has a value that is not finite")
    if len(curve.x) != len(curve.y):
        raise ValueError(f"curve {curve.name} has {len(curve.x)} values of x and {len(curve.y)} of y")


def curve_table(curves: Mapping[str, Sequence[Curve]]) -> Table:
    """The curves of every protocol as one table, a curve a row, in the order given; ids are ``PROTOCOL/NAME``."""
    listed = [(protocol, curve) for protocol, found in curves.items() for curve in found]
    offsets = np.cumsum([0, *[len(curve.x) for _, curve in listed]], dtype=np.int64)
    texts = {field: np.array([getattr(curve, field) for _, curve in listed], np.str_) for field in _TEXTS}
    points = {
        axis: Ragged(np.concatenate([np.empty(0), *[getattr(curve, axis) for _, curve in listed]]), offsets)
        for axis in ("x", "y")
    }
    return Table(tuple(f"{protocol}/{curve.name}" for protocol, curve in listed), {**texts, **points})


def table_curves(table: Table) -> dict[str, list[Curve]]:
    """Protocol -> its curves, from a table that `curve_table` made; raises ValueError or LookupError for another one."""
    texts = {field: table.dense(field) for field in _TEXTS}
    if any(column.dtype.kind != "U" or column.ndim != 1 for column in texts.values()):
        raise ValueError("the titles of its curves are no text")
    x, y = table.ragged("x"), table.ragged("y")
    found: dict[str, list[Curve]] = {}
    for index, id in enumerate(table.ids):
        protocol, _, name = id.rpartition("/")
        stated = {field: str(column[index]) for field, column in texts.items()}
        found.setdefault(protocol, []).append(Curve(name=name, x=x.row(index), y=y.row(index), **stated))
    for curves in found.values():
        check_curves(curves)
    return found
