"""A record's measurements in full: every span and percentile, throughput, energy, cost, with the reason for every gap."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.record import Observed, Record, Throughput, Timing
from leaderboard.board_tables import shared_reasons
from leaderboard.boards import speed_flags
from leaderboard.cost_view import cost_section
from leaderboard.energy_view import energy_section
from leaderboard.numbers import MUTED_VERDICTS, quantile_cell, text_cell, value_cell, verdict_note
from leaderboard.plain_facts import plain_facts
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name
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


def measurement_sections(record: Record) -> Iterator[Section]:
    """Latency, throughput, energy and cost; one section that says why, where there is nothing."""
    found = record.measurements
    timed = found.latency or found.throughput or found.energy or found.cost
    if not (timed or found.observed):
        yield Section(
            id="measurements",
            title="Measurements",
            paragraphs=[f"None: {clean(found.reason) or 'no reason was stated'}."],
        )
        return
    flags = speed_flags(record, "speed")
    for index, timing in enumerate(found.latency):
        yield _latency(index, timing, flags)
    if found.throughput:
        yield Section(
            id="throughput",
            title="Throughput",
            facts=[_throughput(item, flags, found.latency) for item in found.throughput],
        )
    for index, item in enumerate(found.observed):
        yield _observed(index, item)
    for index, energy in enumerate(found.energy):
        yield energy_section(index, energy, speed_flags(record, "energy"))
    if timed:
        yield cost_section(record, found.cost)


def _latency(index: int, timing: Timing, flags: str) -> Section:
    verdict = verdict_note(timing.verdict, timing.reasons, flags)
    text = f"Batch {timing.batch_size}, {name(timing.dtype)}, {name(timing.scenario)}. Verdict: {timing.verdict}."
    rows = [
        Row(
            id=f"span-{index}-{i}",
            muted=timing.verdict in MUTED_VERDICTS,
            cells=(
                text_cell(name(span.name)),
                Cell(value=span.n, text=str(span.n)),
                Cell(value=span.blocks, text=str(span.blocks)),
                value_cell(span.mean),
                value_cell(span.min),
                *[replace(quantile_cell(item, timing), quiet=True) for item in (span.p50, span.p90, span.p99)],
            ),
        )
        for i, span in enumerate(timing.spans)
    ]
    equal = {
        True: "The timed outputs equal the scored ones.",
        False: "The timed outputs differ from the scored ones.",
        None: "",
    }
    paragraphs = [text, *filter(None, [verdict, equal[timing.outputs_equal], clean(timing.method)])]
    table = Table(
        id=f"spans-{index}",
        caption="Milliseconds a sample",
        columns=SPANS,
        rows=tuple(rows),
        data=f"latency-{index}",
        note=shared_reasons((cell for row in rows for cell in row.cells), said=_said(timing)),
    )
    first = value_cell(timing.first_inference_ms, "it was not timed")
    facts = [
        Fact(label="First inference, ms", cell=first),
        *plain_facts(timing.warm_up, "warm-up"),
        *plain_facts(timing.conditions, ""),
    ]
    return Section(
        id=f"latency-{index}", title="Latency", paragraphs=paragraphs, tables=[table] if rows else [], facts=facts
    )


def _said(timing: Timing) -> tuple[str, str]:
    """What the paragraph above the table has said already: it is long, and true of every cell."""
    return verdict_note(timing.verdict, timing.reasons), "; ".join(timing.reasons)


def _throughput(found: Throughput, flags: str, timings: Sequence[Timing]) -> Fact:
    """Throughput is derived from a latency: what is said there is not said again."""
    if found.reasons and any(timing.reasons == found.reasons for timing in timings):
        note = f"{found.verdict}, as the latency above"
    else:
        note = verdict_note(found.verdict, found.reasons, "" if timings else flags)
    cell = value_cell(found.value, found.reason, note=note, muted=found.verdict != "stable" or bool(flags))
    return Fact(label=f"Samples a second, batch {found.batch_size}", cell=cell)


def _observed(index: int, found: Observed) -> Section:
    """A speed of the run itself; it stands on no board."""
    facts = [
        Fact(label=name(f"{found.title}, {found.unit}"), cell=value_cell(found.value)),
        *plain_facts(found.facts, ""),
    ]
    return Section(id=f"observed-{index}", title="Seen during the run", facts=facts)
