"""The page of a submission: its results on all boards, and its paper's claims beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.claims import Comparison
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
from leaderboard.claims import compare_all, printed_difference
from leaderboard.curve_view import DrawCurves, own_curves
from leaderboard.entries import Entry, age_key
from leaderboard.naming import board_path, board_title
from leaderboard.numbers import metric_cell, places_of, text_cell
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import arxiv_link, clean, name
from leaderboard.view import Fact, Page, Section

MOST_WITH_CURVES = 6
Placed = tuple[Entry, Board, Standings]
SECTION_TITLES = {
    "official": "Benchmark results",
    "custom": "Results on one's own data",
    "sample": "Results on generated samples",
    "limit": "Partial runs",
}
CLAIMS = (
    "Numbers that the paper states, as printed, beside what was measured or scored here. A claim is reproduced or refuted "
    "only by a record of the same split, protocol, variant and settings; otherwise the reason stands in its place.",
)


def submission_view(
    placed: Sequence[Placed], past: Sequence[Placed], draw: DrawCurves
) -> tuple[Page, tuple[Table, ...]]:
    """The page of one submission, from all of its results, and the tables to write as files.

    `past` are results that were superseded or withdrawn or that repeat another: listed, and compared with nothing.
    """
    records = [entry.record for entry, _, _ in placed]
    newest = max(records or [entry.record for entry, _, _ in past], key=age_key)
    tables = [table for section in SECTION_TITLES if (table := _results(section, placed))]
    claims = claims_table(compare_all(records), {entry.record.id: board for entry, board, _ in placed})
    sections = [Section(id=f"part-{table.id}", title=table.caption, tables=[table]) for table in tables]
    if claims.rows:
        sections.append(Section(id="claims", title="Claims beside records", paragraphs=CLAIMS, tables=[claims]))
    sections += _curves(placed, draw)
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
        facts=_facts(newest),
        sections=sections,
    )
    return page, (*tables, *([claims] if claims.rows else []))


def _curves(placed: Sequence[Placed], draw: DrawCurves) -> list[Section]:
    """The curves of the newest results; those of all others are on their records' pages."""
    found: list[Section] = []
    for entry, board, _ in sorted(placed, key=lambda item: age_key(item[0].record), reverse=True)[:MOST_WITH_CURVES]:
        title = f"Curves on {board_title(board)}, record {entry.record.id[:8]}"
        section = own_curves(entry, title, draw)
        found += [replace(section, folded=bool(found))] if section else []
    return found


def _lead(records: Sequence[Record]) -> str:
    boards = len({(record.task.id, record.task.split, record.task.data_digest) for record in records})
    return f"{len(records)} result{'s' if len(records) != 1 else ''} on {boards} data set{'s' if boards != 1 else ''}."


def _facts(record: Record) -> list[Fact]:
    part = record.submission
    return [
        Fact(label="Name", cell=text_cell(name(part.name), sub=f"id {short_hash(part.name)}")),
        Fact(label="Paper", cell=text_cell(name(part.arxiv) and f"arXiv {name(part.arxiv)}")),
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


def claims_table(comparisons: Sequence[Comparison], boards: Mapping[str, Board]) -> Table:
    """Each claim, the record beside it, their difference and a verdict."""
    columns = (
        Column(key="task", title="Task", header=True),
        Column(key="about", title="About"),
        Column(key="metric", title="Metric"),
        Column(key="claim", title="Paper says"),
        Column(key="value", title="Here"),
        Column(key="difference", title="Difference", numeric=True),
        Column(key="verdict", title="Verdict", wide=True),
        Column(key="source", title="Source", wide=True),
    )
    rows = tuple(Row(id=f"claim-{index}", cells=_claim_cells(item, boards)) for index, item in enumerate(comparisons))
    return Table(id="claims-table", caption="Claims of the paper", columns=columns, rows=rows, data="claims")


def _claim_cells(item: Comparison, boards: Mapping[str, Board]) -> tuple[Cell, ...]:
    claim, record = item.claim, item.record
    board = boards.get(record.id) if record else None
    task = text_cell(
        name(" ".join(filter(None, [claim.task, claim.split]))),
        href=board_path(board) if board else "",
        sub=name(claim.protocol),
    )
    about = text_cell(name(claim.variant or claim.method), absent="the method", sub=name(claim.setting))
    printed = f"{name(claim.value)} {name(claim.unit)}".strip()
    source = text_cell(clean(claim.source), sub="" if claim.verified else "not read in its source")
    verdict = Cell(value=item.verdict, text=item.verdict, reason=clean(item.reason), muted=item.difference is None)
    return (
        task,
        about,
        text_cell(name(claim.metric)),
        text_cell(printed),
        _here(item),
        _difference(item),
        verdict,
        source,
    )


def _here(item: Comparison) -> Cell:
    if item.record is None or item.metric is None or item.ours is None:
        return Cell(text="no comparable value", muted=True)
    shown = metric_cell(item.metric)
    scaled = item.ours != item.metric.value
    text = f"{item.ours:.{max(0, places_of(item.metric) - 2)}f}" if scaled else shown.text
    return Cell(value=item.ours, text=text, href=record_path(item.record), sub=name(method_name(item.record)))


def _difference(item: Comparison) -> Cell:
    if item.difference is None:
        return Cell(text="none", muted=True)
    return Cell(value=item.difference, text=printed_difference(item))
