"""The accuracy-latency plot. Provenance is told by shape, stability by fill; colour only repeats them."""

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from leaderboard.drawing import ACCENT, FONT_SIZE, GREY, INK, PAPER, SOFT, set_frame, to_svg
from leaderboard.labels import Box, place
from leaderboard.table import json_bytes
from leaderboard.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = "scatter/2"
HEIGHT_IN = 4.2
FRAME = (0.115, 0.135, 0.87, 0.845)
"""Left, bottom, width, height of the axes as shares of the figure; fixed, since fitting them draws everything three times."""
LONGEST_LABEL = 28
MOST_LABELS = 24
MARKERS = {"measured": "o", "verified": "D", "disputed": "x"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One result. Latency in milliseconds; bounds are None where there is no interval."""

    id: str
    label: str
    latency_ms: float
    latency_low: float | None
    latency_high: float | None
    score: float
    score_low: float | None
    score_high: float | None
    provenance: str
    stable: bool
    ranked: bool
    """Whether score and speed are both compared; only these may lie on the frontier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Score against latency on one host."""

    title: str
    score_title: str
    higher_is_better: bool
    points: tuple[Point, ...]
    timed: str = "forward pass"
    """What one latency is of."""

    @property
    def name(self) -> str:
        """A file stem that follows from the data, the style and what draws."""
        from importlib.metadata import version

        content = json_bytes([STYLE, version("matplotlib"), asdict(self)])
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def frontier(self) -> list[Point]:
        """Ranked points that no other ranked point beats in both score and latency, fastest first."""
        sign = 1.0 if self.higher_is_better else -1.0
        found: list[Point] = []
        for point in sorted(
            (p for p in self.points if p.ranked and p.stable), key=lambda p: (p.latency_ms, -sign * p.score, p.id)
        ):
            if not found or sign * point.score > sign * found[-1].score:
                found.append(point)
        return found


def draw(scatter: Scatter) -> tuple[bytes, bytes]:
    """The plot as SVG for a light and for a dark page."""

    def paint(figure: "Figure") -> None:
        axes = figure.add_axes(FRAME)
        _draw_points(axes, scatter)
        _draw_frontier(axes, scatter)
        _set_axes(axes, scatter)
        _draw_labels(axes, scatter)

    return to_svg(scatter.title, STYLE, HEIGHT_IN, paint)


def _draw_points(axes: "Axes", scatter: Scatter) -> None:
    for point in scatter.points:
        colour = ACCENT if point.stable else GREY
        axes.errorbar(
            [point.latency_ms],
            [point.score],
            xerr=_error(point.latency_ms, point.latency_low, point.latency_high),
            yerr=_error(point.score, point.score_low, point.score_high),
            fmt=MARKERS.get(point.provenance, "s"),
            markersize=7,
            color=colour,
            markerfacecolor=colour if point.stable else PAPER,
            markeredgewidth=1.4,
            elinewidth=1.1,
            capsize=2.5,
            zorder=3,
        )


def _error(value: float, low: float | None, high: float | None) -> Any:
    return None if low is None or high is None else [[max(0.0, value - low)], [max(0.0, high - value)]]


def _draw_frontier(axes: "Axes", scatter: Scatter) -> None:
    frontier = scatter.frontier
    if len(frontier) > 1:
        x, y = [point.latency_ms for point in frontier], [point.score for point in frontier]
        axes.step(x, y, where="post", color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)


def _set_axes(axes: "Axes", scatter: Scatter) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    latencies = [point.latency_ms for point in scatter.points]
    axes.margins(x=0.22, y=0.2)
    if min(latencies) > 0 and max(latencies) > 4 * min(latencies):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        plain = ScalarFormatter()
        plain.set_scientific(False)
        axes.xaxis.set_major_formatter(plain)
    label = f"median latency of one {clean(scatter.timed, 30)}, ms (less is better)"
    axes.set_xlabel(label, color=SOFT, parse_math=False)
    direction = "more" if scatter.higher_is_better else "less"
    axes.set_ylabel(f"{clean(scatter.score_title, 60)} ({direction} is better)", color=SOFT, parse_math=False)
    set_frame(axes)


def _draw_labels(axes: "Axes", scatter: Scatter) -> None:
    """Names beside their points where there is room for them; the table beneath names them all."""
    axes.get_xlim(), axes.get_ylim()  # the limits are computed when they are asked for
    frame = axes.get_window_extent()
    named = scatter.points if len(scatter.points) <= MOST_LABELS else scatter.frontier
    centres = {point: _centre(axes, point) for point in scatter.points}
    texts = [clean(point.label, LONGEST_LABEL) for point in named]
    bounds = Box(frame.x0, frame.y0, frame.x1, frame.y1)
    spots = place([centres[point] for point in named], texts, list(centres.values()), bounds, FONT_SIZE)
    for point, text, spot in zip(named, texts, spots, strict=True):
        if spot is not None:
            axes.annotate(
                text,
                (point.latency_ms, point.score),
                xytext=spot.offset,
                textcoords="offset points",
                ha=spot.align,
                va="center",
                color=INK if point.stable else SOFT,
                parse_math=False,
                zorder=4,
            )


def _centre(axes: "Axes", point: Point) -> tuple[float, float]:
    x, y = axes.transData.transform((point.latency_ms, point.score))
    return float(x), float(y)


def describe(scatter: Scatter) -> str:
    """What the plot shows, for those who do not see it."""
    stated = [
        f"{clean(p.label, 60)} {p.score:.4g} at {p.latency_ms:.4g} ms{'' if p.stable else ' (unstable)'}"
        for p in scatter.points[:12]
    ]
    more = f"; and {len(scatter.points) - 12} more" if len(scatter.points) > 12 else ""
    return f"Scatter plot, {clean(scatter.title)}: {'; '.join(stated)}{more}. The table beneath has every value."
