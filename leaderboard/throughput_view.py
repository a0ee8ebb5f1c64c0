"""Throughput in full: a row for every batch size, where the sweep over them ended and why, and its knee."""

from collections.abc import Sequence

from harness.record import Sweep, Throughput, Timing
from leaderboard.numbers import span_text, text_cell, value_cell, verdict_note
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name
from leaderboard.view import Section

MIB = 2**20
MOST_SIZES = 40
COLUMNS = (
    Column(key="batch_size", title="Batch", numeric=True, header=True),
    Column(key="throughput_per_s", title="Samples a second", unit="1/s", numeric=True, better="higher"),
    Column(key="timed", title="Timed"),
    Column(key="verdict", title="Verdict"),
    Column(key="host_memory_mib", title="Peak memory", unit="MiB", numeric=True, better="lower"),
    Column(key="device_memory_mib", title="On the device", unit="MiB", numeric=True, better="lower"),
)


def throughput_section(
    found: Sequence[Throughput], sweep: Sweep | None, flags: str, timings: Sequence[Timing]
) -> Section:
    """Every rate with its interval, verdict and memory; the sweep in words."""
    rows = tuple(_row(index, item, sweep, flags, timings) for index, item in enumerate(found[:MOST_SIZES]))
    table = Table(
        id="throughput-table", caption="Samples a second by batch size", columns=COLUMNS, rows=rows, data="throughput"
    )
    return Section(id="throughput", title="Throughput", paragraphs=_swept(sweep), tables=[table] if rows else [])


def _swept(sweep: Sweep | None) -> list[str]:
    if sweep is None:
        return []
    sizes = ", ".join(map(str, sweep.batch_sizes[:MOST_SIZES]))
    knee = (
        "No knee is known"
        if sweep.knee is None
        else f"The knee is batch {sweep.knee}: the least within 3 % of the best"
    )
    return [f"Batches of {sizes or 'no size'} took turns. The sweep ended: {clean(sweep.ended, 300)}. {knee}."]


def _row(index: int, found: Throughput, sweep: Sweep | None, flags: str, timings: Sequence[Timing]) -> Row:
    muted = found.verdict != "stable" or bool(flags)
    knee = sweep is not None and sweep.knee == found.batch_size and "blocks" in found.facts
    rate = value_cell(found.value, found.reason, note=found.reason, muted=muted)
    timed = ", ".join(str(found.facts[key]) for key in ("scenario", "span", "from", "backend") if found.facts.get(key))
    cells = (
        Cell(value=found.batch_size, text=str(found.batch_size), sub="the knee" if knee else ""),
        rate if rate.missing else _between(rate, found),
        text_cell(name(timed)),
        Cell(value=found.verdict, text=found.verdict, reason=_why(found, flags, timings), muted=muted),
        _mib(found.peak_memory_bytes),
        _mib(found.device_memory_bytes),
    )
    return Row(id=f"throughput-{index}", cells=cells, muted=muted)


def _between(rate: Cell, found: Throughput) -> Cell:
    return Cell(
        value=rate.value, text=rate.text, low=found.low, high=found.high, span=span_text(found.low, found.high),
        reason=rate.reason, muted=rate.muted,
    )  # fmt: skip


def _why(found: Throughput, flags: str, timings: Sequence[Timing]) -> str:
    """What is derived from a latency has its reasons; they are not said again."""
    if found.verdict == "not measured":
        return ""
    if found.reasons and any(timing.reasons == found.reasons for timing in timings):
        return f"{found.verdict}, as the latency above"
    return clean(verdict_note(found.verdict, found.reasons, "" if timings else flags), 600)


def _mib(size: int | None) -> Cell:
    return Cell(text="-", muted=True) if size is None else value_cell(size / MIB)
