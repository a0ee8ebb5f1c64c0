"""A badge: one result as a small SVG for a README, with the board's name, the score and where it comes from."""

from xml.sax.saxutils import escape

from harness.record import Record
from harness.summary import method_name
from leaderboard.boards import Board
from leaderboard.cells import SHAPES
from leaderboard.naming import board_title
from leaderboard.numbers import metric_cell
from leaderboard.standings import Standings
from leaderboard.text import clean, name

HEIGHT = 20
FONT_SIZE = 11
LETTER = 6.6
"""Widest usual letter at this size; the text is fitted to its box, so that any font will do."""
PADDING = 7
LABEL_FILL, VALUE_FILL = "#2b3442", "#0a5596"
LONGEST_LABEL, LONGEST_VALUE = 48, 60


def badge(record: Record, board: Board, found: Standings) -> bytes:
    """The badge of one result. The rank is a range, and a result without a rank says so."""
    rank = found.ranges.get(record.id)
    task = record.task
    label = clean(f"{name(task.title or task.id)}, {name(task.split)}", LONGEST_LABEL)
    score = metric_cell(record.main, "nothing was scored").text
    place = f"rank {rank}" if rank else "not ranked"
    parts = (f"{name(task.main_metric)} {score}", place, f"{SHAPES[record.provenance]} {record.provenance}")
    title = f"{name(method_name(record))} on {board_title(board)}: {', '.join(parts)}"
    return _svg(label, clean(" · ".join(parts), LONGEST_VALUE), clean(title, 400))


def _svg(label: str, value: str, title: str) -> bytes:
    left, right = _width(label), _width(value)
    texts = "".join(
        f'<text x="{x + PADDING}" y="14" textLength="{width - 2 * PADDING}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(text)}</text>"
        for x, width, text in ((0, left, label), (left, right, value))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
        f'aria-labelledby="t"><title id="t">{escape(title)}</title>'
        f'<rect width="{left}" height="{HEIGHT}" fill="{LABEL_FILL}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{VALUE_FILL}"/>'
        f'<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{FONT_SIZE}">{texts}</g></svg>\n'
    ).encode("utf-8", "replace")


def _width(text: str) -> int:
    return round(len(text) * LETTER) + 2 * PADDING
