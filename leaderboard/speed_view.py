"""Speed and energy of a board's results, one section for every host: numbers of two hosts never share a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.record import Host, Observed, Record, Timing
from harness.summary import energy_of, headline_span
from leaderboard.board_tables import without_columns
from leaderboard.boards import main_metric, short_hash, speed_flags
from leaderboard.cells import (
    FRONTIER,
    METHOD,
    RECORD,
    energy_cell,
    frontier_cell,
    host_path,
    latency_cell,
    memory_cell,
    method_cell,
    observed_cell,
    record_cell,
    score_cell,
    throughput_cell,
)
from leaderboard.entries import Entry
from leaderboard.numbers import MUTED_VERDICTS, text_cell
from leaderboard.plot import Point, Scatter
from leaderboard.ranks import RankRange
from leaderboard.speed_ranks import energy_ranks, speed_ranks
from leaderboard.standings import Standings
from leaderboard.table import Cell, Column, Row, Table, unique
from leaderboard.text import clean, name
from leaderboard.trade_view import LARGEST, Frontiers, PlotFiles, Trade, frontiers, picture, point_at, score_title
from leaderboard.view import Section

Condition = tuple[str, str, str, int, str]
"""What speeds must share to be compared: host, device, dtype, batch size, headline span."""

MOST_SEEN = 4
"""No task has more kinds of speed; a stranger's record may state any number."""

COLUMNS = (
    METHOD,
    Column(
        key="speed_rank",
        title="Speed rank",
        numeric=True,
        better="lower",
        help="Of the stable medians on this host: the range of places that their intervals allow.",
    ),
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
    Column(
        key="energy_rank",
        title="Energy rank",
        numeric=True,
        better="lower",
        help="Of the stable energies on this host.",
    ),
    Column(key="peak_memory_mib", title="Peak memory", unit="MiB", numeric=True, better="lower"),
    FRONTIER,
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


@dataclass(frozen=True, slots=True)
class Timed:
    """What was timed on one host under one condition."""

    condition: Condition
    results: tuple[tuple[Record, Timing], ...]

    @property
    def stem(self) -> str:
        """Stands for the condition in names."""
        return short_hash("\0".join(map(str, self.condition)))

    @property
    def words(self) -> str:
        """The condition as people read it."""
        host_id, device, dtype, batch, _ = self.condition
        return f"{name(device) or 'device not stated'}, {name(dtype)}, batch {batch}, host {name(host_id)[:12]}"


def timed_groups(entries: Sequence[Entry]) -> list[Timed]:
    """The timings of `entries` by host and condition."""
    groups: dict[Condition, list[tuple[Record, Timing]]] = {}
    for entry in entries:
        for timing in entry.record.measurements.latency:
            condition = _condition(entry.record, timing)
            if condition is not None:
                groups.setdefault(condition, []).append((entry.record, timing))
    return [Timed(condition, tuple(groups[condition])) for condition in sorted(groups)]


def speed_trades(groups: Sequence[Timed], found: Standings) -> dict[str, list[Trade]]:
    """The plots of latency and of energy, by the stem of their host and condition."""
    several = sum(len(group.results) > 1 for group in groups) > 1
    return {group.stem: _trades(group, found, alone=not several) for group in groups}


def _trades(group: Timed, found: Standings, *, alone: bool) -> list[Trade]:
    span = group.condition[-1]
    place = "" if alone else f", host {name(group.condition[0])[:6]} batch {group.condition[3]}"
    latency = [_latency_point(record, timing, found) for record, timing in group.results]
    energy = [_energy_point(record, found) for record, _ in group.results]
    of = "forward pass" if span == "forward" else clean(span, 30)
    titled = (
        (latency, "latency", f"median latency of one {of}, ms"),
        (energy, "energy", "energy of one sample, J"),
    )
    made = []
    for points, called, x_title in titled:
        scatter = _scatter(f"score against {called}, {group.words}", x_title, points, group)
        made += [Trade(scatter, called + place)] if scatter else []
    return made


def _condition(record: Record, timing: Timing) -> Condition | None:
    span = headline_span(timing)
    if record.host is None or span is None:
        return None
    return record.host.host_id, record.run.device, timing.dtype, timing.batch_size, span.name


def speed_sections(
    groups: Sequence[Timed], plotted: Mapping[str, Sequence[Trade]], draw: PlotFiles
) -> list[tuple[Section, Table]]:
    """A section, with its table, for every host and condition that some result was timed under."""
    return [_section(group, plotted[group.stem], draw) for group in groups]


def _section(group: Timed, plotted: Sequence[Trade], draw: PlotFiles) -> tuple[Section, Table]:
    host_id, _, _, _, span = group.condition
    host, stem = group.results[0][0].host, group.stem
    title = f"Speed on {name(host.title) if isinstance(host, Host) else host_id}"
    seen = _seen(record for record, _ in group.results)
    lies = frontiers(plotted)
    ranks = {
        "speed_rank": speed_ranks(group.results, span),
        "energy_rank": energy_ranks(record for record, _ in group.results),
    }
    rows = tuple(
        _row(f"{stem}-{index}", record, timing, span, seen, lies, ranks)
        for index, (record, timing) in enumerate(group.results)
    )
    table = Table(
        id=f"t-{stem}",
        caption=f"{title}: {group.words}",
        columns=_columns(span, seen),
        rows=rows,
        data=f"speed-{stem}",
    )
    table = without_columns(table, {key for key, places in ranks.items() if not places})
    pictures = [picture(item.scatter, draw, f"By {item.called.partition(',')[0]}.") for item in plotted]
    texts = [f"Measured on one host under one condition ({group.words}); speeds of different hosts are not compared."]
    if not pictures:
        texts.append("There is no plot: no result here has both a score and a median latency.")
    items = [text_cell("This host and everything timed on it", href=host_path(host))] if isinstance(host, Host) else []
    return (
        Section(id=f"speed-{stem}", title=title, paragraphs=texts, items=items, pictures=pictures, tables=[table]),
        table,
    )


def _row(
    id: str,
    record: Record,
    timing: Timing,
    span: str,
    seen: Iterable[str],
    lies: Frontiers,
    ranks: Mapping[str, Mapping[str, RankRange]],
) -> Row:
    cells = (
        method_cell(record),
        place_cell(ranks["speed_rank"].get(record.id)),
        score_cell(record),
        latency_cell(record, timing, span),
        latency_cell(record, timing, span, "p90"),
        latency_cell(record, timing, "end_to_end"),
        throughput_cell(record, timing.batch_size),
        *[observed_cell(record, found) for found in seen],
        energy_cell(record),
        place_cell(ranks["energy_rank"].get(record.id)),
        memory_cell(record),
        frontier_cell(lies, record),
        verdict_cell(record, timing),
        record_cell(record),
    )
    return Row(id=f"s-{id}", cells=cells, muted=timing.verdict in MUTED_VERDICTS)


def place_cell(place: RankRange | None) -> Cell:
    """A range of places; why there is none is said by the verdict or the provenance."""
    if place is None:
        return Cell(text="not ranked", muted=True)
    return Cell(value=place.best, text=str(place), low=place.best, high=place.worst)


def verdict_cell(record: Record, timing: Timing) -> Cell:
    """Whether the timing may be believed, and why not."""
    reasons = [*timing.reasons, speed_flags(record, "speed")]
    cell = text_cell(timing.verdict)
    return Cell(
        value=cell.value, text=cell.text, reason="; ".join(filter(None, reasons)), muted=timing.verdict != "stable"
    )


def _scatter(title: str, x_title: str, points: Sequence[Point | None], group: Timed) -> Scatter | None:
    kept = tuple(point for point in points if point is not None)
    metric = next((m for record, _ in group.results if (m := main_metric(record))), None)
    if not kept or metric is None:
        return None
    return Scatter(
        title=title,
        score_title=score_title(metric),
        higher_is_better=metric.higher_is_better,
        points=kept,
        x_title=x_title,
    )


def _latency_point(record: Record, timing: Timing, found: Standings) -> Point | None:
    span = headline_span(timing)
    if span is None or span.p50.value is None or record.submission.emulated or not 0 < span.p50.value < LARGEST:
        return None
    return point_at(
        record,
        span.p50.value,
        low=span.p50.low,
        high=span.p50.high,
        stable=timing.verdict == "stable",
        ranked=found.has_rank(record.id) and not speed_flags(record, "speed"),
    )


def _energy_point(record: Record, found: Standings) -> Point | None:
    energy = energy_of(record)
    if energy is None or energy.energy_j is None or record.submission.emulated or not 0 < energy.energy_j < LARGEST:
        return None
    return point_at(
        record,
        energy.energy_j,
        stable=energy.verdict == "stable",
        ranked=found.has_rank(record.id) and not speed_flags(record, "energy"),
    )
