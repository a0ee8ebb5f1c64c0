"""The tables that a record keeps beside its metrics: per class, per size, the worst samples."""

from collections.abc import Sequence
from typing import Any

from harness.record import DetailTable, Record
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.view import Section

MOST_ROWS = 500
LONGEST_HEADING = 160


def detail_sections(record: Record, prefix: str = "") -> list[Section]:
    """A section for every table that the record keeps; `prefix` tells ids of several records on one page apart.

    The worst samples are named by their ids: pictures of a benchmark are its owners', and a record does not keep them.
    """
    sections = []
    for index, table in enumerate(record.tables):
        width, heading = len(table.columns), _heading(table)
        keys = unique(name(title) for title in table.columns)
        columns = tuple(
            Column(key=key, title=name(title), numeric=_is_numeric(table.rows, i), header=i == 0)
            for i, (key, title) in enumerate(zip(keys, table.columns, strict=True))
        )
        rows = tuple(
            Row(
                id=f"{prefix}d{index}-{i}",
                cells=tuple(_detail_cell(value) for value in (*row, *[None] * width)[:width]),
            )
            for i, row in enumerate(table.rows[:MOST_ROWS])
        )
        left = len(table.rows) - len(rows)
        note = f"{left} further rows are in the JSON file" if left > 0 else ""
        shown = Table(id=f"{prefix}detail-{index}", caption=heading, columns=columns, rows=rows, note=note)
        sections.append(Section(id=f"{prefix}details-{index}", title=heading, tables=[shown], folded=len(rows) > 20))
    return sections


def _heading(table: DetailTable) -> str:
    return clean(table.title or table.name, LONGEST_HEADING)


def _is_numeric(rows: Sequence[Sequence[Any]], index: int) -> bool:
    values = [row[index] for row in rows if index < len(row) and row[index] is not None]
    return bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _detail_cell(value: Any) -> Cell:
    if value is None:
        return Cell(text="none", muted=True)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(value=str(value), text=clean(str(value), 200))
    return Cell(value=value, text=str(value) if isinstance(value, int) else _number(value))


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.6g}"
