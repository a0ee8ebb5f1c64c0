"""The rows that a page does not draw, small enough to travel inside it: by column, repeated values once.

Ids and paths hold the record's id, which does not compress: it travels once, and signs stand for it elsewhere.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from leaderboard.table import Cell, Row, Table
from leaderboard.text import clean

WHOLE, PART, SAME = "\x01", "\x02", "\x03"
"""Signs that no text holds, since texts are cleaned: for the row's key, its first digits, a text that is the value."""
SHORT, DIGITS = 8, 6
ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def _short(cell: Cell) -> Any:
    """The value to sort and filter by, numbers to six digits; the files have every digit."""
    value = cell.value
    if value is None or isinstance(value, str):
        return None if value is None else clean(value)
    return type(value)(float(f"{value:.{DIGITS}g}"))


def _text(cell: Cell) -> str:
    """What is written, nothing where that is the value itself."""
    text = clean(cell.text)
    return SAME if text and text == _short(cell) else text


FIELDS: tuple[tuple[str, Callable[[Cell], Any], Any], ...] = (
    ("v", _short, None),
    ("t", _text, ""),
    ("s", lambda cell: clean(cell.span), ""),
    ("u", lambda cell: clean(cell.sub), ""),
    ("h", lambda cell: cell.href, ""),
    ("k", lambda cell: cell.shape, ""),
    ("r", lambda cell: "" if cell.quiet else clean(cell.reason), ""),
    ("m", lambda cell: int(cell.muted), 0),
    ("x", lambda cell: [[clean(text), path] for text, path in cell.more], []),
)
"""What a page shows of a cell: the name in the data, the value, and the value that is left out."""


def packed(table: Table) -> str:
    """The rows that are not drawn as JSON that is safe inside a script element."""
    rows = table.rest
    keys = [row.id.partition("-")[2] for row in rows]
    value = {
        "n": len(rows),
        "key": keys,
        "id": _list(_without_keys([row.id for row in rows], keys), ""),
        "m": _list([int(row.muted) for row in rows], 0),
        "f": _list(_without_keys([" ".join(row.refs) for row in rows], keys), ""),
        "c": [_column(rows, index, keys) for index in range(len(table.columns))],
    }
    # ASCII, and no sign that could end the element or open a comment in it.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def _column(rows: Sequence[Row], index: int, keys: Sequence[str]) -> dict[str, Any]:
    cells = [row.cells[index] for row in rows]
    found = {name: _list(_without_keys([read(cell) for cell in cells], keys), usual) for name, read, usual in FIELDS}
    return {name: values for name, values in found.items() if values is not None}


def _without_keys(values: Sequence[Any], keys: Sequence[str]) -> list[Any]:
    """Texts with a sign in place of their row's key, and another in place of its first eight digits."""
    return [
        value.replace(key, WHOLE).replace(key[:SHORT], PART) if isinstance(value, str) and len(key) > SHORT else value
        for value, key in zip(values, keys, strict=True)
    ]


def _list(values: list[Any], usual: Any) -> Any:
    """The values; None where all are as usual; [distinct values, which one each is] where that is shorter."""
    if all(value == usual for value in values):
        return None
    stated = [repr(value) for value in values]  # tells 1 from 1.0 and from True
    distinct = dict(zip(stated, values, strict=True))
    if 2 * len(distinct) > len(values):
        return {"a": values}
    places = {text: place for place, text in enumerate(distinct)}
    return {"d": list(distinct.values()), "i": [places[text] for text in stated]}
