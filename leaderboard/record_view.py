"""The page of a record: everything that the record says, with the command that checks it again."""

from collections.abc import Sequence
from dataclasses import replace

from harness.record import Metric, Record
from harness.summary import headlines, method_name
from harness.withdrawal import REASON
from leaderboard.board_tables import rank_cell
from leaderboard.board_view import BANNERS
from leaderboard.boards import Board
from leaderboard.cells import MEANINGS, SHAPES, date_cell, record_path, submission_path
from leaderboard.collect import Collection
from leaderboard.curve_view import DrawCurves, curve_sections
from leaderboard.detail_view import detail_sections
from leaderboard.entries import Entry
from leaderboard.measure_view import measurement_sections
from leaderboard.naming import board_path, board_title
from leaderboard.numbers import metric_cell, text_cell
from leaderboard.origin_view import (
    artifacts_section,
    data_section,
    method_section,
    run_sections,
    verifications_sections,
)
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import arxiv_link, clean, https_link, link_host, name
from leaderboard.view import Fact, Page, Section


def record_view(entry: Entry, board: Board, found: Standings, collection: Collection, draw: DrawCurves) -> Page:
    """Everything about one record."""
    record = entry.record
    sections = [
        *_metrics(record),
        *curve_sections(entry, draw),
        *measurement_sections(record),
        *detail_sections(record),
        _notes(entry, found),
        method_section(record),
        data_section(record),
        *run_sections(record),
        artifacts_section(record),
        *verifications_sections(record),
    ]
    return Page(
        path=record_path(record),
        title=f"{name(method_name(record))} on {board_title(board)}",
        lead=f"{record.provenance}: {MEANINGS[record.provenance]}.",
        banner=_banner(record, board, collection),
        crumbs=[("All boards", "index.html"), (board_title(board), board_path(board))],
        links=_links(record),
        downloads=[("This record as JSON", "record.json")],
        facts=_facts(entry, found, collection),
        sections=sections,
    )


def _banner(record: Record, board: Board, collection: Collection) -> str:
    if record.id in collection.withdrawn:
        by = collection.withdrawn[record.id]
        reason = collection.entries[by].record.facts.get(REASON)
        return f"Withdrawn by record {by}" + (f": {clean(reason)}" if isinstance(reason, str) else ".")
    if record.id in collection.superseded:
        return f"Superseded by record {collection.superseded[record.id]}."
    return BANNERS["limit"] if record.task.limit is not None else BANNERS[board.section]


def _facts(entry: Entry, found: Standings, collection: Collection) -> list[Fact]:
    record = entry.record
    main = metric_cell(record.main, "nothing was scored")
    facts = [
        Fact(label="Record", cell=text_cell(record.id), code=True),
        Fact(label=record.task.main_metric, cell=main),
        Fact(label="Rank", cell=rank_cell(found, record)),
        Fact(
            label="Provenance",
            cell=Cell(value=record.provenance, text=record.provenance, shape=SHAPES[record.provenance]),
        ),
        Fact(label="Submission", cell=text_cell(name(method_name(record)), href=submission_path(record))),
        Fact(label="Date", cell=date_cell(record)),
        Fact(
            label="Handed in by",
            cell=text_cell(name(", ".join(filter(None, [record.submitter.name, record.submitter.team])))),
        ),
        Fact(label="Check it again", cell=text_cell(f"harness verify {record.id}"), code=True),
    ]
    for label, targets in (("Supersedes", record.supersedes), ("Withdraws", record.withdraws)):
        facts += [Fact(label=label, cell=_reference(target, collection), code=True) for target in targets]
    by = collection.withdrawn.get(record.id) or collection.superseded.get(record.id)
    return [*facts, Fact(label="Replaced by", cell=_reference(by, collection), code=True)] if by else facts


def _reference(id: str, collection: Collection) -> Cell:
    known = collection.entries.get(id)
    shown = known is not None and known.record.kind == "result"
    return text_cell(clean(id, 40), href=record_path(known.record) if known and shown else "")


def _links(record: Record) -> list[tuple[str, str]]:
    found = []
    identifier = record.submission.arxiv
    if link := arxiv_link(identifier):
        found.append((f"arXiv {identifier}", link))
    if record.source and (link := https_link(record.source.url)):
        found.append((f"source at {link_host(link)}", link))
    return found


def _metrics(record: Record) -> list[Section]:
    """The metrics to read first, and all of them folded away where there are more."""
    if not record.metrics:
        return [Section(id="metrics", title="Metrics", paragraphs=["Nothing was scored."])]
    first, count = headlines(record), len(record.metrics)
    everything = _metrics_table("scores", record.metrics, "Every metric of this record")
    if len(first) == count:
        return [Section(id="metrics", title="Metrics", tables=[everything])]
    chosen = replace(_metrics_table("headlines", first, "The metrics to read first"), data="")
    return [
        Section(id="metrics", title="Metrics", tables=[chosen]),
        Section(id="all-metrics", title=f"All {count} metrics", tables=[everything], folded=True),
    ]


def _metrics_table(id: str, metrics: Sequence[Metric], caption: str) -> Table:
    columns = (
        Column(key="metric", title="Metric", header=True),
        Column(key="protocol", title="Protocol"),
        Column(key="value", title="Value", numeric=True),
        Column(key="unit", title="Unit"),
        Column(key="n", title="Units", numeric=True),
        Column(key="how", title="Interval, or why there is none", wide=True),
    )
    rows = []
    for index, metric in enumerate(metrics):
        how = metric.interval.method if metric.interval else metric.reason
        unit = Cell(value=metric.unit or "1", text=name(metric.unit) or "1")
        cells = (
            text_cell(name(metric.name)),
            text_cell(name(metric.protocol)),
            metric_cell(metric),
            unit,
            Cell(value=metric.n, text=str(metric.n)),
            text_cell(how),
        )
        rows.append(Row(id=f"{id}-{index}", cells=cells))
    return Table(id=id, caption=caption, columns=columns, rows=tuple(rows), data="scores")


def _notes(entry: Entry, found: Standings) -> Section:
    record = entry.record
    lines = [f"Not ranked: {found.reasons[record.id]}."] if record.id in found.reasons else []
    lines += [f"{flag.scope} is not compared ({flag.code}): {flag.text}" for flag in record.flags]
    lines += [entry.altered] if entry.altered else []
    lines += [f"Warning: {warning}" for warning in record.warnings]
    items = [Cell(value=line, text=clean(line)) for line in lines]
    return Section(id="notes", title="Warnings and flags", items=items, paragraphs=[] if items else ["None."])
