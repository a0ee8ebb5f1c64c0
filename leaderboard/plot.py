"""Score against latency, energy, cost or time. Provenance is told by shape, stability by fill; colour only repeats them."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from harness.text import csv_bytes
from leaderboard.drawing import ACCENT, FONT_SIZE, GREY, INK, PAPER, SOFT, drawn_with, set_frame, to_svg
from leaderboard.labels import Box, place
from leaderboard.numbers import prefixed
from leaderboard.table import json_bytes
from leaderboard.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = "scatter/4"
HEIGHT_IN = 4.2
FRAME = (0.115, 0.135, 0.87, 0.845)
"""Left, bottom, width, height of the axes as shares of the figure; fixed, since fitting them draws everything three times."""
LONGEST_LABEL = 28
MOST_LABELS = 24
Ends = tuple[float, float]
MARKERS = {"measured": "o", "verified": "D", "disputed": "x", "scored": "s", "reported": "^"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One result at `x` (milliseconds, joules, a count, a year); bounds are None where there is no interval."""

    id: str
    label: str
    x: float
    x_low: float | None = None
    x_high: float | None = None
    score: float
    score_low: float | None
    score_high: float | None
    provenance: str
    stable: bool
    """Whether x may be believed as it stands; else the point is hollow."""
    ranked: bool
    """Whether score and x are both compared; only these may lie on the frontier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Score against something of which less is better (with `kind` time: which came earlier)."""

    title: str
    score_title: str
    higher_is_better: bool
    points: tuple[Point, ...]
    x_title: str
    """With its unit: "median latency of one forward pass, ms"."""
    kind: Literal["cost", "time"] = "cost"

    @property
    def name(self) -> str:
        """A file stem that follows from the data, the style and what draws."""
        content = json_bytes([STYLE, drawn_with(), asdict(self)])
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def frontier(self) -> list[Point]:
        """Ranked points that no other ranked point beats in both, from the least x; in time: what was best when it came."""
        sign = 1.0 if self.higher_is_better else -1.0
        found: list[Point] = []
        for point in sorted(
            (p for p in self.points if p.ranked and p.stable), key=lambda p: (p.x, -sign * p.score, p.id)
        ):
            if not found or sign * point.score > sign * found[-1].score:
                found.append(point)
        return found


def points_csv(scatter: Scatter) -> bytes:
    """The points as CSV, every number with all its digits, with whether they lie on the frontier."""
    best = {point.id for point in scatter.frontier}
    fields = [
        "record",
        "submission",
        "x",
        "x_low",
        "x_high",
        "score",
        "score_low",
        "score_high",
        "provenance",
        "frontier",
    ]
    rows = [
        dict(zip(fields, (
            p.id, p.label, p.x, p.x_low, p.x_high, p.score, p.score_low, p.score_high, p.provenance, int(p.id in best),
        ), strict=True))
        for p in scatter.points
    ]  # fmt: skip
    return csv_bytes(fields, rows)


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
    """Points that look alike are drawn together: matplotlib takes ten times as long for each by itself."""
    best = {point.id for point in scatter.frontier}
    alike: dict[tuple[object, ...], list[Point]] = {}
    for point in scatter.points:
        look = (point.id in best, point.stable, point.provenance, *map(bool, (_x_error(point), _y_error(point))))
        alike.setdefault(look, []).append(point)
    for points in alike.values():
        _draw_alike(axes, points, is_best=points[0].id in best)


def _draw_alike(axes: "Axes", points: Sequence[Point], *, is_best: bool) -> None:
    first = points[0]
    colour = ACCENT if first.stable else GREY
    axes.errorbar(
        [point.x for point in points],
        [point.score for point in points],
        xerr=_errors([_x_error(point) for point in points]),
        yerr=_errors([_y_error(point) for point in points]),
        fmt=MARKERS.get(first.provenance, "s"),
        markersize=8.5 if is_best else 6.5,
        color=colour,
        markerfacecolor=colour if first.stable and first.provenance != "reported" else PAPER,
        markeredgewidth=1.4,
        elinewidth=1.1,
        capsize=2.5,
        zorder=4 if is_best else 3,
    )


def _x_error(point: Point) -> Ends | None:
    return _error(point.x, point.x_low, point.x_high)


def _y_error(point: Point) -> Ends | None:
    return _error(point.score, point.score_low, point.score_high)


def _error(value: float, low: float | None, high: float | None) -> Ends | None:
    """How far an interval reaches below and above its value."""
    return None if low is None or high is None else (max(0.0, value - low), max(0.0, high - value))


def _errors(ends: Sequence[Ends | None]) -> list[tuple[float, ...]] | None:
    """Of points that all have an interval, or all have none: the reaches below and those above, as matplotlib takes them."""
    return list(zip(*[item for item in ends if item], strict=True)) or None


def _draw_frontier(axes: "Axes", scatter: Scatter) -> None:
    frontier = scatter.frontier
    if len(frontier) > 1:
        x, y = [point.x for point in frontier], [point.score for point in frontier]
        axes.step(x, y, where="post", color=SOFT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)


def _set_axes(axes: "Axes", scatter: Scatter) -> None:
    axes.margins(x=0.22, y=0.2)
    if scatter.kind == "time":
        _set_years(axes, [point.x for point in scatter.points])
    elif (least := min(p.x for p in scatter.points)) > 0 and max(p.x for p in scatter.points) > 4 * least:
        _set_log(axes)
    else:
        axes.xaxis.set_major_formatter(lambda value, place: prefixed(value))
    axes.set_xlabel(f"{clean(scatter.x_title, 80)}{'' if scatter.kind == 'time' else ' (less is better)'}",
                    color=SOFT, parse_math=False)  # fmt: skip
    direction = "more" if scatter.higher_is_better else "less"
    axes.set_ylabel(f"{clean(scatter.score_title, 60)} ({direction} is better)", color=SOFT, parse_math=False)
    set_frame(axes)


def _set_log(axes: "Axes") -> None:
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log")
    axes.autoscale_view()
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,), numticks=12))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda value, place: prefixed(value))


def _set_years(axes: "Axes", years: Sequence[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    room = max(0.5, 0.2 * (max(years) - min(years)))
    axes.set_xlim(min(years) - room, max(years) + room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.xaxis.set_major_formatter(lambda value, place: f"{value:.0f}")


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
                (point.x, point.score),
                xytext=spot.offset,
                textcoords="offset points",
                ha=spot.align,
                va="center",
                color=INK if point.stable else SOFT,
                parse_math=False,
                zorder=4,
            )


def _centre(axes: "Axes", point: Point) -> tuple[float, float]:
    x, y = axes.transData.transform((point.x, point.score))
    return float(x), float(y)


def describe(scatter: Scatter) -> str:
    """What the plot shows, for those who do not see it."""
    best = {point.id for point in scatter.frontier}
    stated = [
        f"{clean(p.label, 60)} {p.score:.4g} at {_written(scatter, p.x)}{_remark(p, best)}" for p in scatter.points[:12]
    ]
    more = f"; and {len(scatter.points) - 12} more" if len(scatter.points) > 12 else ""
    against = f"{clean(scatter.score_title, 60)} over {clean(scatter.x_title, 80)}"
    return f"Scatter plot, {clean(scatter.title)}, {against}: {'; '.join(stated)}{more}. The CSV file has every value."


def _written(scatter: Scatter, x: float) -> str:
    return f"{x:.1f}" if scatter.kind == "time" else prefixed(x)


def _remark(point: Point, best: set[str]) -> str:
    found = [*(["on the frontier"] if point.id in best else []), *([] if point.stable else ["not stable"])]
    return f" ({', '.join(found)})" if found else ""
