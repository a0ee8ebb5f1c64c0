"""Latencies as spreads: one line a timing, from the least to the 99th percentile, on one host."""

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from harness.text import csv_bytes
from leaderboard.drawing import ACCENT, GREY, INK, PAPER, SOFT, drawn_with, set_frame, to_svg
from leaderboard.numbers import prefixed
from leaderboard.table import json_bytes
from leaderboard.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = "range/2"
LINE_IN, EDGES_IN, LEFT, RIGHT = 0.5, 0.75, 0.03, 0.97
LONGEST = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One timing in milliseconds; what was not measured is None."""

    label: str
    least: float | None
    p50: float
    p90: float | None
    p99: float | None
    stable: bool

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest that were measured."""
        known = [value for value in (self.least, self.p50, self.p90, self.p99) if value is not None]
        return min(known), max(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePlot:
    """The timings of one submission on one host."""

    title: str
    ranges: tuple[Range, ...]

    @property
    def name(self) -> str:
        """A file stem that follows from the data, the style and what draws."""
        return hashlib.sha256(json_bytes([STYLE, drawn_with(), asdict(self)])).hexdigest()[:16]


def range_height(plot: RangePlot) -> float:
    """Height of the drawing in inches."""
    return EDGES_IN + LINE_IN * len(plot.ranges)


def draw_ranges(plot: RangePlot) -> tuple[bytes, bytes]:
    """The drawing as SVG for a light and for a dark page."""
    height = range_height(plot)

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes((LEFT, 0.55 / height, RIGHT - LEFT, 1 - 0.6 / height))
        for line, item in enumerate(plot.ranges):
            _draw(axes, len(plot.ranges) - 1 - line, item)
        _set_axes(axes, plot)

    return to_svg(plot.title, STYLE, height, paint)


def _draw(axes: "Axes", y: int, item: Range) -> None:
    colour = ACCENT if item.stable else GREY
    low, high = item.ends
    axes.plot([low, high], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt", zorder=2)
    if item.p90 is not None:
        axes.plot([item.p50, item.p90], [y, y], color=colour, linewidth=7, solid_capstyle="butt", zorder=3)
    face = colour if item.stable else PAPER
    axes.plot(
        [item.p50], [y], marker="|", markersize=14, markeredgewidth=2.4, color=INK if item.stable else SOFT, zorder=4
    )
    axes.plot(
        [low, high], [y, y], linestyle="", marker="o", markersize=3.5, color=colour, markerfacecolor=face, zorder=3
    )
    note = "" if item.stable else " (not stable)"
    axes.annotate(
        f"{clean(item.label, LONGEST)}{note}", (0.005, y + 0.36), xycoords=("axes fraction", "data"),
        color=INK if item.stable else SOFT, va="center", parse_math=False, zorder=5,
    )  # fmt: skip


def _set_axes(axes: "Axes", plot: RangePlot) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = min(item.ends[0] for item in plot.ranges), max(item.ends[1] for item in plot.ranges)
    if high > 20 * low:
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, high * 1.05)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=(1, 2, 5, 10)))
    axes.xaxis.set_major_formatter(lambda value, place: prefixed(value))
    axes.set_ylim(-0.5, len(plot.ranges) - 0.35)
    axes.yaxis.set_visible(False)
    axes.set_xlabel("milliseconds a sample (less is better)", color=SOFT, parse_math=False)
    set_frame(axes)
    axes.spines["left"].set_visible(False)


def describe(plot: RangePlot) -> str:
    """What the drawing shows, for those who do not see it."""
    stated = [
        f"{clean(item.label, LONGEST)}: from {item.ends[0]:.4g} to {item.ends[1]:.4g} ms, median {item.p50:.4g} ms"
        f"{'' if item.stable else ', not stable'}"
        for item in plot.ranges
    ]
    return f"Spread of latencies, {clean(plot.title, 100)}: {'; '.join(stated)}. The CSV file has the numbers."


def ranges_csv(plot: RangePlot) -> bytes:
    """The numbers as CSV."""
    fields = ["label", "least", "p50", "p90", "p99", "stable"]
    return csv_bytes(fields, [{**asdict(item), "stable": int(item.stable)} for item in plot.ranges])
