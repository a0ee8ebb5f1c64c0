"""The page of a submission: its results on all boards, and its paper's claims beside them."""

from collections.abc import Sequence
from dataclasses import replace

from harness.claims import VERDICTS, Comparison
from harness.record import Record
from harness.summary import method_name
from leaderboard.board_tables import rank_cell
from leaderboard.boards import Board, short_hash
from leaderboard.cells import (
    DATE,
    PROVENANCE,
    RECORD,
    date_cell,
    provenance_cell,
    record_cell,
    record_path,
    score_cell,
    submission_path,
)
from leaderboard.claim_table import CLAIMS, claims_table, told
from leaderboard.claims import compare_all
from leaderboard.cost_view import cost_section
from leaderboard.curve_view import DrawCurves, own_curves
from leaderboard.detail_view import detail_sections
from leaderboard.entries import Entry, age_key
from leaderboard.latency_view import RangeFiles, latency_sections
from leaderboard.naming import board_path, board_title
from leaderboard.numbers import text_cell
from leaderboard.repeating import repeating
from leaderboard.standings import Standings
from leaderboard.table import Column, Row, Table
from leaderboard.text import arxiv_link, clean, name
from leaderboard.view import Fact, Page, Section
from leaderboard.worst_view import WritePicture, worst_section

MOST_WITH_CURVES = 6
MOST_WITH_TABLES = 4
MOST_OPEN_CLAIMS = 16
Placed = tuple[Entry, Board, Standings]
SECTION_TITLES = {
    "official": "Benchmark results",
    "custom": "Results on one's own data",
    "sample": "Results on generated samples",
    "limit": "Partial runs",
}


def submission_view(
    placed: Sequence[Placed],
    past: Sequence[Placed],
    draw: DrawCurves,
    draw_ranges: RangeFiles,
    paper: str = "",
    write_picture: WritePicture | None = None,
    verdicts: Sequence[Comparison] = (),
) -> tuple[Page, tuple[Table, ...]]:
    """The page of one submission, from all of its results, and the tables to write as files.

    `past` are results that were superseded or withdrawn or that repeat another: listed, and compared with nothing.
    `paper` is the path of its paper's page, empty where there is none; `verdicts` are those that stand there.
    """
    records = [entry.record for entry, _, _ in placed]
    newest = max(records or [entry.record for entry, _, _ in past], key=age_key)
    tables = [table for section in SECTION_TITLES if (table := _results(section, placed))]
    compared = sorted(compare_all(records, verdicts), key=lambda item: VERDICTS.index(item.verdict))
    claims = claims_table(compared, {entry.record.id: board for entry, board, _ in placed})
    sections = [Section(id=f"part-{table.id}", title=table.caption, tables=[table]) for table in tables]
    if claims.rows:
        many = len(claims.rows) > MOST_OPEN_CLAIMS
        title = f"Claims beside records: {told(compared)}" if many else "Claims beside records"
        sections.append(Section(id="claims", title=title, paragraphs=CLAIMS, tables=[claims], folded=many))
    sections += latency_sections(records, draw_ranges)
    sections += _cost(records)
    sections += _curves(placed, draw)
    sections += _worst(placed, write_picture) if write_picture else []
    sections += _details(placed)
    if past:
        items = [
            text_cell(f"{board_title(board)}, {entry.record.id}", href=record_path(entry.record))
            for entry, board, _ in past
        ]
        sections.append(
            Section(id="history", title="Superseded, withdrawn or listed above with the same answers", items=items)
        )
    link = arxiv_link(newest.submission.arxiv)
    title = clean(newest.submission.title or newest.submission.name, 160)
    page = Page(
        path=submission_path(newest),
        title=title,
        lead=_lead(records),
        crumbs=[("All boards", "index.html")],
        links=[(f"arXiv {newest.submission.arxiv}", link)] if link else [],
        facts=_facts(newest, paper),
        sections=sections,
    )
    return page, tuple(table for section in sections for table in section.tables if table.data)


def _curves(placed: Sequence[Placed], draw: DrawCurves) -> list[Section]:
    """The curves of the newest results; those of all others are on their records' pages."""
    found: list[Section] = []
    for entry, board, _ in sorted(placed, key=lambda item: age_key(item[0].record), reverse=True)[:MOST_WITH_CURVES]:
        title = f"Curves on {board_title(board)}, record {entry.record.id[:8]}"
        section = own_curves(entry, title, draw)
        found += [replace(section, folded=bool(found))] if section else []
    return found


def _cost(records: Sequence[Record]) -> list[Section]:
    """The newest count; where several variants were counted, each once, and only the first with its operators."""
    found: dict[str, Record] = {}
    for record in sorted(records, key=age_key, reverse=True):
        if record.measurements.cost is not None:
            found.setdefault(record.submission.variant, record)
    if not found:
        return []
    newest = next(iter(found.values()))
    section = cost_section(newest, newest.measurements.cost)
    about = f"Of {name(method_name(newest))}, record {newest.id[:8]}."
    others = len(found) - 1
    more = [f"{others} further variant{'s' if others > 1 else ''} on the records' pages."] if others else []
    return [replace(section, paragraphs=[about, *more, *section.paragraphs])]


def _worst(placed: Sequence[Placed], write: WritePicture) -> list[Section]:
    entries = [entry for entry, _, _ in placed]
    return worst_section(sorted(entries, key=lambda entry: age_key(entry.record), reverse=True), write)


def _details(placed: Sequence[Placed]) -> list[Section]:
    """The tables of the newest results, folded: per class, per size, the worst samples."""
    found: list[Section] = []
    newest = sorted(placed, key=lambda item: age_key(item[0].record), reverse=True)
    for entry, board, _ in [item for item in newest if item[0].record.tables][:MOST_WITH_TABLES]:
        place = f"{board_title(board)}, record {entry.record.id[:8]}"
        tables = [table for section in detail_sections(entry.record, f"{entry.record.id}-") for table in section.tables]
        title = f"Per class, per size, worst samples: {place}"
        found.append(Section(id=f"details-{entry.record.id}", title=title, tables=tables, folded=True))
    return found


def _lead(records: Sequence[Record]) -> str:
    boards = len({(record.task.id, record.task.split, record.task.data_digest) for record in records})
    return f"{len(records)} result{'s' if len(records) != 1 else ''} on {boards} data set{'s' if boards != 1 else ''}."


def _facts(record: Record, paper: str) -> list[Fact]:
    part = record.submission
    command = repeating(record)
    return [
        Fact(label="Name", cell=text_cell(name(part.name), sub=f"id {short_hash(part.name)}")),
        Fact(label="Paper", cell=text_cell(name(part.arxiv) and f"arXiv {name(part.arxiv)}", href=paper)),
        *([Fact(label="Repeats the newest result", cell=text_cell(command), code=True)] if command else []),
    ]


def _results(section: str, placed: Sequence[Placed]) -> Table | None:
    columns = (
        Column(key="board", title="Board", header=True),
        Column(key="variant", title="Variant"),
        Column(key="rank", title="Rank", wide=True),
        Column(key="metric", title="Metric"),
        Column(key="value", title="Value", numeric=True, sortable=False),
        PROVENANCE,
        DATE,
        RECORD,
    )
    rows = []
    for entry, board, found in placed:
        if board.section == section:
            record = entry.record
            cells = (
                text_cell(board_title(board), href=board_path(board)),
                text_cell(name(record.submission.variant), absent="none"),
                rank_cell(found, record),
                text_cell(name(record.task.main_metric)),
                score_cell(record),
                provenance_cell(record),
                date_cell(record),
                record_cell(record),
            )
            rows.append(Row(id=f"{section}-{record.id}", cells=cells))
    if not rows:
        return None
    return Table(
        id=f"{section}-results",
        caption=SECTION_TITLES[section],
        columns=columns,
        rows=tuple(rows),
        data=f"{section}-results",
    )
