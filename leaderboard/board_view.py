"""The page of a board: a sentence that sums it up, the table, speed host by host, all metrics, how it was made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.record import Record
from harness.summary import method_name
from leaderboard.boards import Board, main_metric
from leaderboard.cells import (
    DATE,
    METHOD,
    PROVENANCE,
    RECORD,
    date_cell,
    macs_cell,
    method_cell,
    parameters_cell,
    provenance_cell,
    record_cell,
)
from leaderboard.claims import Comparison, compare_board, printed_difference
from leaderboard.collect import Entry
from leaderboard.numbers import metric_cell
from leaderboard.speed_view import PlotFiles, speed_sections
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.view import Fact, Page, Section

BANNERS = {
    "sample": "Generated sample. These results show that everything works; they are no benchmark results and are not ranked.",
    "custom": "One's own data under the task's protocol. These results are not the benchmark's.",
    "limit": "Partial runs: only the first samples were taken. These results are not the benchmark's and are not ranked.",
    "official": "",
}
RANKS = (
    "A rank is a range: the best and the worst place that the data allow. Every result keeps its scores on the same 1,000 "
    "resamples of the data; all pairs of systems are compared on them at once, at 95 % for the whole board, and a system is "
    "placed above another only if their difference exceeds what resampling explains.",
    "The ranges depend on which systems are on the board. They cover the choice of the test samples, not the chance in training.",
)


@dataclass(frozen=True, slots=True)
class BoardView:
    """A board's page, the tables that are also written as files, and what the index says about it."""

    page: Page
    tables: tuple[Table, ...]
    summary: str


def board_path(board: Board) -> str:
    """The page of a board, from the site's root."""
    return f"b/{board.key.id}/index.html"


def board_title(board: Board) -> str:
    """Task and split, and whatever else sets the board apart from the usual one."""
    record = board.any_record
    parts = [f"{name(record.task.title or record.task.id)}, {name(record.task.split)}"]
    parts += [f"{name(key)} = {name(str(value))}" for key, value in sorted(record.settings.items())]
    return ", ".join(parts)


def board_view(board: Board, found: Standings, plots: PlotFiles) -> BoardView:
    """Everything about one board."""
    entries = sort_entries(board.entries, found)
    results = results_table(board, entries, found)
    speed = speed_sections(entries, found, plots)
    everything = metrics_table(entries)
    summary = summarise(board, found)
    sections = [Section(id="results", title="Results", tables=[results])] if entries else []
    sections += [section for section, _ in speed]
    sections += (
        [Section(id="all-metrics", title="All metrics", tables=[everything])] if len(everything.columns) > 2 else []
    )
    sections += [_history(board)] if board.past else []
    sections.append(Section(id="ranks", title="How ranks are made", paragraphs=RANKS, folded=True))
    page = Page(
        path=board_path(board),
        title=board_title(board),
        lead=summary,
        banner=BANNERS[board.section],
        facts=_facts(board),
        crumbs=[("All boards", "index.html")],
        sections=sections,
    )
    return BoardView(page, (results, everything, *[table for _, table in speed]), summary)


def sort_entries(entries: Sequence[Entry], found: Standings) -> list[Entry]:
    """Ranked results by range, the others after them; ties by name, never by the last decimal."""

    def key(entry: Entry) -> tuple[bool, int, int, str, str]:
        rank = found.ranges.get(entry.record.id)
        return (
            rank is None,
            rank.best if rank else 0,
            rank.worst if rank else 0,
            method_name(entry.record),
            entry.record.id,
        )

    return sorted(entries, key=key)


def results_table(board: Board, entries: Sequence[Entry], found: Standings) -> Table:
    """Ranks, main metric, the paper's number where it can be compared, cost, provenance."""
    metric = next((m for entry in entries if (m := main_metric(entry.record))), None)
    compared = {entry.record.id: compare_board(entry.record) for entry in entries}
    papers = any(compared.values())
    columns = [
        Column(key="rank", title="Rank", numeric=True, better="lower", help="The range of places that the data allow."),
        METHOD,
        Column(
            key="score",
            title=name(board.key.main_metric),
            unit=name(metric.unit) if metric else "",
            numeric=True,
            better="lower" if metric and not metric.higher_is_better else "higher",
            help="With its 95 % interval.",
        ),
        *(
            [Column(key="claim", title="Paper says", numeric=True, help="As printed, where it can be compared.")]
            if papers
            else []
        ),
        Column(key="parameters", title="Parameters", numeric=True, better="lower"),
        Column(key="macs", title="MACs", numeric=True, better="lower", help="Multiply-accumulates of one sample."),
        PROVENANCE,
        DATE,
        RECORD,
    ]
    rows = []
    for entry in entries:
        record = entry.record
        claim = [claim_cell(compared[record.id])] if papers else []
        cells = (
            rank_cell(found, record),
            method_cell(record),
            metric_cell(main_metric(record), "nothing was scored"),
            *claim,
            parameters_cell(record),
            macs_cell(record),
            provenance_cell(record),
            date_cell(record),
            record_cell(record),
        )
        rows.append(Row(id=f"r-{record.id}", cells=cells, muted=record.id not in found.ranges))
    return Table(
        id="results-table",
        caption=f"Results on {board_title(board)}",
        columns=tuple(columns),
        rows=tuple(rows),
        data="results",
    )


def rank_cell(found: Standings, record: Record) -> Cell:
    """The range of ranks, or why there is none."""
    rank = found.ranges.get(record.id)
    if rank is None:
        return Cell(text="not ranked", reason=found.reasons.get(record.id, ""), muted=True)
    return Cell(value=rank.best, text=str(rank), low=rank.best, high=rank.worst)


def claim_cell(comparison: Comparison | None) -> Cell:
    """The paper's number and how far the record is from it."""
    if comparison is None:
        return Cell(text="no claim to compare", muted=True)
    text = f"{name(comparison.claim.value)} {name(comparison.claim.unit)}".strip()
    return Cell(value=comparison.claim.value, text=text, sub=f"{printed_difference(comparison)}: {comparison.verdict}")


def metrics_table(entries: Sequence[Entry]) -> Table:
    """Every metric under every protocol, one column each."""
    keys: dict[tuple[str, str], Column] = {}
    for entry in entries:
        for metric in entry.record.metrics:
            shown = (
                name(metric.name)
                if metric.protocol == entry.record.task.protocol
                else f"{name(metric.name)} ({name(metric.protocol)})"
            )
            keys.setdefault(
                (metric.protocol, metric.name),
                Column(
                    key=shown,
                    title=shown,
                    unit=name(metric.unit),
                    numeric=True,
                    better="higher" if metric.higher_is_better else "lower",
                ),
            )
    keys = {
        key: replace(keys[key], key=found)
        for key, found in zip(keys, unique(column.key for column in keys.values()), strict=True)
    }
    rows = []
    for entry in entries:
        found = {(metric.protocol, metric.name): metric for metric in entry.record.metrics}
        cells = [metric_cell(found.get(key), "not in this record") for key in keys]
        rows.append(
            Row(id=f"m-{entry.record.id}", cells=(method_cell(entry.record), *cells, record_cell(entry.record)))
        )
    columns = (METHOD, *keys.values(), RECORD)
    return Table(
        id="metrics-table", caption="Every metric, with its interval", columns=columns, rows=tuple(rows), data="metrics"
    )


def summarise(board: Board, found: Standings) -> str:
    """One sentence: who is first, beyond noise or tied; or why nobody is ranked."""
    count = len(found.ranges)
    if not board.entries:
        return "Every result was superseded or withdrawn."
    if count < 2:
        listed = f"{len(board.entries)} result{'s' if len(board.entries) > 1 else ''}"
        return (
            f"{listed}, not ranked."
            if board.section in ("sample", "limit")
            else f"{listed}; a ranking needs two that may be ranked."
        )
    names = {entry.record.id: name(method_name(entry.record)) for entry in board.entries}
    verified = sum(entry.record.provenance == "verified" for entry in board.entries)
    tail = f" {verified} of {len(board.entries)} results are verified."
    first = sorted(names[id] for id in found.first)
    if len(first) == 1 and found.ranges[found.first[0]].worst == 1:
        return f"{first[0]} leads: it exceeds each of the {count - 1} others by more than resampling the data explains.{tail}"
    listed = ", ".join(first[:5]) + (f" and {len(first) - 5} more" if len(first) > 5 else "")
    return f"{len(first)} of {count} systems are tied for first: {listed}.{tail}"


def _facts(board: Board) -> list[Fact]:
    task = board.any_record.task
    evaluator = task.evaluator
    shown = [
        ("Task", f"{task.id}, version {task.version}", False),
        ("Protocol", task.protocol, False),
        (
            "Settings",
            "; ".join(f"{k} = {v}" for k, v in sorted(board.any_record.settings.items())) or "the task's defaults",
            False,
        ),
        ("Samples", f"{task.samples}; resampled by {task.unit}", False),
        ("Data digest", task.data_digest, True),
        ("Scored by", f"{evaluator.name} {evaluator.version}" if evaluator else "not stated", False),
        ("Agrees with", evaluator.agrees_with if evaluator else "", False),
        ("Notice", task.notice, False),
    ]
    return [
        Fact(label=label, cell=Cell(value=text, text=clean(text)), code=code) for label, text, code in shown if text
    ]


def _history(board: Board) -> Section:
    rows = [
        Row(
            id=f"h-{entry.record.id}",
            cells=(
                method_cell(entry.record),
                metric_cell(main_metric(entry.record), "nothing was scored"),
                date_cell(entry.record),
                record_cell(entry.record),
            ),
        )
        for entry in board.past
    ]
    columns = (METHOD, Column(key="score", title=name(board.key.main_metric), numeric=True), DATE, RECORD)
    table = Table(
        id="history-table", caption="Results that were superseded or withdrawn", columns=columns, rows=tuple(rows)
    )
    return Section(
        id="history", title="History", paragraphs=["Each record's page says what replaced it."], tables=[table]
    )
