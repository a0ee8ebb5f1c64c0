"""What all plots share: palettes, and SVG files that are the same bytes for the same drawing.

One drawing serves both colour schemes: it is drawn in the light palette, and the dark file is the same with its colours
exchanged.
"""

import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from leaderboard.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 7.2
POINTS_PER_INCH = 72
FONT_SIZE = 9.5
INK, SOFT, LINE, ACCENT, GREY, PAPER = "#1d2430", "#4b5565", "#d9dee6", "#0b62a8", "#7a8494", "#fffffe"
SECOND, THIRD, FOURTH = "#b24a00", "#00756a", "#7a3aa6"
DARK = {
    INK: "#e8ecf2", SOFT: "#aab4c3", LINE: "#333c4a", ACCENT: "#6cb6f2", GREY: "#8f9aab", PAPER: "#161b22",
    SECOND: "#f2a35c", THIRD: "#4cc7b5", FOURTH: "#c69cf0",
}  # fmt: skip
RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": ["sans-serif"],
    "font.size": FONT_SIZE,
    "path.simplify": False,
}


@cache
def drawn_with() -> str:
    """The version of what draws, for the names of drawings."""
    from importlib.metadata import version

    return version("matplotlib")


def to_svg(title: str, style: str, height_in: float, paint: Callable[["Figure"], None]) -> tuple[bytes, bytes]:
    """What `paint` draws on a figure of the pages' width, as SVG for a light and for a dark page.

    `style` names the drawing's version; it goes into the ids inside the file.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC | {"svg.hashsalt": style})
        figure = Figure(figsize=(WIDTH_IN, height_in), dpi=POINTS_PER_INCH)
        FigureCanvasSVG(figure)
        paint(figure)
        stream = io.BytesIO()
        figure.savefig(
            stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Title": clean(title)}
        )
    light = stream.getvalue()
    dark = light
    for colour, other in DARK.items():
        dark = dark.replace(colour.encode(), other.encode())
    return light, dark


def set_frame(axes: "Axes") -> None:
    """A light grid behind the data, an axis on the left and beneath, no ticks."""
    axes.grid(True, color=LINE, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(colors=SOFT, length=0, bottom=False, left=False)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(LINE)
