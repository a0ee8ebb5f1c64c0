"""The tables of a board: results, every metric, history."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Literal

from harness.claims import Comparison
from harness.record import Metric, Record
from harness.summary import headlines
from leaderboard.boards import Board, main_metric
from leaderboard.cells import (
    DATE,
    FRONTIER,
    HOST,
    METHOD,
    PROVENANCE,
    RECORD,
    YEAR,
    date_cell,
    frontier_cell,
    host_cell,
    macs_cell,
    method_cell,
    parameters_cell,
    provenance_cell,
    record_cell,
    record_path,
    score_cell,
    year_cell,
)
from leaderboard.claims import compare_board, printed_difference
from leaderboard.entries import Entry
from leaderboard.naming import board_title
from leaderboard.numbers import metric_cell, quiet
from leaderboard.seeds import Line, lines, mean_cell
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.trade_view import Frontiers
from leaderboard.view import Section

COMPARE = "compare.html"
"""The page of a board that compares its results in pairs, beside the board's own."""
MetricKey = tuple[str, str]
"""Protocol and name."""
SELDOM = 0.005
"""A smaller share of the resamples would be printed as none."""
HISTORY = (
    "Results that were superseded or withdrawn, and further runs that gave the same answers and scores as a listed one. "
    "Each record's page says what stands in its place."
)


def results_table(board: Board, entries: Sequence[Entry], found: Standings, lies: Frontiers) -> Table:
    """Ranks, main metric, the paper's number where it can be compared, cost, frontiers, provenance."""
    metric = next((m for entry in entries if (m := main_metric(entry.record))), None)
    compared = {entry.record.id: compare_board(entry.record) for entry in entries}
    shown = {"claim": any(compared.values()), "frontier": bool(lies)}
    columns = _result_columns(name(board.key.main_metric), metric)
    rows = []
    for line in lines(board, entries):
        cells = (
            line_rank(found, line),
            method_cell(line.lead),
            score_cell(line.lead) if len(line.entries) == 1 else mean_cell(line.records),
            claim_cell(compared[line.lead.id]),
            parameters_cell(line.lead),
            macs_cell(line.lead),
            _frontier(lies, line),
            origin_cell(line.lead),
            host_cell(line.lead),
            year_cell(line.lead),
            date_cell(line.lead),
            _record(line),
        )
        ranked = any(record.id in found.ranges for record in line.records)
        refs = tuple(record.id for record in line.records if record.id in found.ranges)
        rows.append(Row(id=f"r-{line.lead.id}", cells=cells, muted=not ranked, refs=refs))
    rows, why = _said_once(rows)
    notes = why, shared_reasons((row.cells[2] for row in rows), said=found.reasons.values())
    table = Table(
        id="results-table",
        caption=f"Results on {board_title(board)}",
        columns=_with_values(columns, rows),
        rows=tuple(rows),
        data="results",
        note="; ".join(filter(None, notes)),
        tools=len(rows) > 1,
        compare=COMPARE if len(found.ranges) > 1 else "",
    )
    return without_columns(table, {key for key, kept in shown.items() if not kept})


def _said_once(rows: list[Row]) -> tuple[list[Row], str]:
    """Why nothing is ranked, for the note under the table, where it is one reason for several rows; they are quiet then."""
    reasons = {row.cells[0].reason if row.cells[0].missing else "" for row in rows}
    why = next(iter(reasons)) if len(reasons) == 1 else ""
    if len(rows) < 2 or not why:
        return rows, ""
    return [replace(row, cells=(quiet(row.cells[0]), *row.cells[1:])) for row in rows], f"Not ranked: {why}"


def _with_values(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns, those of costs that nothing has shown only when asked for."""
    empty = {
        column.key
        for index, column in enumerate(columns)
        if column.key in ("parameters", "macs") and all(row.cells[index].missing for row in rows)
    }
    return tuple(replace(column, optional=True) if column.key in empty else column for column in columns)


def without_columns(table: Table, keys: Collection[str]) -> Table:
    """The table without some of its columns."""
    kept = [index for index, column in enumerate(table.columns) if column.key not in keys]
    rows = tuple(replace(row, cells=tuple(row.cells[index] for index in kept)) for row in table.rows)
    return replace(table, columns=tuple(table.columns[index] for index in kept), rows=rows)


def _result_columns(title: str, metric: Metric | None) -> tuple[Column, ...]:
    better: Literal["higher", "lower"] = "lower" if metric and not metric.higher_is_better else "higher"
    unit = name(metric.unit) if metric else ""
    return (
        Column(key="rank", title="Rank", numeric=True, better="lower", help="The range of places that the data allow."),
        METHOD,
        Column(key="score", title=title, unit=unit, numeric=True, better=better, help="With its 95 % interval."),
        Column(key="claim", title="Paper says", numeric=True, help="As printed, and how far the result is from it."),
        Column(key="parameters", title="Parameters", numeric=True, better="lower", filter="range", scale=1e6),
        Column(
            key="macs",
            title="MACs",
            numeric=True,
            better="lower",
            filter="range",
            scale=1e9,
            help="Multiply-accumulates of one sample.",
        ),
        FRONTIER,
        PROVENANCE,
        HOST,
        YEAR,
        replace(DATE, optional=True),
        RECORD,
    )


def line_rank(found: Standings, line: Line) -> Cell:
    """The range of ranks; the runs of a seed group have one together."""
    return rank_cell(found, next((record for record in line.records if record.id in found.ranges), line.lead))


def origin_cell(record: Record) -> Cell:
    """Where the number comes from; of a paper's, the place in it."""
    place = record.source.place if record.source and record.provenance == "reported" else ""
    return provenance_cell(record).but(sub=clean(place, 120))


def _frontier(lies: Frontiers, line: Line) -> Cell:
    found = dict.fromkeys(item for record in line.records for item in lies.get(record.id, ()))
    return frontier_cell({line.lead.id: list(found)} if found else {}, line.lead)


def _record(line: Line) -> Cell:
    others = tuple((record.id[:8], record_path(record)) for record in line.records[1:])
    return record_cell(line.lead).but(more=others)


def shared_reasons(cells: Iterable[Cell], said: Collection[str] = ()) -> str:
    """The distinct reasons of quiet cells that are not `said` elsewhere, for the note under their table; at most three."""
    reasons = (
        cell.reason[:1].upper() + cell.reason[1:] for cell in cells if cell.quiet and cell.reason not in ("", *said)
    )
    found = list(dict.fromkeys(reasons))
    return "; ".join([*found[:3], *(["and more in the CSV file"] if len(found) > 3 else [])])


def rank_cell(found: Standings, record: Record) -> Cell:
    """The range of ranks, or why there is none."""
    rank = found.ranges.get(record.id)
    if rank is None:
        return Cell(text="not ranked", reason=found.reasons.get(record.id, ""), muted=True)
    first = f", first in {rank.p_best:.0%}" if rank.p_best and rank.p_best >= SELDOM else ""
    return Cell(value=rank.best, text=str(rank), low=rank.best, high=rank.worst, sub=f"tier {rank.tier}{first}")


def claim_cell(comparison: Comparison | None) -> Cell:
    """The paper's number and how far the record is from it; the verdict, which takes more to tell, is the submission's page's."""
    if comparison is None:
        return Cell(text="none", muted=True)
    text = f"{name(comparison.claim.value)} {name(comparison.claim.unit)}".strip()
    return Cell(value=comparison.claim.value, text=text, sub=printed_difference(comparison))


def metrics_table(entries: Sequence[Entry]) -> Table:
    """Every metric under every protocol, one column each."""
    columns: dict[MetricKey, Column] = {}
    for entry in entries:
        for metric in entry.record.metrics:
            columns.setdefault(_key(metric), _metric_column(metric, entry.record.task.protocol))
    keys = unique(column.key for column in columns.values())
    named = [replace(column, key=key) for column, key in zip(columns.values(), keys, strict=True)]
    rows = []
    for entry in entries:
        found = {_key(metric): metric for metric in entry.record.metrics}
        cells = [quiet(metric_cell(found.get(key), "not in this record")) for key in columns]
        shown = (method_cell(entry.record), *cells, record_cell(entry.record))
        rows.append(Row(id=f"m-{entry.record.id}", cells=shown))
    return Table(
        id="metrics-table",
        caption="Every metric, with its interval",
        columns=(METHOD, *named, RECORD),
        rows=tuple(rows),
        data="metrics",
        note=shared_reasons(cell for row in rows for cell in row.cells),
    )


def metrics_sections(entries: Sequence[Entry], everything: Table) -> list[Section]:
    """The columns of `everything` that are read first, and the whole table, folded away where it has more."""
    if len(everything.columns) <= 2:
        return []
    everywhere = {_key(metric) for entry in entries for metric in entry.record.metrics}
    first = {_key(metric) for entry in entries for metric in headlines(entry.record)}
    whole = Section(id="all-metrics", title="All metrics", tables=[everything])
    if first == everywhere:
        return [whole]
    order = dict.fromkeys(_key(metric) for entry in entries for metric in entry.record.metrics)
    last = len(everything.columns) - 1
    chosen = [0, *[index for index, key in enumerate(order, 1) if key in first], last]
    table = Table(
        id="headlines-table",
        caption="The metrics to read first",
        columns=tuple(everything.columns[index] for index in chosen),
        rows=tuple(
            Row(id=f"headlines-{row.id}", cells=tuple(row.cells[index] for index in chosen)) for row in everything.rows
        ),
    )
    folded = replace(whole, title=f"All {len(everywhere)} metrics", folded=True)
    # One alone stands in the table of results already.
    return [Section(id="headlines", title="Metrics", tables=[table]), folded] if len(first) > 1 else [folded]


def _key(metric: Metric) -> MetricKey:
    return metric.protocol, metric.name


def _metric_column(metric: Metric, protocol: str) -> Column:
    shown = name(metric.name) if metric.protocol == protocol else f"{name(metric.name)} ({name(metric.protocol)})"
    better: Literal["higher", "lower"] = "higher" if metric.higher_is_better else "lower"
    return Column(key=shown, title=shown, unit=name(metric.unit), numeric=True, better=better)


def history_section(board: Board) -> Section:
    """Results that were superseded or withdrawn, and those that say again what a listed one says."""
    rows = [
        Row(
            id=f"h-{entry.record.id}",
            cells=(
                method_cell(entry.record),
                score_cell(entry.record),
                date_cell(entry.record),
                record_cell(entry.record),
            ),
        )
        for entry in (*board.repeats, *board.past)
    ]
    columns = (METHOD, Column(key="score", title=name(board.key.main_metric), numeric=True), DATE, RECORD)
    table = Table(id="history-table", caption="Results that are listed no longer", columns=columns, rows=tuple(rows))
    return Section(id="history", title="History", paragraphs=[HISTORY], tables=[table])
