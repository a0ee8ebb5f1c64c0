"""Speeds as a person reads them in a terminal: latencies, throughput, a comparison."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.record import Quantile, Span, Sweep, Throughput, Timing
from harness.record_measurements import Judged, weighed

if TYPE_CHECKING:
    from harness.measure.comparison import Comparison, Ratio


def show_latency(timing: Timing) -> Iterator[str]:
    """The verdict, one line a span, every reason."""
    how = f"{timing.scenario}, batch {timing.batch_size}, {timing.dtype}, milliseconds a sample"
    backend = "" if timing.backend == "harness" else f" by {timing.backend}"
    yield f"latency       {timing.verdict}, {how}{backend}"
    if timing.emulated:
        yield f"  of the emulation: {timing.emulated} arithmetic in floating point, never ranked"
    width = max([12, *(len(span.name) + 2 for span in timing.spans)])
    for span in timing.spans:
        yield f"  {span.name:<{width}}{_quantiles(span)}"
    if timing.first_inference_ms is not None:
        yield f"  {'first':<{width}}{number(timing.first_inference_ms)}  (the first inference, warm-up apart)"
    if timing.query_ms:
        shown = ", ".join(f"{name} {number(value)}" for name, value in timing.query_ms.items() if value is not None)
        yield f"  {'query':<{width}}{shown or 'no percentile'}  (of {timing.batch_size} samples)"
    for bucket in timing.sizes:
        shown = ", ".join(f"{name} {number(value)}" for name, value in bucket.p50.items())
        yield f"  inputs of {bucket.name} elements ({bucket.inputs}): {shown or 'not reached'}"
    if timing.dropped_share:
        yield f"  {100 * timing.dropped_share:.0f} % of the blocks were disturbed, left out and measured again"
    yield from _because(timing)


def _quantiles(span: Span) -> str:
    named = (("p50", span.p50), ("p90", span.p90), ("p99", span.p99))
    shown = [f"{name} {number(found.value)}{_between(found)}" for name, found in named if found.value is not None]
    return f"{', '.join(shown) or f'no percentile, {span.p50.reason}'}  (n = {span.n})"


def _between(found: Quantile) -> str:
    return "" if found.low is None else f" [{number(found.low)}, {number(found.high)}]"


def show_throughput(found: Sequence[Throughput], sweep: Sweep | None) -> Iterator[str]:
    """One line an entry; the knee; why the sweep ended."""
    for item in found:
        if item.value is None:
            yield f"throughput    not measured at batch {item.batch_size}: {item.reason}"
            continue
        between = "" if item.low is None else f" [{item.low:.1f}, {item.high:.1f}]"
        knee = ", the knee" if sweep is not None and sweep.knee == item.batch_size and "blocks" in item.facts else ""
        yield (
            f"throughput    {item.value:.1f}{between} samples/s at batch {item.batch_size}"
            f" ({_scenario(item)}, {item.verdict}{_memory(item)}{knee})"
        )
    if sweep is not None:
        yield f"  the sweep ended: {sweep.ended}"


def _scenario(item: Throughput) -> str:
    span, scenario = item.facts.get("span"), item.facts.get("scenario", "")
    backend = f" by {item.facts['backend']}" if "backend" in item.facts else ""
    emulated = "of the emulation, " if item.emulated else ""
    return f"{emulated}{scenario}{f' {span}' if span else ''}{backend}"


def _memory(item: Throughput) -> str:
    host = f", {item.peak_memory_bytes / 2**20:.0f} MiB" if item.peak_memory_bytes else ""
    return host + (f", {item.device_memory_bytes / 2**20:.0f} MiB on the device" if item.device_memory_bytes else "")


def show_comparison(found: "Comparison") -> str:
    """The statement first, then every number behind it."""
    lines = [found.statement, ""]
    lines.append(f"{found.span:<14}{found.verdict}; above 1: {found.second} is faster than {found.first}")
    lines.append(f"ratio         {_ratio(found.speedup)}")
    lines.append(f"A against A   {_ratio(found.control)}")
    lines.append(f"CPU time      {_ratio(found.cpu_speedup)}  (a diagnosis, no latency)")
    floor = "not known" if found.noise_floor is None else f"{100 * found.noise_floor:.1f} %"
    lines.append(f"noise floor   {floor}")
    if found.dropped_share:
        lines.append(f"{100 * found.dropped_share:.0f} % of the units were disturbed and left out")
    return "\n".join([*lines, *_because(found)])


def _because(found: Judged) -> Iterator[str]:
    """Every reason after the verdict that it alone would give: what is mended first is then plain."""
    for weight, reason in weighed(found):
        yield f"  {weight} because {reason}"


def _ratio(found: "Ratio") -> str:
    if found.value is None:
        return f"-  ({found.reason})"
    if found.low is None or found.high is None:
        return f"{found.value:.3f}  ({found.reason})"
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]  ({found.units} units)"


def number(value: float | None) -> str:
    """Four digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"
