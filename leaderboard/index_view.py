"""The first page: boards by family, the latest records; samples, one's own data and partial runs apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.papers import PaperReport
from harness.record import Host, Record
from leaderboard.boards import Board
from leaderboard.cells import (
    DATE,
    METHOD,
    PROVENANCE,
    RECORD,
    date_cell,
    method_cell,
    provenance_cell,
    record_cell,
    score_cell,
)
from leaderboard.collect import Collection
from leaderboard.entries import age_key
from leaderboard.host_view import hosts_table
from leaderboard.naming import board_path, board_title
from leaderboard.numbers import text_cell
from leaderboard.paper_view import papers_table
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, day, name
from leaderboard.view import Page, Section

LATEST = 20
TITLES = {
    "official": "Benchmarks",
    "custom": "One's own data",
    "sample": "Generated samples",
    "limit": "Partial runs",
}
ASIDE = ("sample", "limit")
"""What is no benchmark result: folded away at the end, unless there is nothing else."""
PARAGRAPHS = {
    "official": "The benchmarks' own data. A board holds results of one data set, split, protocol and setting.",
    "custom": "Other data under a task's protocol. These numbers are not the benchmark's.",
    "sample": "Small data that the project makes itself, to show that everything works. Not benchmark results, never ranked.",
    "limit": "Only the first samples of a benchmark. Not benchmark results, never ranked.",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A board, what is said of it in one sentence, and how many of its systems are ranked."""

    board: Board
    summary: str
    ranked: int


def index_view(
    listed: Sequence[Listed],
    collection: Collection,
    hidden: int,
    papers: Sequence[PaperReport] = (),
    hosts: Sequence[tuple[Host, Sequence[Record]]] = (),
) -> Page:
    """The page that lists everything."""
    boards_of = {kind: section for kind in TITLES if (section := _boards(kind, listed))}
    sections = [boards_of[kind] for kind in boards_of if kind not in ASIDE]
    aside = [replace(boards_of[kind], folded=bool(sections)) for kind in boards_of if kind in ASIDE]
    sections += [] if sections else aside
    latest = _latest(collection, listed)
    sections += [Section(id="latest", title="Latest records", tables=[latest])] if latest.rows else []
    sections += [Section(id="hosts", title="Hosts", tables=[hosts_table(hosts)])] if hosts else []
    sections += [_papers(papers)] if papers else []
    sections += [section for section in aside if section.folded]
    sections += [_rejected(collection)] if collection.rejected else []
    count, boards = len(collection.current), len(listed)
    lead = f"{count} record{'s' if count != 1 else ''} on {boards} board{'s' if boards != 1 else ''}."
    if hidden:
        lead += f" {hidden} board{'s' if hidden != 1 else ''} of withdrawn data sets left out."
    empty = [] if count else ["There is no record yet. harness eval --task coco --submission centernet makes one."]
    intro = [Section(id="empty", title="Nothing here yet", paragraphs=empty)] if empty else []
    return Page(
        path="index.html",
        title="Leaderboard",
        lead=lead,
        search="Search boards, methods, papers" if count else "",
        sections=[*intro, *sections],
        downloads=[("All records as CSV", "records.csv"), ("All records as JSON", "records.json")],
    )


def _boards(kind: str, listed: Sequence[Listed]) -> Section | None:
    chosen = [item for item in listed if item.board.section == kind]
    if not chosen:
        return None
    families = sorted({item.board.key.family for item in chosen})
    tables = [
        _family(kind, family, [item for item in chosen if item.board.key.family == family]) for family in families
    ]
    return Section(id=kind, title=TITLES[kind], paragraphs=[PARAGRAPHS[kind]], tables=tables)


def _family(kind: str, family: str, listed: Sequence[Listed]) -> Table:
    columns = (
        Column(key="board", title="Board", header=True),
        Column(key="metric", title="Metric"),
        Column(key="results", title="Results", numeric=True),
        Column(key="standing", title="Standing", wide=True),
        Column(key="latest", title="Latest"),
    )
    rows = []
    for item in listed:
        records = [entry.record for entry in item.board.listed]
        claims = sum(record.provenance == "reported" for record in records)
        counts = [f"{item.ranked} ranked" if item.ranked else "", f"{claims} reported" if claims else ""]
        newest = max((day(record.run.finished) for record in records), default="")
        data = item.board.key.data_digest[:8]
        sub = f"protocol {name(item.board.key.protocol)}{', data ' + data if data else ''}"
        cells = (
            text_cell(board_title(item.board), href=board_path(item.board), sub=clean(sub, 120)),
            text_cell(name(item.board.key.main_metric)),
            Cell(value=len(records), text=str(len(records)), sub=", ".join(filter(None, counts))),
            text_cell(item.summary),
            text_cell(newest, absent="no date"),
        )
        rows.append(Row(id=f"b-{item.board.key.id}", cells=cells))
    title = name(family).replace("-", " ").capitalize() or "Other"
    return Table(id=f"{kind}-{listed[0].board.key.id}", caption=title, columns=columns, rows=tuple(rows))


def _latest(collection: Collection, listed: Sequence[Listed]) -> Table:
    boards = {entry.record.id: item.board for item in listed for entry in item.board.standing}
    records = [entry.record for entry in collection.current if entry.record.id in boards]
    newest = sorted(records, key=age_key, reverse=True)[:LATEST]
    columns = (
        DATE,
        METHOD,
        Column(key="board", title="Board"),
        Column(key="metric", title="Metric"),
        Column(key="value", title="Value", numeric=True, sortable=False),
        PROVENANCE,
        RECORD,
    )
    rows = tuple(Row(id=f"l-{record.id}", cells=_latest_cells(record, boards[record.id])) for record in newest)
    return Table(id="latest-table", caption=f"The newest {LATEST} records", columns=columns, rows=rows)


def _latest_cells(record: Record, board: Board) -> tuple[Cell, ...]:
    sub = "" if board.section == "official" else TITLES[board.section].lower()
    return (
        date_cell(record),
        method_cell(record),
        text_cell(board_title(board), href=board_path(board), sub=sub),
        text_cell(name(record.task.main_metric)),
        score_cell(record),
        provenance_cell(record),
        record_cell(record),
    )


def _papers(reports: Sequence[PaperReport]) -> Section:
    text = (
        "Papers whose claims are followed: each number as printed, beside what was scored, measured and counted here."
    )
    return Section(id="papers", title="Papers", paragraphs=[text], tables=[papers_table(reports)], folded=True)


def _rejected(collection: Collection) -> Section:
    columns = (
        Column(key="file", title="File", header=True),
        Column(key="reason", title="Why it is left out", wide=True),
    )
    rows = tuple(
        Row(id=f"x-{index}", cells=(text_cell(clean(item.file, 120)), text_cell(clean(item.reason))))
        for index, item in enumerate(collection.rejected)
    )
    table = Table(id="rejected-table", caption="Files that are no records", columns=columns, rows=rows)
    return Section(id="rejected", title="Rejected", tables=[table])
