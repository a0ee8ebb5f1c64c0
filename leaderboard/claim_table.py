"""Claims beside records, as a table for the pages of submissions and of papers."""

from collections.abc import Mapping, Sequence

from harness.claims import VERDICTS, Comparison, tally
from harness.paper_tables import number_text
from harness.summary import method_name
from leaderboard.boards import Board
from leaderboard.cells import record_path
from leaderboard.claims import printed_difference
from leaderboard.naming import board_path
from leaderboard.numbers import metric_cell, places_of, text_cell
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name

VERDICT_SHAPES = {"reproduced": "✓", "refuted": "✕", "measured differently": "≠", "cannot tell yet": "?"}
CLAIMS = (
    "Numbers that the paper states, as printed, beside what was measured or scored here. A claim is reproduced or refuted "
    "only by a record of the same split, protocol, variant and settings, or by a count of its network; otherwise the reason "
    "stands in its place.",
)


def told(comparisons: Sequence[Comparison]) -> str:
    """How many claims have which verdict, in words."""
    counts = tally(comparisons)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def claims_table(comparisons: Sequence[Comparison], boards: Mapping[str, Board]) -> Table:
    """Each claim, the record beside it, their difference and a verdict."""
    columns = (
        Column(key="task", title="Task", header=True, filter="text"),
        Column(key="about", title="About", filter="text"),
        Column(key="metric", title="Metric", filter="choice"),
        Column(key="claim", title="Paper says", short=True),
        Column(key="value", title="Here"),
        Column(key="difference", title="Difference", numeric=True),
        Column(key="verdict", title="Verdict", wide=True, filter="choice"),
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
    verdict = Cell(
        value=item.verdict,
        text=item.verdict,
        shape=VERDICT_SHAPES[item.verdict],
        reason=clean(item.reason),
        muted=item.difference is None,
    )
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
    if item.evidence is None or item.ours is None:
        return Cell(text="none", muted=True)
    if item.record is None or item.metric is None:
        path = record_path(item.record) if item.record else ""
        return Cell(value=item.ours, text=number_text(item, item.ours), href=path, sub=name(item.evidence.where))
    shown = metric_cell(item.metric)
    scaled = item.ours != item.metric.value
    text = f"{item.ours:.{max(0, places_of(item.metric) - 2)}f}" if scaled else shown.text
    return Cell(value=item.ours, text=text, href=record_path(item.record), sub=name(method_name(item.record)))


def _difference(item: Comparison) -> Cell:
    if item.difference is None:
        return Cell(text="none", muted=True)
    return Cell(value=item.difference, text=printed_difference(item))
