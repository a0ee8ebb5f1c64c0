"""The rows that a page does not draw, small enough to travel inside it: by column, repeated values once."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from leaderboard.table import Cell, Row, Table
from leaderboard.text import clean

FIELDS: tuple[tuple[str, Callable[[Cell], Any], Any], ...] = (
    ("v", lambda cell: cell.value, None),
    ("t", lambda cell: clean(cell.text), ""),
    ("s", lambda cell: clean(cell.span), ""),
    ("u", lambda cell: clean(cell.sub), ""),
    ("h", lambda cell: cell.href, ""),
    ("k", lambda cell: cell.shape, ""),
    ("r", lambda cell: "" if cell.quiet else clean(cell.reason), ""),
    ("m", lambda cell: int(cell.muted), 0),
    ("x", lambda cell: [[clean(text), path] for text, path in cell.more], []),
)
"""What a page shows of a cell: the name in the data, the value, and the value that is left out."""
ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def packed(table: Table) -> str:
    """The rows that are not drawn as JSON that is safe inside a script element."""
    rows = table.rest
    value = {
        "n": len(rows),
        "id": [row.id for row in rows],
        "m": _list([int(row.muted) for row in rows], 0),
        "f": _list([" ".join(row.refs) for row in rows], ""),
        "c": [_column(rows, index) for index in range(len(table.columns))],
    }
    # ASCII, and no sign that could end the element or open a comment in it.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def _column(rows: Sequence[Row], index: int) -> dict[str, Any]:
    found = {name: _list([read(row.cells[index]) for row in rows], usual) for name, read, usual in FIELDS}
    return {name: values for name, values in found.items() if values is not None}


def _list(values: list[Any], usual: Any) -> Any:
    """The values; None where all are as usual; [distinct values, which one each is] where that is shorter."""
    if all(value == usual for value in values):
        return None
    stated = [json.dumps(value) for value in values]
    places = {text: place for place, text in enumerate(dict.fromkeys(stated))}
    if 2 * len(places) > len(values):
        return {"a": values}
    return {"d": [json.loads(text) for text in places], "i": [places[text] for text in stated]}
