"""Drawing a group of curves: up to four in one frame, told apart by dashes, more in a panel each.

Twenty lines in one frame cannot be told apart; twenty panels with the same axes can be compared at a glance.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.curves import Curve
from leaderboard.curve_plot import (
    BOTTOM,
    COLUMNS,
    FRAME_HEIGHT,
    HANDLE,
    LEFT,
    LEGEND_LINE,
    LONGEST_LABEL,
    MOST_IN_ONE_FRAME,
    PANEL_GAP,
    PANEL_HEIGHT,
    PANEL_PITCH,
    RIGHT,
    STYLE,
    WIDTH,
    CurvePlot,
    legend_lines,
    legend_width,
)  # fmt: skip
from leaderboard.drawing import ACCENT, FONT_SIZE, FOURTH, INK, POINTS_PER_INCH, SECOND, SOFT, THIRD, set_frame, to_svg
from leaderboard.text import clean
from leaderboard.thinning import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INKS: Final = (ACCENT, SECOND, THIRD, FOURTH)
DASHES: Final[tuple[tuple[float, ...], ...]] = ((), (5, 2), (1.5, 1.5), (7, 2, 1.5, 2))


def draw(plot: CurvePlot) -> tuple[bytes, bytes]:
    """The plot as SVG for a light and for a dark page."""
    return to_svg(plot.title, STYLE, plot.height / POINTS_PER_INCH, lambda figure: _paint(figure, plot))


def _paint(figure: "Figure", plot: CurvePlot) -> None:
    limits = [_limits(plot, axis) for axis in ("x", "y")]
    if len(plot.curves) <= MOST_IN_ONE_FRAME:
        axes = _axes(figure, plot, (LEFT, BOTTOM, WIDTH - LEFT - RIGHT, FRAME_HEIGHT), limits)
        for curve, ink, dashes in zip(plot.curves, INKS, DASHES, strict=False):
            _draw_line(axes, thinned(curve, 250), ink, dashes)
        _draw_legend(figure, plot)
    else:
        _draw_panels(figure, plot, limits)
    first, (down, up) = plot.curves[0], (BOTTOM, plot.height)
    _write(figure, plot, clean(first.x_label, 80), ((LEFT + WIDTH - RIGHT) / 2, 8), va="bottom")
    _write(figure, plot, clean(first.y_label, 60), (8, (down + up) / 2), rotation=90, va="center")


def _write(figure: "Figure", plot: CurvePlot, text: str, at: tuple[float, float], **how: Any) -> None:
    x, y = at[0] / WIDTH, at[1] / plot.height
    figure.text(x, y, text, color=SOFT, parse_math=False, **({"ha": "center"} | how))


def _axes(
    figure: "Figure", plot: CurvePlot, box: tuple[float, float, float, float], limits: Sequence[tuple[float, float]]
) -> "Axes":
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    left, bottom, width, height = box
    axes = figure.add_axes((left / WIDTH, bottom / plot.height, width / WIDTH, height / plot.height))
    log = plot.curves[0].log
    for name, axis, (low, high), length in zip("xy", (axes.xaxis, axes.yaxis), limits, (width, height), strict=True):
        if name in log:
            axis.axes.set(**{f"{name}scale": "log"})
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 100 * low else (1.0,)))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        else:
            axis.set_major_locator(MaxNLocator(6 if length > 150 else 2, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axes.set(**{f"{name}lim": (low, high)})
    set_frame(axes)
    axes.tick_params(which="minor", length=0)
    return axes


def _limits(plot: CurvePlot, axis: str) -> tuple[float, float]:
    """From the least to the largest value that is drawn; shares from 0 to 1, counts from 0."""
    values: NDArray[np.float64] = np.concatenate([getattr(curve, axis) for curve in plot.curves])
    log = axis in plot.curves[0].log
    # Half of the least normal number is still one; of a smaller one it may be 0.
    values = values[values > 1e-300] if log else values
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.1, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    if log:
        return low, high
    if low >= 0 and high <= 1:
        return 0.0, 1.0 if axis == "x" else 1.02
    margin = 0.03 * (high - low)
    return (0.0 if 0 <= low < 0.2 * high else low - margin), high + margin


def _draw_line(axes: "Axes", curve: Curve, ink: str, dashes: tuple[float, ...] = ()) -> None:
    shown = np.ones(len(curve.x), np.bool_)
    for axis in curve.log:
        shown &= getattr(curve, axis) > 0
    if not shown.any():
        axes.text(0.5, 0.5, "no points", transform=axes.transAxes, ha="center", va="center", color=SOFT)
        return
    style: Any = (0, dashes) if dashes else "solid"
    marker = "o" if shown.sum() == 1 else None
    axes.plot(
        curve.x[shown], curve.y[shown], color=ink, linewidth=1.5, linestyle=style, marker=marker, zorder=3,
        solid_joinstyle="round",
    )  # fmt: skip


def _draw_legend(figure: "Figure", plot: CurvePlot) -> None:
    from matplotlib.lines import Line2D

    for row, line in enumerate(legend_lines(plot.curves)):
        x, y = LEFT, plot.height - LEGEND_LINE * (row + 0.5) - 2
        for index in line:
            ends = [x / WIDTH, (x + HANDLE) / WIDTH]
            style: Any = (0, DASHES[index]) if DASHES[index] else "solid"
            handle = Line2D(ends, [y / plot.height] * 2, color=INKS[index], linewidth=1.5, linestyle=style)
            figure.add_artist(handle)
            text = clean(plot.curves[index].title, LONGEST_LABEL)
            at = (x + HANDLE + 5) / WIDTH, y / plot.height
            figure.text(*at, text, color=INK, ha="left", va="center_baseline", parse_math=False)
            x += legend_width(plot.curves[index])


def _draw_panels(figure: "Figure", plot: CurvePlot, limits: Sequence[tuple[float, float]]) -> None:
    width = (WIDTH - LEFT - RIGHT + PANEL_GAP) / COLUMNS - PANEL_GAP
    count = len(plot.curves)
    for index, curve in enumerate(plot.curves):
        row, column = divmod(index, COLUMNS)
        bottom = plot.height - PANEL_PITCH * row - PANEL_HEIGHT - 18
        axes = _axes(figure, plot, (LEFT + column * (width + PANEL_GAP), bottom, width, PANEL_HEIGHT), limits)
        axes.tick_params(labelsize=8, labelleft=column == 0, labelbottom=index + COLUMNS >= count)
        title = clean(curve.title, int(width / (0.56 * FONT_SIZE)))
        axes.text(
            0, 1.06, title, transform=axes.transAxes, color=INK, fontsize=9, ha="left", va="bottom", parse_math=False
        )
        _draw_line(axes, thinned(curve, 100), ACCENT)
