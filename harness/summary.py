"""What people look at first in a record, picked out once for tables, exports and pages."""

from harness.record import Cost, Energy, Metric, Record, Span, Timing

MOST_HEADLINES = 16
"""More metrics than these are not read at a glance."""


def span(record: Record, name: str) -> Span | None:
    """The latency span `name` of the first timing."""
    timings = record.measurements.latency
    return next((item for item in timings[0].spans if item.name == name), None) if timings else None


def latency_of(record: Record) -> tuple[float | None, str] | None:
    """Median milliseconds of the headline span and the verdict; None where nothing was timed."""
    timings = record.measurements.latency
    chosen = headline_span(timings[0]) if timings else None
    return None if chosen is None else (chosen.p50.value, timings[0].verdict)


def headline_span(timing: Timing) -> Span | None:
    """The span that stands for the method: the one that its verdict judged (of a tracker `update`, not `init`).

    Where the conditions name none: `forward`, else the first; None where nothing was timed.
    """
    spans = {span.name: span for span in reversed(timing.spans)}
    judged = timing.conditions.get("headline")
    named = spans.get(judged) if isinstance(judged, str) else None
    return named or spans.get("forward") or next(iter(timing.spans), None)


def energy_of(record: Record) -> Energy | None:
    """The first energy measurement."""
    return record.measurements.energy[0] if record.measurements.energy else None


def cost_of(record: Record) -> Cost | None:
    """Parameters and operations."""
    return record.measurements.cost


def method_name(record: Record) -> str:
    """Submission and variant, as a person writes them."""
    part = record.submission
    return f"{part.name} ({part.variant})" if part.variant else part.name


def headlines(record: Record) -> list[Metric]:
    """The metrics to read first, in the record's order: those that are not minor, and the main one; at most 16.

    Where there are more, those of the record's own protocol go before the others.
    """
    main = record.main
    chosen = [metric for metric in record.metrics if not metric.minor or metric is main]
    by_weight = sorted(chosen, key=lambda m: (m is not main, m.protocol != record.task.protocol))[:MOST_HEADLINES]
    kept = {id(metric) for metric in by_weight}
    return [metric for metric in chosen if id(metric) in kept]
