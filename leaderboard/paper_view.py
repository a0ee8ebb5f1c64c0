"""The page of a paper: each of its claims beside what was scored, measured and counted, with a verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.claims import VERDICTS, Comparison, tally
from harness.papers import PaperReport
from harness.record import Record
from leaderboard.boards import Board, short_hash
from leaderboard.cells import submission_path
from leaderboard.claim_table import CLAIMS, claims_table, told
from leaderboard.numbers import text_cell
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import arxiv_link, clean, https_link, link_host, name
from leaderboard.view import Fact, Page, Section


def paper_path(manifest_name: str) -> str:
    """The page of a paper, from the site's root."""
    return f"p/{short_hash(manifest_name)}/index.html"


def paper_view(
    report: PaperReport, records: Sequence[Record], boards: Mapping[str, Board]
) -> tuple[Page, tuple[Table, ...]]:
    """The page and its table; `records` are those of the paper's submission, `boards` the board of each record by its id."""
    manifest = report.manifest
    paper = manifest.paper
    claims = replace(claims_table(report.comparisons, boards), tools=len(report.comparisons) > 1)
    sections = [_claims(report, claims), *_missing(report.comparisons), *_notes(manifest.findings)]
    page = Page(
        path=paper_path(manifest.name),
        title=clean(paper.title if paper else manifest.title, 200),
        lead=_lead(report),
        crumbs=[("All boards", "index.html")],
        links=_links(report),
        facts=_facts(report, records),
        sections=sections,
    )
    return page, (claims,) if claims.rows else ()


def _claims(report: PaperReport, claims: Table) -> Section:
    if claims.rows:
        return Section(id="claims", title="Claims beside records", paragraphs=CLAIMS, tables=[claims])
    paper = report.manifest.paper
    silent = "Its abstract states no number." if paper and paper.states_no_number else "No number of it is stated here."
    return Section(id="claims", title="Claims", paragraphs=[silent])


def _lead(report: PaperReport) -> str:
    total = len(report.comparisons)
    if not total:
        return "No claims to compare."
    return f"{total} claim{'s' if total != 1 else ''}: {told(report.comparisons)}."


def _links(report: PaperReport) -> list[tuple[str, str]]:
    paper, found = report.manifest.paper, []
    if paper and (link := arxiv_link(paper.arxiv)):
        found.append((f"arXiv {paper.arxiv}", link))
    if link := https_link(report.manifest.code.repository):
        found.append((f"code at {link_host(link)}", link))
    return found


def _facts(report: PaperReport, records: Sequence[Record]) -> list[Fact]:
    manifest, paper = report.manifest, report.manifest.paper
    records_of = [record for record in records if record.submission.name == manifest.name]
    stated = [
        ("Authors", text_cell(clean(paper.authors) if paper else "")),
        ("Benchmarks", text_cell(clean(", ".join(paper.benchmarks)) if paper else "")),
        ("Topics", text_cell(clean(", ".join(paper.topics)) if paper else "")),
        ("Code's licence", text_cell(clean(manifest.code.licence))),
        ("Claims and verdicts in a terminal", text_cell(f"harness paper {manifest.name}")),
    ]
    if records_of:
        count = len(records_of)
        cell = text_cell(f"{count} record{'s' if count != 1 else ''}", href=submission_path(records_of[0]))
        stated.append(("Its results here", cell))
    return [Fact(label=label, cell=cell, code=label.endswith("terminal")) for label, cell in stated if cell.value]


def _missing(comparisons: Sequence[Comparison]) -> list[Section]:
    """What keeps claims from being settled: each thing once, with the command that settles the first."""
    waiting: Counter[tuple[str, str]] = Counter()
    commands: dict[tuple[str, str], str] = {}
    for item in comparisons:
        if item.blocker is not None:
            key = item.blocker.missing, item.blocker.text
            waiting[key] += 1
            commands.setdefault(key, item.blocker.command)
    columns = (
        Column(key="missing", title="Missing", header=True),
        Column(key="claims", title="Claims that wait for it", numeric=True),
        Column(key="why", title="Why", wide=True),
        Column(key="command", title="Settled by", wide=True),
    )
    rows = tuple(
        Row(
            id=f"missing-{index}",
            cells=(
                text_cell(name(missing)),
                Cell(value=count, text=str(count)),
                text_cell(clean(why)),
                text_cell(clean(commands[missing, why]), absent="no command of this project"),
            ),
        )
        for index, ((missing, why), count) in enumerate(waiting.items())
    )
    table = Table(id="missing-table", caption="What is missing", columns=columns, rows=rows)
    return [Section(id="missing", title="What is missing", tables=[table])] if rows else []


def _notes(findings: Sequence[str]) -> list[Section]:
    items = [Cell(value=text, text=clean(text)) for text in findings]
    return [Section(id="findings", title="Found on the way", items=items)] if items else []


def papers_table(reports: Sequence[PaperReport]) -> Table:
    """Every paper with its verdicts, for the first page."""
    columns = (
        Column(key="paper", title="Paper", header=True),
        Column(key="claims", title="Claims", numeric=True),
        *[Column(key=verdict.replace(" ", "_"), title=verdict.capitalize(), numeric=True) for verdict in VERDICTS],
    )
    rows = []
    for report in reports:
        manifest, counts = report.manifest, tally(report.comparisons)
        title = clean(manifest.paper.title if manifest.paper else manifest.title, 120)
        arxiv = f"arXiv {name(manifest.paper.arxiv)}" if manifest.paper and manifest.paper.arxiv else ""
        numbers = [len(report.comparisons), *[counts[verdict] for verdict in VERDICTS]]
        cells = (
            text_cell(title, href=paper_path(manifest.name), sub=", ".join(filter(None, [name(manifest.name), arxiv]))),
            *[Cell(value=number, text=str(number) if number else "–") for number in numbers],
        )
        rows.append(Row(id=f"paper-{short_hash(manifest.name)}", cells=cells))
    return Table(id="papers-table", caption="Papers", columns=columns, rows=tuple(rows))
