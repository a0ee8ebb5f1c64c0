"""The page that compares a board's results in pairs; which ones stands in its address (``#v=1&rows=ID,ID``)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.paired import Differences, differences, drawn_units
from harness.record import Metric, Record
from harness.sides import Side
from harness.summary import headlines
from leaderboard.board_tables import COMPARE, rank_cell
from leaderboard.boards import LARGEST_SCORE, Board, short_hash
from leaderboard.cells import (
    METHOD,
    PROVENANCE,
    RECORD,
    macs_cell,
    method_cell,
    parameters_cell,
    provenance_cell,
    record_cell,
    record_path,
    score_cell,
)
from leaderboard.entries import Entry
from leaderboard.naming import board_path, board_title, told_apart
from leaderboard.numbers import metric_cell, places_of, quiet
from leaderboard.paired_replicates import Columns, mean_columns
from leaderboard.seeds import mean_cell
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import name
from leaderboard.view import Page, Section

Runs = tuple[Entry, ...]
"""A ranked result: one record, or the runs of a seed group, the newest first."""
MOST_SYSTEMS = 60
FEWEST_DEFINED = 500
"""Resamples on which a metric must exist for all."""
MOST_PAIRS = 6000
"""Pairs times metrics on one page; of more metrics the later ones are left to the terminal."""
HOW = (
    "Differences of two results on the same 1,000 resamples of the data, so that what is hard for both counts for neither. "
    "Intervals and p-values are corrected for all pairs of the board; a difference counts where its interval leaves out 0.",
    "Runs of one method under several training seeds are compared by their mean, as they are ranked; ± is their standard "
    "deviation, which is no part of the intervals. The terminal compares single runs by their ids.",
    "In the board's table tick the results to compare, or name records in the address: #v=1&rows=RECORD,RECORD. "
    "In a terminal harness compare does the same for any two.",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric with the differences of all pairs of the records that have it."""

    metric: Metric
    records: tuple[Record, ...]
    found: Differences


def compare_view(board: Board, entries: Sequence[Entry], found: Standings) -> tuple[Page, tuple[Table, ...]] | None:
    """The page and its tables, or None where fewer than two results are ranked."""
    chosen = [entry for entry in entries if entry.record.id in found.ranges][:MOST_SYSTEMS]
    if len(chosen) < 2:
        return None
    runs = [_runs(board, entry) for entry in chosen]
    systems, pairs = _systems(runs, found), _pairs(board, runs)
    left = len(found.ranges) - len(chosen)
    more = (f"The first {MOST_SYSTEMS} ranked results; the terminal compares the other {left}.",) if left > 0 else ()
    page = Page(
        path=board_path(board).replace("index.html", COMPARE),
        title=f"Compare on {board_title(board)}",
        lead=f"{len(chosen)} ranked results, {len(chosen) * (len(chosen) - 1) // 2} pairs.",
        crumbs=[("All boards", "index.html"), (board_title(board), board_path(board))],
        compares=True,
        sections=[
            Section(id="systems", title="Side by side", tables=[systems]),
            Section(id="pairs", title="Differences in pairs", paragraphs=(*more, *HOW), tables=[pairs]),
        ],
    )
    return page, (systems, pairs)


def _runs(board: Board, entry: Entry) -> Runs:
    """What is ranked in the name of a result: itself, or the runs of its seed group."""
    group = board.seed_groups.get(entry.record.id)
    return group.runs if group else (entry,)


def _systems(systems: Sequence[Runs], found: Standings) -> Table:
    entries = [runs[0] for runs in systems]
    keys = dict.fromkeys((metric.protocol, metric.name) for entry in entries for metric in headlines(entry.record))
    first = {(m.protocol, m.name): m for entry in reversed(entries) for m in entry.record.metrics}
    main = entries[0].record.main
    others = [key for key in keys if main is None or key != (main.protocol, main.name)][:8]
    titles = unique([name(key[1]) for key in others])
    columns = (
        METHOD,
        Column(key="rank", title="Rank", numeric=True, better="lower"),
        _metric_column("score", name(main.name) if main else "Score", main),
        *[_metric_column(f"m-{title}", title, first[key]) for key, title in zip(others, titles, strict=True)],
        Column(key="parameters", title="Parameters", numeric=True, better="lower"),
        Column(key="macs", title="MACs", numeric=True, better="lower"),
        PROVENANCE,
        RECORD,
    )
    names = told_apart(entry.record for entry in entries)
    wanted = [first[key] for key in others]
    rows = tuple(_system(runs, names[runs[0].record.id], found, wanted) for runs in systems)
    return Table(id="systems-table", caption="Side by side", columns=columns, rows=rows, data="compare-systems")


def _metric_column(key: str, title: str, metric: Metric | None) -> Column:
    if metric is None:
        return Column(key=key, title=title, numeric=True)
    better = "higher" if metric.higher_is_better else "lower"
    return Column(key=key, title=title, unit=name(metric.unit), numeric=True, better=better)  # type: ignore[arg-type]


def _system(runs: Runs, called: str, found: Standings, others: Sequence[Metric]) -> Row:
    record, side = runs[0].record, _side(runs)
    links = tuple((run.record.id[:8], record_path(run.record)) for run in runs[1:])
    cells = (
        method_cell(record).but(value=called, text=called),
        rank_cell(found, record),
        score_cell(record) if len(runs) == 1 else mean_cell([run.record for run in runs]),
        *[_mean_of(side, like) for like in others],
        parameters_cell(record),
        macs_cell(record),
        provenance_cell(record),
        record_cell(record).but(more=links),
    )
    return Row(id=f"c-{record.id}", cells=cells, refs=(record.id,))


def _side(runs: Runs) -> Side:
    return Side(tuple((run.record, run.home) for run in runs))


def _mean_of(side: Side, like: Metric) -> Cell:
    """A metric with its interval, or the mean over the training seeds with their spread."""
    cell, spread = quiet(metric_cell(side.metric(like), "not in this record")), side.spread(like)
    return cell if spread is None else cell.but(span=f"± {spread:.{places_of(like)}f}", reason="")


def _pairs(board: Board, systems: Sequence[Runs]) -> Table:
    columns = (
        Column(key="pair", title="Pair", header=True),
        Column(key="metric", title="Metric"),
        Column(key="difference", title="Difference", numeric=True, help="The first minus the second."),
        Column(key="p", title="p", numeric=True, help="Two-sided, adjusted for all pairs."),
        Column(key="verdict", title="In words", wide=True),
    )
    names = told_apart(runs[0].record for runs in systems)
    rows = [row for item in _compared(board, systems) for row in _rows(item, names)]
    return Table(
        id="pairs-table",
        caption="Differences in pairs",
        columns=columns,
        rows=tuple(rows),
        data="compare-pairs",
        tools=True,
    )


def _compared(board: Board, systems: Sequence[Runs]) -> Iterator[Compared]:
    """The main metric first, then the others that are read first, as long as the page stays small."""
    main = (board.key.protocol, board.key.main_metric)
    keys = dict.fromkeys([main, *((m.protocol, m.name) for runs in systems for m in headlines(runs[0].record))])
    columns = {runs[0].record.id: mean_columns(runs) for runs in systems}
    pairs = 0
    for key in keys:
        made = _compare_metric(key, systems, columns)
        if made is None or pairs + len(made.records) * (len(made.records) - 1) // 2 > MOST_PAIRS:
            continue
        pairs += len(made.records) * (len(made.records) - 1) // 2
        yield made


def _compare_metric(key: tuple[str, str], systems: Sequence[Runs], columns: Mapping[str, Columns]) -> Compared | None:
    kept: list[tuple[Record, Metric]] = []
    usual: tuple[object, ...] | None = None
    for runs in systems:
        record = runs[0].record
        stated = next((m for m in record.metrics if (m.protocol, m.name) == key), None)
        metric = _side(runs).metric(stated) if stated else None
        column = columns[record.id].get("/".join(key))
        if metric is None or metric.value is None or not abs(metric.value) < LARGEST_SCORE or column is None:
            continue
        kind = (metric.higher_is_better, metric.unit, metric.n, len(column))
        usual = usual or kind
        if kind == usual:
            kept.append((record, metric))
    if len(kept) < 2:
        return None
    stacked = np.stack([columns[record.id]["/".join(key)] for record, _ in kept])
    finite = stacked[:, np.isfinite(stacked).all(axis=0)]
    if finite.shape[1] < FEWEST_DEFINED:
        return None
    values = np.array([metric.value for _, metric in kept], np.float64)
    metric, units = kept[0][1], min(drawn_units(metric) for _, metric in kept)
    return Compared(metric, tuple(record for record, _ in kept), differences(values, finite, units))


def _rows(item: Compared, called: Mapping[str, str]) -> Iterator[Row]:
    metric, sign = item.metric, 1 if item.metric.higher_is_better else -1
    places, title = places_of(metric), name(metric.name)
    stem = short_hash(f"{metric.protocol}/{metric.name}")[:8]
    for i, j in combinations(range(len(item.records)), 2):
        first, second = item.records[i], item.records[j]
        value, (low, high) = float(item.found.official[i, j]), item.found.interval(i, j)
        p = item.found.p_value(i, j)
        better = 0 if low <= 0 <= high else sign if low > 0 else -sign
        names = called[first.id], called[second.id]
        winner = names[0] if better > 0 else names[1]
        verdict = "no difference beyond the data's chance" if better == 0 else f"{winner} is better"
        label = f"{names[0]} \u2212 {names[1]}"
        cells = (
            Cell(value=label, text=label),
            Cell(value=title, text=title),
            Cell(
                value=value,
                text=f"{value:+.{places}f}",
                low=low,
                high=high,
                span=f"{low:+.{places}f} to {high:+.{places}f}",
            ),
            Cell(value=p, text="< 0.001" if p < 0.001 else f"{p:.3f}"),
            Cell(
                value=verdict, text=verdict, shape="=" if better == 0 else "▲" if better > 0 else "▼", muted=better == 0
            ),
        )
        yield Row(id=f"p-{first.id}-{second.id}-{stem}", cells=cells, refs=(first.id, second.id))
