"""Tables as data: what a page shows, what its CSV and JSON say, and how it sorts are all made from one `Table`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from harness.text import csv_lines

Value = str | int | float | None
_ENCODE = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode
MOST_DRAWN = 200
"""Rows of one table on one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `better` says in which direction a number improves; text has none."""

    key: str
    title: str
    unit: str = ""
    better: Literal["", "higher", "lower"] = ""
    numeric: bool = False
    sortable: bool = True
    wide: bool = False
    """Whether it holds sentences."""
    short: bool = False
    """Whether its values stay on one line."""
    header: bool = False
    """Whether its cells name their rows."""
    help: str = ""
    filter: Literal["", "text", "choice", "range"] = ""
    """How a reader may narrow the table by it: words in it, some of its values, from a number to a number."""
    scale: float = 1.0
    """What the numbers of its filter are multiplied by: 1e6 where a reader types millions."""
    optional: bool = False
    """Whether it is shown only when asked for, where a script can show it; without script all are shown."""


class Cell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One value, how it is written, and, where there is none, why. A site has a million: dataclasses are made more slowly."""

    value: Value = None
    text: str = ""
    low: float | None = None
    high: float | None = None
    span: str = ""
    """The interval as it is written."""
    reason: str = ""
    """Why the value is missing, or what a reader must know about it."""
    href: str = ""
    """A link inside the site, from its root."""
    sub: str = ""
    """A second, smaller line."""
    more: tuple[tuple[str, str], ...] = ()
    """Further links inside the site (text, path from its root), such as the single runs of a group."""
    shape: str = ""
    quiet: bool = False
    """Whether its reason is only in the data files; the table's note then says it."""
    muted: bool = False

    @property
    def missing(self) -> bool:
        """Whether there is no value."""
        return self.value is None

    def but(self, **changes: Any) -> "Cell":
        """This cell with other values in some fields."""
        return msgspec.structs.replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table; `id` is its anchor."""

    id: str
    cells: tuple[Cell, ...]
    muted: bool = False
    refs: tuple[str, ...] = ()
    """The records that it is about, where a reader may choose records by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption; `data` is the stem of its CSV and JSON files beside the page, empty where there are none."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    data: str = ""
    forms: tuple[tuple[str, str], ...] = (("csv", "CSV"), ("json", "JSON"))
    """The files that it can be taken away as: ending, and what the form is called."""
    note: str = ""
    tools: bool = False
    """Whether it can be narrowed and its columns chosen; then every row reaches the script."""
    compare: str = ""
    """The page, beside this one, that compares rows a reader ticks; empty where there is none."""
    start: int = 0
    """How many of its rows stand on earlier pages."""
    pages: tuple[str, ...] = ()
    """The files, beside each other, of all its pages; empty where one page has it whole."""

    @property
    def drawn(self) -> tuple[Row, ...]:
        """The rows that this page shows: a browser that draws thousands is slow."""
        return self.rows[self.start : self.start + MOST_DRAWN]

    @property
    def page_index(self) -> int:
        """Which of its pages this is, from 0."""
        return self.start // MOST_DRAWN

    @property
    def rest(self) -> tuple[Row, ...]:
        """The rows that the script gets as data, on the first page."""
        return self.rows[MOST_DRAWN:] if self.tools and not self.start else ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"row {row.id} of {self.id} has {len(row.cells)} cells for {len(self.columns)} columns"
                )


def in_pages(table: Table) -> Table:
    """The table with the names of its pages, where it needs more than one."""
    if len(table.rows) <= MOST_DRAWN:
        return table
    count = -(-len(table.rows) // MOST_DRAWN)
    return replace(table, pages=("index.html", *(f"page-{number}.html" for number in range(2, count + 1))))


def unique(keys: Iterable[str]) -> list[str]:
    """The keys, those that were there before with a number behind them: names from strangers may coincide."""
    found: dict[str, None] = {}
    for key in keys:
        again = 1
        while (candidate := key if again == 1 else f"{key} ({again})") in found:
            again += 1
        found[candidate] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class Flat:
    """What the data files of a table hold: names of fields, and their values a row. Worked out once for all of them."""

    fields: list[str]
    lines: list[tuple[Value, ...]]

    @property
    def rows(self) -> list[dict[str, Value]]:
        """A dictionary a row."""
        return [dict(zip(self.fields, line, strict=True)) for line in self.lines]


def flat(table: Table) -> Flat:
    """The values of the table for its data files: every column, with bounds and reasons where some cell has them."""
    fields: list[str] = []
    values: list[list[Value]] = []
    for index, column in enumerate(table.columns):
        for field, found in _fields([row.cells[index] for row in table.rows], column.key):
            fields.append(field)
            values.append(found)
    return Flat(fields, list(zip(*values, strict=True)))


def _fields(cells: Sequence[Cell], key: str) -> Iterator[tuple[str, list[Value]]]:
    yield key, [cell.value for cell in cells]
    low: list[Value] = [cell.low for cell in cells]
    high: list[Value] = [cell.high for cell in cells]
    if any(value is not None for value in (*low, *high)):
        yield from ((f"{key}_low", low), (f"{key}_high", high))
    reasons: list[Value] = [cell.reason for cell in cells]
    if any(reasons):
        yield f"{key}_note", reasons


def table_records(table: Table) -> list[dict[str, Any]]:
    """The rows as dictionaries of plain values, in the order of the page."""
    return flat(table).rows


def table_csv(table: Table, data: Flat | None = None) -> bytes:
    """The table as CSV, UTF-8; text cells are guarded against formulas."""
    data = data or flat(table)
    return csv_lines(data.fields, data.lines)


def table_json(table: Table, data: Flat | None = None) -> bytes:
    """The table as JSON: caption, columns with units, rows."""
    columns = [
        {"key": column.key, "title": column.title, "unit": column.unit, "better": column.better}
        for column in table.columns
    ]
    return json_bytes({"table": table.caption, "columns": columns, "rows": (data or flat(table)).rows})


def json_bytes(value: Any) -> bytes:
    """A JSON document, ASCII only, one line an item down to the rows; raises ValueError for NaN and infinity."""
    return _written(value, 2).encode() + b"\n"


def _written(value: Any, depth: int) -> str:
    if isinstance(value, list) and depth and value:
        return "[\n" + ",\n".join(_written(item, depth - 2) for item in value) + "\n]"
    if isinstance(value, dict) and depth == 2 and value:
        return "{\n" + ",\n".join(f"{_ENCODE(key)}: {_written(item, depth)}" for key, item in value.items()) + "\n}"
    # Whole rows at once, since indentation would make Python's own, slow encoder write them.
    return _ENCODE(value)
