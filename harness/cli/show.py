"""A record as a person reads it in a terminal."""

from collections.abc import Mapping

from harness.cli.arguments import print_json
from harness.cli.terminal import table
from harness.declaration import plural
from harness.record import Measurements, Metric, Quantile, Record, Span, Timing, encode
from harness.runs import Outcome
from harness.summary import headlines, method_name


def print_outcome(outcome: Outcome, places: Mapping[str, str], known: str, as_json: bool) -> int:
    """Print a run's record, or the result and where everything is; `known` is said of a record that was there before."""
    record = outcome.record
    if as_json:
        print_json(encode(record))
        return 0
    note = "" if outcome.new else f" ({known})"
    lines = [show_record(record), "", f"record        {outcome.path}{note}"]
    lines += [f"{name:<14}{place}" for name, place in places.items()]
    if record.task.origin == "sample":
        lines.append(
            f"This is the generated sample of {record.task.id}, not the benchmark; --data DIR names the real one."
        )
    if record.submission.weights.kind == "random":
        lines.append("The weights are random: the run was timed, and nothing is scored.")
    print("\n".join(lines))
    return 0


def show_record(record: Record) -> str:
    """Scores with intervals, latency, energy, cost, the data set's notice, warnings."""
    task = record.task
    count = f"{record.metrics[0].n if record.metrics else task.samples} {plural(task.unit)}"
    head = f"{task.title}, {task.split}, protocol {task.protocol}: {method_name(record)}, {count}"
    if task.origin == "sample":
        head += " of the generated sample"
    elif task.origin == "custom":
        head += " of your own data"
    shown = headlines(record)
    parts = [head, "", show_metrics(shown)]
    left = len(record.metrics) - len(shown)
    parts += [f"({left} more metrics are in the record; --json prints them)"] if left else []
    measured = show_measurements(record.measurements)
    if measured:
        parts += ["", measured]
    parts += ["", f"note: {task.notice}"] if task.notice else []
    parts += ["", *[f"warning: {text}" for text in record.warnings]] if record.warnings else []
    parts += [f"not ranked ({flag.scope}): {flag.text}" for flag in record.flags]
    return "\n".join(parts)


def show_metrics(metrics: list[Metric]) -> str:
    """One line a metric: value, interval or why there is none."""
    rows = []
    for metric in metrics:
        value = "-" if metric.value is None else f"{metric.value:.{metric.decimals}f}"
        found = metric.interval
        between = "" if found is None else f"[{found.low:.{metric.decimals}f}, {found.high:.{metric.decimals}f}]"
        rows.append((metric.name, value, metric.unit, between or metric.reason, metric.protocol))
    return table(rows, ("metric", "value", "unit", "95 % interval", "protocol"), right=(1,))


def show_measurements(measured: Measurements) -> str:
    """Latency, throughput, energy, cost; what is absent says why."""
    lines = [line for timing in measured.latency for line in _latency(timing)]
    lines += [
        f"throughput    {item.value:.1f} samples/s at batch {item.batch_size}"
        if item.value is not None
        else f"throughput    not measured: {item.reason}"
        for item in measured.throughput
    ]
    lines += [f"observed      {_number(item.value)} {item.unit} {item.summary}".rstrip() for item in measured.observed]
    for energy in measured.energy:
        if energy.energy_j is None:
            lines.append(f"energy        not measured: {energy.reason}")
        else:
            lines.append(
                f"energy        {energy.energy_j:.4g} J a sample, {_number(energy.power_w)} W ({energy.source}, {energy.verdict})"
            )
    if measured.cost is not None:
        cost = measured.cost
        known = f"{cost.parameters:,}" if cost.parameters is not None else f"not counted: {cost.reason}"
        lines.append(f"parameters    {known}")
        if cost.macs is not None:
            partly = "" if cost.complete else f" (incomplete: no formula for {', '.join(cost.uncounted)})"
            lines.append(f"operations    {cost.macs / 1e9:.4g} GMACs a sample at {cost.input}{partly}")
    return "\n".join(lines)


def _latency(timing: Timing) -> list[str]:
    rows = [f"latency       {timing.verdict}, batch {timing.batch_size}, milliseconds a sample"]
    rows += [f"  {span.name:<12}{_quantiles(span)}" for span in timing.spans]
    rows += [f"  {timing.verdict} because {reason}" for reason in timing.reasons]
    return rows


def _quantiles(span: Span) -> str:
    named = (("p50", span.p50), ("p90", span.p90), ("p99", span.p99))
    shown = [f"{name} {_number(found.value)}{_between(found)}" for name, found in named if found.value is not None]
    return f"{', '.join(shown) or f'no percentile, {span.p50.reason}'}  (n = {span.n})"


def _between(found: Quantile) -> str:
    return "" if found.low is None else f" [{_number(found.low)}, {_number(found.high)}]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
