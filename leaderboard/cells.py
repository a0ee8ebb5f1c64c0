"""Cells that several pages share: provenance, methods, records, measurements."""

from collections.abc import Mapping, Sequence

from harness.record import Host, Record, Timing
from harness.summary import method_name
from leaderboard.boards import short_hash, speed_flags, submission_id
from leaderboard.dates import method_month, month_text
from leaderboard.numbers import (
    counted,
    measured,
    metric_cell,
    missing,
    quantile_cell,
    quiet,
    text_cell,
    value_cell,
    verdict_note,
)
from leaderboard.table import Cell, Column
from leaderboard.text import clean, day, name

SHAPES = {"reported": "○", "scored": "◐", "measured": "●", "verified": "◆", "disputed": "✕"}
MEANINGS = {
    "reported": "a paper says so",
    "scored": "this harness scored a file of predictions",
    "measured": "this harness ran the model",
    "verified": "scored again from the stored predictions, and equal",
    "disputed": "scored again from the stored predictions, and different",
}
METHOD = Column(key="submission", title="Submission", header=True, filter="text")
PROVENANCE = Column(key="provenance", title="Provenance", short=True, filter="choice")
FRONTIER = Column(
    key="frontier", title="Frontier", help="No ranked result is better in both: the score and what is named here."
)
HOST = Column(key="host", title="Timed on", filter="choice", optional=True)
YEAR = Column(
    key="year", title="Year", numeric=True, filter="range", optional=True, help="Of the paper, else of the run."
)
DATE = Column(key="date", title="Date", short=True)
RECORD = Column(key="record", title="Record", short=True)


def host_path(host: Host) -> str:
    """The page of a host, from the site's root."""
    return f"h/{short_hash(host.host_id)}/index.html"


def host_cell(record: Record) -> Cell:
    """The machine that timed the result, linked to its page."""
    host = record.host
    if host is None or not (record.measurements.latency or record.measurements.energy):
        return missing("", "not timed")
    return Cell(value=clean(host.title, 120), text=name(host.title), href=host_path(host), sub=name(host.host_id)[:8])


def year_cell(record: Record) -> Cell:
    """The year in which the method appeared, the month beneath."""
    month = method_month(record)
    return missing("", "no date") if month is None else Cell(value=month[0], text=month_text(month))


def frontier_cell(lies: Mapping[str, Sequence[str]], record: Record) -> Cell:
    """On which frontiers the record lies, by a star and in words."""
    found = lies.get(record.id)
    return Cell(value="; ".join(found), text="; ".join(found), shape="★") if found else Cell(text="no", muted=True)


def record_path(record: Record) -> str:
    """The page of a record, from the site's root."""
    return f"r/{record.id}/index.html"


def submission_path(record: Record) -> str:
    """The page of a record's submission, from the site's root."""
    return f"s/{submission_id(record)}/index.html"


def method_cell(record: Record) -> Cell:
    """The method, linked to its page; beneath it the hash of its name, since names may look alike."""
    sub = f"seed group {name(record.seed_group)}" if record.seed_group else ""
    return Cell(value=method_name(record), text=name(method_name(record)), href=submission_path(record), sub=sub)


def score_cell(record: Record) -> Cell:
    """The main metric with its interval; why there is no interval is said with its rank."""
    return quiet(metric_cell(record.main, "nothing was scored"))


def provenance_cell(record: Record) -> Cell:
    """Where the number comes from, by word and shape."""
    return Cell(value=record.provenance, text=record.provenance, shape=SHAPES[record.provenance])


def record_cell(record: Record) -> Cell:
    """A record's id, linked to its page."""
    return Cell(value=record.id, text=record.id[:8], href=record_path(record))


def date_cell(record: Record) -> Cell:
    """The day on which a run finished, or of the source."""
    stated = record.run.finished or (record.source.date if record.source else "")
    return text_cell(day(stated), absent="no date")


def latency_cell(record: Record, timing: Timing | None, span: str, quantile: str = "p50") -> Cell:
    """A percentile of a span of `timing`; grey where it may not be compared, which `verdict_cell` explains."""
    if timing is None:
        return missing(record.measurements.reason)
    found = next((item for item in timing.spans if item.name == span), None)
    if found is None:
        return missing(f"there is no span {span}")
    return quiet(quantile_cell(getattr(found, quantile), timing, speed_flags(record, "speed")))


def throughput_cell(record: Record, batch_size: int) -> Cell:
    """Samples a second at a batch size."""
    found = next((item for item in record.measurements.throughput if item.batch_size == batch_size), None)
    if found is None:
        return missing(record.measurements.reason or f"no throughput was measured at batch size {batch_size}")
    flags = speed_flags(record, "speed")
    note = verdict_note(found.verdict, found.reasons, flags)
    return quiet(value_cell(found.value, found.reason, note=note, muted=found.verdict != "stable" or bool(flags)))


def observed_cell(record: Record, kind: str) -> Cell:
    """A speed of the run itself; grey where speed is not compared, which the verdict's cell explains."""
    found = next((item for item in record.measurements.observed if item.name == kind), None)
    if found is None:
        return missing("it was not seen in this run")
    flags = speed_flags(record, "speed")
    return quiet(value_cell(found.value, note=flags, muted=bool(flags)))


def energy_cell(record: Record) -> Cell:
    """Joules a sample."""
    found = next(iter(record.measurements.energy), None)
    if found is None:
        return missing(record.measurements.reason)
    flags = speed_flags(record, "energy")
    note = verdict_note(found.verdict, [found.reason] if found.reason else [], flags)
    return value_cell(found.energy_j, found.reason, note=note, muted=found.verdict != "stable" or bool(flags))


def parameters_cell(record: Record) -> Cell:
    """Number of parameters."""
    cost = record.measurements.cost
    if cost is None or cost.parameters is None:
        return missing(cost.reason if cost else record.measurements.reason, "not counted")
    return Cell(value=cost.parameters, text=counted(cost.parameters))


def macs_cell(record: Record) -> Cell:
    """Multiply-accumulates of one sample; a lower bound says so."""
    cost = record.measurements.cost
    if cost is None or cost.macs is None:
        return missing(cost.reason if cost else record.measurements.reason, "not counted")
    bound = "" if cost.complete else "≥ "
    lower = f"a lower bound: no formula for {', '.join(cost.uncounted) or 'some operators'}"
    return Cell(value=cost.macs, text=bound + counted(cost.macs), reason="" if cost.complete else lower)


def memory_cell(record: Record) -> Cell:
    """Peak memory in MiB."""
    found = record.measurements.peak_memory_bytes
    return (
        missing(record.measurements.reason)
        if found is None
        else Cell(value=found / 2**20, text=measured(found / 2**20))
    )
