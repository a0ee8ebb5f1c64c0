"""A record as a person reads it in a terminal."""

from collections.abc import Mapping

from harness.cli.arguments import print_json
from harness.cli.show_cost import cost_lines
from harness.cli.show_speed import number, show_latency, show_throughput
from harness.cli.terminal import table
from harness.declaration import plural
from harness.record import Energy, Measurements, Metric, Record, encode
from harness.runs import NOT_ASKED, Outcome
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
    lines = [f"not measured: {measured.reason}"] if measured.reason not in ("", NOT_ASKED.reason) else []
    lines += [line for timing in measured.latency for line in show_latency(timing)]
    lines += show_throughput(measured.throughput, measured.sweep)
    lines += [f"observed      {number(item.value)} {item.unit} {item.summary}".rstrip() for item in measured.observed]
    lines += [line for energy in measured.energy for line in _energy(energy)]
    if measured.cost is not None:
        lines += cost_lines(measured.cost)
    return "\n".join(lines)


def _energy(energy: Energy) -> list[str]:
    """Joules with their source, or why there are none and what would allow them."""
    if energy.energy_j is None:
        lines = [f"energy        not measured: {energy.reason}"]
        return [*lines, f"              to enable: {energy.how_to_enable}"] if energy.how_to_enable else lines
    net = ""
    if energy.net_energy_j is not None:
        net = f" ({energy.net_energy_j:.4g} J above {number(energy.idle_w)} W of idling)"
    source = f"{energy.source}, {energy.scope}, {energy.verdict}"
    lines = [f"energy        {energy.energy_j:.4g} J a sample{net}, {number(energy.power_w)} W ({source})"]
    return [*lines, f"              {energy.reason}"] if energy.reason else lines
