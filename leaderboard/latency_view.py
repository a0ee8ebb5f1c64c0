"""How the latency of a submission is spread, host by host: a drawing and a table of percentiles."""

from collections.abc import Callable, Iterable, Sequence

from harness.record import Host, Record, Span, Timing
from harness.summary import headline_span, method_name
from leaderboard.boards import short_hash, speed_flags
from leaderboard.cells import METHOD, RECORD, host_path, method_cell, record_cell
from leaderboard.numbers import MUTED_VERDICTS, missing, quantile_cell, quiet, text_cell, value_cell
from leaderboard.range_plot import Range, RangePlot, describe, range_height
from leaderboard.speed_view import verdict_cell
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.trade_view import LARGEST, PlotPaths
from leaderboard.view import Picture, Section

RangeFiles = Callable[[RangePlot], PlotPaths]
"""Draws spreads unless they are there."""
MOST_DRAWN = 12
MOST_CAUSES = MOST_SPANS = 6
MOST_BUCKETS = 40
MOST_SIZED = 3
"""Tables by size on one page."""
CAPTION = (
    "Thin line: from the least to the 99th percentile, or as far as was measured; thick: median to 90th; tick: median."
)


def latency_sections(records: Iterable[Record], draw: RangeFiles) -> list[Section]:
    """A section for every host that timed the submission."""
    by_host: dict[str, list[tuple[Record, Timing, Span]]] = {}
    for record in records:
        for timing in record.measurements.latency:
            if record.host is not None and (span := headline_span(timing)) is not None:
                by_host.setdefault(record.host.host_id, []).append((record, timing, span))
    return [_section(found, draw) for _, found in sorted(by_host.items())]


def _section(found: Sequence[tuple[Record, Timing, Span]], draw: RangeFiles) -> Section:
    host = found[0][0].host
    assert isinstance(host, Host)  # only timings with a host are grouped
    stem = short_hash(host.host_id)
    title = f"Latency on {name(host.title)}"
    ranges = tuple(item for record, timing, span in found if (item := _range(record, timing, span)))[:MOST_DRAWN]
    pictures = []
    if ranges:
        plot = RangePlot(title=title, ranges=ranges)
        files = draw(plot)
        pictures.append(Picture(
            light=files.light, dark=files.dark, data=files.data, alt=describe(plot), caption=CAPTION,
            height=round(range_height(plot) * 72),
        ))  # fmt: skip
    items = [text_cell("This host and everything timed on it", href=host_path(host))]
    sized = [(record, timing) for record, timing, _ in found if timing.sizes][:MOST_SIZED]
    by_size = [
        table
        for index, (record, timing) in enumerate(sized)
        for table in size_tables(index, timing, f"{stem}-", f" of {method_name(record)} on {record.task.id}")
    ]
    return Section(
        id=f"latency-{stem}", title=title, items=items, pictures=pictures,
        tables=[_table(title, stem, found), *by_size],
    )  # fmt: skip


def _range(record: Record, timing: Timing, span: Span) -> Range | None:
    values = [value for value in (span.min, span.p50.value, span.p90.value, span.p99.value) if value is not None]
    if span.p50.value is None or not all(0 < value < LARGEST for value in values):
        return None
    label = f"{method_name(record)}, {record.task.id}, {span.name}, batch {timing.batch_size}"
    return Range(
        label=label,
        least=span.min,
        p50=span.p50.value,
        p90=span.p90.value,
        p99=span.p99.value,
        stable=timing.verdict == "stable" and not speed_flags(record, "speed"),
    )


def _table(title: str, stem: str, found: Sequence[tuple[Record, Timing, Span]]) -> Table:
    columns = (
        METHOD,
        Column(key="task", title="Task"),
        Column(key="condition", title="Timed"),
        Column(key="least_ms", title="Least", unit="ms", numeric=True, better="lower"),
        Column(key="p50_ms", title="Median", unit="ms", numeric=True, better="lower"),
        Column(key="p90_ms", title="90 %", unit="ms", numeric=True, better="lower"),
        Column(key="p99_ms", title="99 %", unit="ms", numeric=True, better="lower"),
        Column(key="blocks", title="Blocks", numeric=True, help="That count, from all processes."),
        Column(key="dropped_share", title="Left out", numeric=True, help="Blocks left out for what disturbed them."),
        Column(key="verdict", title="Verdict"),
        RECORD,
    )
    rows = tuple(_row(f"{stem}-{index}", *item) for index, item in enumerate(found))
    return Table(id=f"latency-table-{stem}", caption=title, columns=columns, rows=rows, data=f"latency-{stem}")


def _row(id: str, record: Record, timing: Timing, span: Span) -> Row:
    condition = name(
        f"{span.name}, {record.run.device or 'device not stated'}, {timing.dtype}, batch {timing.batch_size}"
    )
    cells = (
        method_cell(record),
        text_cell(name(record.task.id)),
        Cell(value=condition, text=condition),
        value_cell(span.min, "it was not timed"),
        *[quiet(quantile_cell(item, timing)) for item in (span.p50, span.p90, span.p99)],
        _blocks_cell(timing, span),
        dropped_cell(timing),
        verdict_cell(record, timing),
        record_cell(record),
    )
    return Row(id=f"lat-{id}", cells=cells, muted=timing.verdict in MUTED_VERDICTS)


def _blocks_cell(timing: Timing, span: Span) -> Cell:
    processes = f"{timing.processes} process{'' if timing.processes == 1 else 'es'}"
    return Cell(value=span.blocks, text=str(span.blocks), sub=processes)


def dropped_cell(timing: Timing) -> Cell:
    """The share of the blocks that were left out for their cause, with how many each cause took."""
    if timing.dropped_share is None:
        return missing("the record does not tell", "not stated")
    causes = timing.conditions.get("dropped_because")
    parts = [f"{name(str(cause))} {number}" for cause, number in causes.items()] if isinstance(causes, dict) else []
    return Cell(
        value=timing.dropped_share, text=f"{100 * timing.dropped_share:.0f} %", sub=", ".join(parts[:MOST_CAUSES])
    )


def size_tables(index: int, timing: Timing, stem: str = "", about: str = "") -> list[Table]:
    """Medians by size of the input: one table where inputs differ in size, none else."""
    if not timing.sizes:
        return []
    spans = list(dict.fromkeys(key for bucket in timing.sizes for key in bucket.p50))[:MOST_SPANS]
    keys = unique(f"{clean(span, 40)}_p50_ms" for span in spans)
    columns = (
        Column(key="elements", title="Elements of an input", header=True),
        Column(key="inputs", title="Inputs", numeric=True),
        Column(key="n", title="Timed", numeric=True),
        *[
            Column(key=key, title=f"{name(span)}, median", unit="ms", numeric=True, better="lower")
            for key, span in zip(keys, spans, strict=True)
        ],
    )
    rows = tuple(
        Row(
            id=f"size-{stem}{index}-{place}",
            cells=(
                text_cell(name(bucket.name)),
                value_cell(bucket.inputs),
                value_cell(max(bucket.n.values(), default=0)),
                *[value_cell(bucket.p50.get(span), "not reached") for span in spans],
            ),
            muted=timing.verdict in MUTED_VERDICTS,
        )
        for place, bucket in enumerate(timing.sizes[:MOST_BUCKETS])
    )
    caption = f"Milliseconds a sample by size of the input{name(about)}"
    return [Table(id=f"sizes-{stem}{index}", caption=caption, columns=columns, rows=rows, data=f"sizes-{stem}{index}")]
