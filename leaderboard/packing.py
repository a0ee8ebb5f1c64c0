"""The rows that a page does not draw, small enough to travel inside it: by column, repeated values once.

Ids and paths hold the record's id, which does not compress: it travels once, and signs stand for it elsewhere.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from leaderboard.table import Cell, Row, Table
from leaderboard.text import clean

WHOLE, PART, SAME = "\x01", "\x02", "\x03"
"""Signs that no text holds, since texts are cleaned: for the row's key, its first digits, a text that is the value."""
SHORT, DIGITS = 8, 6
FACTORS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
WRITTEN = re.compile(r"([\d.]+) ?([kMGT]?)")
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
        "key": _list(keys, ""),
        "id": _keyed([row.id for row in rows], keys, ""),
        "m": _list([int(row.muted) for row in rows], 0),
        "f": _keyed([" ".join(row.refs) for row in rows], keys, ""),
        "c": [_column(rows, index, keys) for index in range(len(table.columns))],
    }
    # ASCII, and no sign that could end the element or open a comment in it.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def _column(rows: Sequence[Row], index: int, keys: Sequence[str]) -> dict[str, Any]:
    cells = [row.cells[index] for row in rows]
    found = {name: _keyed([read(cell) for cell in cells], keys, usual) for name, read, usual in FIELDS}
    if factors := _factors(cells):
        found["v"] = factors
    return {name: values for name, values in found.items() if values is not None}


def _factors(cells: Sequence[Cell]) -> dict[str, Any] | None:
    """What the written numbers are multiplied by, where all say their size so ("3.14 M"); the values need not travel then."""
    found = [_factor(cell) for cell in cells]
    if set(found) <= {None, 1.0} or any(
        factor is None and not cell.missing for factor, cell in zip(found, cells, strict=True)
    ):
        return None
    distinct = list(dict.fromkeys(found))
    return {"f": distinct, "i": [distinct.index(factor) for factor in found]}


def _factor(cell: Cell) -> float | None:
    written = WRITTEN.fullmatch(cell.text)
    if written is None or not isinstance(cell.value, int | float):
        return None
    factor = FACTORS[written[2]]
    return factor if abs(float(written[1]) * factor - cell.value) <= 5e-3 * abs(cell.value) else None


def _keyed(values: list[Any], keys: Sequence[str], usual: Any) -> Any:
    """As `_list`, with signs in place of the rows' keys."""
    return None if _all_usual(values, usual) else _list(_without_keys(values, keys), usual)


def _without_keys(values: Sequence[Any], keys: Sequence[str]) -> list[Any]:
    """Texts with a sign in place of their row's key, and another in place of its first eight digits."""
    return [
        value.replace(key, WHOLE).replace(key[:SHORT], PART) if isinstance(value, str) and len(key) > SHORT else value
        for value, key in zip(values, keys, strict=True)
    ]


def _list(values: list[Any], usual: Any) -> Any:
    """The values; None where all are as usual; distinct values and which one each is where that is shorter; texts of one
    width in a row, without what all begin and end with."""
    if _all_usual(values, usual):
        return None
    # The text of a value tells 1 from 1.0 and from True.
    stated = values if set(map(type, values)) == {str} else list(map(repr, values))
    distinct = dict(zip(stated, values, strict=True))
    if 2 * len(distinct) > len(values):
        return _in_a_row(values) or {"a": values}
    places = {text: place for place, text in enumerate(distinct)}
    return {"d": list(distinct.values()), "i": [places[text] for text in stated]}


def _all_usual(values: Sequence[Any], usual: Any) -> bool:
    return all(value == usual for value in values)


def _in_a_row(values: Sequence[Any]) -> dict[str, Any] | None:
    """Texts of one width, such as digests, as one text; None for others. All ASCII, so that a browser counts as this does."""
    if len(values) < 2 or not all(isinstance(value, str) and value.isascii() for value in values):
        return None
    if len(set(map(len, values))) != 1:
        return None
    begin, end = _shared(values, 1), _shared(values, -1)
    width = len(values[0]) - len(begin) - len(end)
    return {"w": width, "b": begin, "e": end, "a": "".join(value[len(begin) :][:width] for value in values)}


def _shared(values: Sequence[str], step: int) -> str:
    """What all texts, which are of one width and not all equal, begin (step 1) or end (-1) with."""
    turned = [value[::step] for value in values]
    first, last = min(turned), max(turned)
    count = next(place for place, (one, other) in enumerate(zip(first, last, strict=True)) if one != other)
    return first[:count][::step]
