"""A group of curves as a plot: what it shows, how large it is, its points as CSV, what it is called."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from harness.curves import Curve
from harness.text import csv_bytes
from leaderboard.drawing import FONT_SIZE, POINTS_PER_INCH, WIDTH_IN, drawn_with
from leaderboard.table import json_bytes, unique
from leaderboard.text import clean
from leaderboard.thinning import thinned

STYLE: Final = "curves/2"
MOST_IN_ONE_FRAME: Final = 4
MOST_CURVES: Final = 40
MOST_ROWS: Final = 20_000
"""Rows of a plot's CSV file up to which it has every point."""
LONGEST_LABEL: Final = 28
WIDTH: Final = WIDTH_IN * POINTS_PER_INCH
LEFT, RIGHT, BOTTOM = 58.0, 20.0, 40.0
FRAME_HEIGHT, LEGEND_LINE, HANDLE = 232.0, 17.0, 26.0
COLUMNS, PANEL_HEIGHT, PANEL_PITCH, PANEL_GAP = 4, 68.0, 96.0, 14.0
"""Lengths in points, one 72th of an inch."""


@dataclass(frozen=True, kw_only=True)
class CurvePlot:
    """Curves of one group; all have the labels and the scale of the first."""

    title: str
    curves: tuple[Curve, ...]

    @cached_property
    def kept(self) -> tuple[Curve, ...]:
        """The curves as the CSV file has them: with every point, unless these are too many."""
        return self.curves if self.points <= MOST_ROWS else tuple(thinned(curve, 250) for curve in self.curves)

    @property
    def points(self) -> int:
        """How many points the curves have."""
        return sum(len(curve.x) for curve in self.curves)

    @cached_property
    def name(self) -> str:
        """A file stem that follows from the data, the style and what draws."""
        first = self.curves[0]
        texts = [STYLE, drawn_with(), self.title, first.x_label, first.y_label, first.log]
        digest = hashlib.sha256(json_bytes([*texts, [[c.name, c.title, len(c.x)] for c in self.curves]]))
        for curve in self.kept:
            digest.update(curve.x.astype("<f8").tobytes() + curve.y.astype("<f8").tobytes())
        return digest.hexdigest()[:16]

    @property
    def height(self) -> float:
        """The height of the drawing in points."""
        if len(self.curves) <= MOST_IN_ONE_FRAME:
            return BOTTOM + FRAME_HEIGHT + LEGEND_LINE * len(legend_lines(self.curves)) + 6
        return BOTTOM - 8 + PANEL_PITCH * -(-len(self.curves) // COLUMNS)


def legend_lines(curves: Sequence[Curve]) -> list[list[int]]:
    """The curves, by index, in lines of names as wide as the frame."""
    lines: list[list[int]] = [[]]
    used = 0.0
    for index, curve in enumerate(curves):
        width = legend_width(curve)
        if lines[-1] and used + width > WIDTH - LEFT - RIGHT:
            lines.append([])
            used = 0.0
        lines[-1].append(index)
        used += width
    return lines


def legend_width(curve: Curve) -> float:
    """The width of a curve's name with its stroke, in points."""
    return HANDLE + 24 + 0.56 * FONT_SIZE * len(clean(curve.title, LONGEST_LABEL))


def plot_csv(plot: CurvePlot) -> bytes:
    """The points as CSV: the curve, x, y, every number with all its digits."""
    first = plot.curves[0]
    fields = unique(["curve", clean(first.x_label, 80) or "x", clean(first.y_label, 80) or "y"])
    records = [
        dict(zip(fields, (curve.title or curve.name, x, y), strict=True))
        for curve in plot.kept
        for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True)
    ]
    return csv_bytes(fields, records)


def describe(plot: CurvePlot) -> str:
    """What the plot shows, for those who do not see it."""
    first = plot.curves[0]
    axes = f"{clean(first.y_label, 60) or 'y'} over {clean(first.x_label, 60) or 'x'}"
    stated = [f"{clean(c.title, 40)} {_ends(c)}" for c in plot.curves]
    return f"Line plot, {clean(plot.title, 80)}, {axes}: {'; '.join(stated)}. The CSV file has the numbers."


def _ends(curve: Curve) -> str:
    if not len(curve.x):
        return "has no points"
    (x, y), (u, v) = (curve.x[0], curve.y[0]), (curve.x[-1], curve.y[-1])
    return f"from ({x:.3g}, {y:.3g}) to ({u:.3g}, {v:.3g})"
