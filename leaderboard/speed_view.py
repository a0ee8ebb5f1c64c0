"""Speed and energy of a board's results, one section for every host: numbers of two hosts never share a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from harness.record import Host, Observed, Record, Timing
from harness.summary import headline_span, method_name
from leaderboard.boards import main_metric, short_hash, speed_flags
from leaderboard.cells import (
    METHOD,
    RECORD,
    energy_cell,
    latency_cell,
    memory_cell,
    method_cell,
    observed_cell,
    record_cell,
    score_cell,
    throughput_cell,
)
from leaderboard.drawing import POINTS_PER_INCH
from leaderboard.entries import Entry
from leaderboard.numbers import MUTED_VERDICTS, text_cell
from leaderboard.plot import HEIGHT_IN, Point, Scatter, describe
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.view import Picture, Section

PlotFiles = Callable[[Scatter], tuple[str, str]]
"""Draws a scatter plot unless it is there, and gives the paths of its light and dark file."""
Condition = tuple[str, str, str, int, str]
"""What speeds must share to be compared: host, device, dtype, batch size, headline span."""

HEIGHT = round(HEIGHT_IN * POINTS_PER_INCH)
MOST_SEEN = 4
"""No task has more kinds of speed; a stranger's record may state any number."""
LARGEST = 1e9
"""Latencies and scores beyond this are in the table only."""

COLUMNS = (
    METHOD,
    Column(key="score", title="Score", numeric=True),
    Column(
        key="forward_p50_ms",
        title="Forward, median",
        unit="ms",
        numeric=True,
        better="lower",
        help="The network alone.",
    ),
    Column(key="forward_p90_ms", title="90th percentile", unit="ms", numeric=True, better="lower"),
    Column(
        key="end_to_end_p50_ms",
        title="End to end, median",
        unit="ms",
        numeric=True,
        better="lower",
        help="From sample to answer.",
    ),
    Column(key="throughput_per_s", title="Throughput", unit="1/s", numeric=True, better="higher"),
    Column(key="energy_j", title="Energy", unit="J", numeric=True, better="lower", help="Gross joules a sample."),
    Column(key="peak_memory_mib", title="Peak memory", unit="MiB", numeric=True, better="lower"),
    Column(key="verdict", title="Verdict"),
    RECORD,
)


def _columns(span: str, seen: Mapping[str, Observed]) -> tuple[Column, ...]:
    """`COLUMNS` under the name of the span that was timed (a tracker's update), with the speeds `seen` before the energy."""
    named = [column if span == "forward" else _of_span(column, span) for column in COLUMNS]
    at = next(index for index, column in enumerate(named) if column.key == "energy_j")
    columns = (*named[:at], *map(_seen_column, seen.values()), *named[at:])
    keys = unique(column.key for column in columns)
    return tuple(replace(column, key=key) for column, key in zip(columns, keys, strict=True))


def _of_span(column: Column, span: str) -> Column:
    if not column.key.startswith("forward_"):
        return column
    key = column.key.replace("forward", clean(span, 40), 1)
    return replace(column, key=key, title=column.title.replace("Forward", name(span).capitalize()), help="")


def _seen_column(found: Observed) -> Column:
    return Column(
        key=clean(found.name, 40),
        title=name(found.title),
        unit=name(found.unit),
        numeric=True,
        better="higher",
        help="Over the whole run, while the answers were made; nothing watched for disturbances meanwhile.",
    )


def _seen(records: Iterable[Record]) -> dict[str, Observed]:
    """Each kind of speed that some run saw, by name."""
    found: dict[str, Observed] = {}
    for record in records:
        for item in record.measurements.observed:
            found.setdefault(item.name, item)
    return dict(list(found.items())[:MOST_SEEN])


def speed_sections(entries: Sequence[Entry], found: Standings, plots: PlotFiles) -> list[tuple[Section, Table]]:
    """A section, with its table, for every host and condition that some result was timed under."""
    groups: dict[Condition, list[tuple[Record, Timing]]] = {}
    for entry in entries:
        for timing in entry.record.measurements.latency:
            condition = _condition(entry.record, timing)
            if condition is not None:
                groups.setdefault(condition, []).append((entry.record, timing))
    return [_section(condition, groups[condition], found, plots) for condition in sorted(groups)]


def _condition(record: Record, timing: Timing) -> Condition | None:
    span = headline_span(timing)
    if record.host is None or span is None:
        return None
    return record.host.host_id, record.run.device, timing.dtype, timing.batch_size, span.name


def _section(
    condition: Condition, timed: list[tuple[Record, Timing]], found: Standings, plots: PlotFiles
) -> tuple[Section, Table]:
    host_id, device, dtype, batch, span = condition
    host = timed[0][0].host
    title = f"Speed on {name(host.title) if isinstance(host, Host) else host_id}"
    stem = short_hash("\0".join(map(str, condition)))
    conditions = f"{name(device) or 'device not stated'}, {name(dtype)}, batch {batch}, host {name(host_id)[:12]}"
    seen = _seen(record for record, _ in timed)
    rows = tuple(_row(f"{stem}-{index}", record, timing, span, seen) for index, (record, timing) in enumerate(timed))
    table = Table(
        id=f"t-{stem}", caption=f"{title}: {conditions}", columns=_columns(span, seen), rows=rows, data=f"speed-{stem}"
    )
    scatter = _scatter(f"score against latency, {conditions}", timed, found, span)
    pictures: list[Picture] = []
    if scatter is not None:
        light, dark = plots(scatter)
        pictures = [Picture(light=light, dark=dark, alt=describe(scatter), caption=_caption(scatter), height=HEIGHT)]
    texts = [f"Measured on one host under one condition ({conditions}); speeds of different hosts are not compared."]
    if not pictures:
        texts.append("There is no plot: no result here has both a score and a median latency.")
    return Section(id=f"speed-{stem}", title=title, paragraphs=texts, pictures=pictures, tables=[table]), table


def _row(id: str, record: Record, timing: Timing, span: str, seen: Iterable[str]) -> Row:
    cells = (
        method_cell(record),
        score_cell(record),
        latency_cell(record, timing, span),
        latency_cell(record, timing, span, "p90"),
        latency_cell(record, timing, "end_to_end"),
        throughput_cell(record, timing.batch_size),
        *[observed_cell(record, found) for found in seen],
        energy_cell(record),
        memory_cell(record),
        verdict_cell(record, timing),
        record_cell(record),
    )
    return Row(id=f"s-{id}", cells=cells, muted=timing.verdict in MUTED_VERDICTS)


def verdict_cell(record: Record, timing: Timing) -> Cell:
    """Whether the timing may be believed, and why not."""
    reasons = [*timing.reasons, speed_flags(record, "speed")]
    cell = text_cell(timing.verdict)
    return Cell(
        value=cell.value, text=cell.text, reason="; ".join(filter(None, reasons)), muted=timing.verdict != "stable"
    )


def _scatter(title: str, timed: list[tuple[Record, Timing]], found: Standings, span: str) -> Scatter | None:
    points = [point for record, timing in timed if (point := _point(record, timing, found)) is not None]
    metric = next((m for record, _ in timed if (m := main_metric(record))), None)
    if not points or metric is None:
        return None
    unit = f", {metric.unit}" if metric.unit else ""
    return Scatter(
        title=title,
        score_title=f"{metric.name}{unit}",
        higher_is_better=metric.higher_is_better,
        points=tuple(points),
        timed="forward pass" if span == "forward" else span,
    )


def _point(record: Record, timing: Timing, found: Standings) -> Point | None:
    metric, span = main_metric(record), headline_span(timing)
    if metric is None or metric.value is None or span is None or span.p50.value is None or record.submission.emulated:
        return None
    interval = metric.interval
    if not (0 < span.p50.value < LARGEST and abs(metric.value) < LARGEST):
        return None
    return Point(
        id=record.id,
        label=method_name(record),
        latency_ms=span.p50.value,
        latency_low=span.p50.low,
        latency_high=span.p50.high,
        score=metric.value,
        score_low=interval.low if interval else None,
        score_high=interval.high if interval else None,
        provenance=record.provenance,
        stable=timing.verdict == "stable",
        ranked=found.has_rank(record.id) and not speed_flags(record, "speed"),
    )


def _caption(scatter: Scatter) -> str:
    parts = ["Bars are 95 % intervals. Circle: measured; diamond: verified; cross: disputed."]
    if any(not point.stable for point in scatter.points):
        parts.append("Hollow and grey: not stable, for the reason in the table.")
    if len(scatter.frontier) > 1:
        parts.append("The dashed line joins the ranked results that no other beats in both.")
    return " ".join(parts)
