"""A record's measurements in full: every span and percentile, throughput, energy, cost, with the reason for every gap."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.record import Energy, Observed, Record, Throughput, Timing
from leaderboard.board_tables import shared_reasons
from leaderboard.boards import speed_flags
from leaderboard.cost_view import cost_section
from leaderboard.numbers import MUTED_VERDICTS, quantile_cell, text_cell, value_cell, verdict_note
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
        yield _energy(index, energy, speed_flags(record, "energy"))
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
        *_plain(timing.warm_up, "warm-up"),
        *_plain(timing.conditions, ""),
    ]
    return Section(
        id=f"latency-{index}", title="Latency", paragraphs=paragraphs, tables=[table] if rows else [], facts=facts
    )


def _said(timing: Timing) -> tuple[str, str]:
    """What the paragraph above the table has said already: it is long, and true of every cell."""
    return verdict_note(timing.verdict, timing.reasons), "; ".join(timing.reasons)


def _plain(values: dict[str, object], prefix: str) -> list[Fact]:
    facts = []
    for key, value in list(values.items())[:40]:
        label = f"{prefix} {key}".strip().replace("_", " ")
        facts.append(Fact(label=name(label), cell=text_cell(clean(_written(value), 300), absent="empty")))
    return facts


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_written(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return "no value" if value is None else str(value)


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
    facts = [Fact(label=name(f"{found.title}, {found.unit}"), cell=value_cell(found.value)), *_plain(found.facts, "")]
    return Section(id=f"observed-{index}", title="Seen during the run", facts=facts)


def _energy(index: int, found: Energy, flags: str) -> Section:
    note = verdict_note(found.verdict, [], flags)
    facts = [
        Fact(label="Joules a sample", cell=value_cell(found.energy_j, found.reason, note=note)),
        Fact(label="Mean watts", cell=value_cell(found.power_w, found.reason)),
        Fact(label="Source", cell=text_cell(" ".join(filter(None, [found.source, found.scope])), absent="none")),
        *_plain(found.facts, ""),
    ]
    items = [Cell(value=line, text=f"Tried: {clean(line)}") for line in found.tried]
    enable = [f"To enable it: {clean(found.how_to_enable)}"] if found.how_to_enable else []
    return Section(id=f"energy-{index}", title="Energy", facts=facts, items=items, paragraphs=enable)
