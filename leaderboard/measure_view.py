"""A record's measurements in full: every span and percentile, throughput, energy, cost, with the reason for every gap."""

from collections.abc import Iterator

from harness.record import Observed, Record, Span, Timing
from harness.record_measurements import weighed
from leaderboard.board_tables import shared_reasons
from leaderboard.boards import speed_flags
from leaderboard.cost_view import cost_section
from leaderboard.energy_view import energy_section
from leaderboard.latency_view import dropped_cell, size_tables
from leaderboard.numbers import MUTED_VERDICTS, quantile_cell, text_cell, value_cell, verdict_note
from leaderboard.plain_facts import plain_facts
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name
from leaderboard.throughput_view import throughput_section
from leaderboard.view import Fact, Section

SPANS = (
    Column(key="span", title="Span", header=True),
    Column(key="n", title="Timed", numeric=True),
    Column(key="blocks", title="Blocks", numeric=True),
    *[
        Column(key=f"{key}_ms", title=title, unit="ms", numeric=True, better="lower")
        for key, title in (("mean", "Mean"), ("min", "Least"), ("p50", "Median"), ("p90", "90 %"), ("p99", "99 %"))
    ],
)

MOST_RANKS = 8
ELSEWHERE = ("canary_ms", "memory_ms", "block_median_ms", "block_process", "dropped_share", "dropped_because")
"""Conditions that are said already, or are a number for every block: the record's JSON has those."""


def measurement_sections(record: Record) -> Iterator[Section]:
    """Latency, throughput, energy and cost; one section that says why, where there is nothing."""
    found = record.measurements
    timed = found.latency or found.throughput or found.energy or found.cost
    if found.reason or not (timed or found.observed):
        why = clean(found.reason) or "no reason was stated"
        text = f"{'Not all was measured' if timed else 'None'}: {why.removesuffix('.')}."
        yield Section(id="measurements", title="Measurements", paragraphs=[text])
    flags = speed_flags(record, "speed")
    for index, timing in enumerate(found.latency):
        yield _latency(index, timing, flags)
    if found.throughput:
        yield throughput_section(found.throughput, found.sweep, flags, found.latency)
    for index, item in enumerate(found.observed):
        yield _observed(index, item)
    for index, energy in enumerate(found.energy):
        yield energy_section(index, energy, speed_flags(record, "energy"))
    if timed:
        yield cost_section(record, found.cost)


def _latency(index: int, timing: Timing, flags: str) -> Section:
    rows = [_span_row(index, i, span, timing) for i, span in enumerate(timing.spans)]
    table = Table(
        id=f"spans-{index}",
        caption="Milliseconds a sample",
        columns=SPANS,
        rows=tuple(rows),
        data=f"latency-{index}",
        note=shared_reasons((cell for row in rows for cell in row.cells), said=_said(timing)),
    )
    tables = [table] if rows else []
    return Section(
        id=f"latency-{index}",
        title="Latency",
        paragraphs=list(_paragraphs(timing, flags)),
        tables=[*tables, *size_tables(index, timing)],
        facts=list(_facts(timing)),
    )


def _span_row(index: int, place: int, span: Span, timing: Timing) -> Row:
    cells = (
        text_cell(name(span.name)),
        Cell(value=span.n, text=str(span.n)),
        Cell(value=span.blocks, text=str(span.blocks)),
        value_cell(span.mean),
        value_cell(span.min),
        *[quantile_cell(item, timing).but(quiet=True) for item in (span.p50, span.p90, span.p99)],
    )
    return Row(id=f"span-{index}-{place}", muted=timing.verdict in MUTED_VERDICTS, cells=cells)


def _paragraphs(timing: Timing, flags: str) -> Iterator[str]:
    """How it was timed, then every reason after the verdict that it alone would give."""
    yield f"Batch {timing.batch_size}, {name(timing.dtype)}, {name(timing.scenario)}. Verdict: {timing.verdict}."
    if flags:
        yield f"{flags[:1].upper()}{flags[1:]}."
    weights: dict[str, list[str]] = {}
    for weight, reason in weighed(timing):
        weights.setdefault(weight, []).append(reason)
    for weight, reasons in weights.items():
        yield clean(f"{weight.capitalize()} because {'; '.join(reasons)}.", 1500)
    if timing.outputs_equal is not None:
        yield f"The timed outputs {'equal' if timing.outputs_equal else 'differ from'} the scored ones."
    if timing.method:
        yield clean(timing.method)


def _facts(timing: Timing) -> Iterator[Fact]:
    """Processes, blocks left out, the first inference, whole queries, MLPerf's bounds, and every condition."""
    yield Fact(label="Fresh processes", cell=value_cell(timing.processes))
    yield Fact(label="Blocks left out for what disturbed them", cell=dropped_cell(timing))
    yield Fact(label="First inference, ms", cell=value_cell(timing.first_inference_ms, "it was not timed"))
    for rank, value in list(timing.query_ms.items())[:MOST_RANKS]:
        label = f"{name(rank)} of whole queries of {timing.batch_size}, ms"
        yield Fact(label=label, cell=value_cell(value, "too few inferences"))
    for rank, value in list(timing.bounds_ms.items())[:MOST_RANKS]:
        label = f"MLPerf's bound of {name(rank)}, end to end, ms"
        yield Fact(label=label, cell=value_cell(value, "too few inferences for the bound"))
    yield from plain_facts(timing.warm_up, "warm-up")
    others = {key: value for key, value in timing.conditions.items() if key not in ELSEWHERE}
    yield from plain_facts(others, "")


def _said(timing: Timing) -> tuple[str, str]:
    """What the paragraph above the table has said already: it is long, and true of every cell."""
    return verdict_note(timing.verdict, timing.reasons), "; ".join(timing.reasons)


def _observed(index: int, found: Observed) -> Section:
    """A speed of the run itself; it stands on no board."""
    facts = [
        Fact(label=name(f"{found.title}, {found.unit}"), cell=value_cell(found.value)),
        *plain_facts(found.facts, ""),
    ]
    return Section(id=f"observed-{index}", title="Seen during the run", facts=facts)
