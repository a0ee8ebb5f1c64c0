"""Latency of a workload: blocks scattered over a time budget, with what disturbed them, and a verdict."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from harness.measure.collection import Collection, Collector, Placed
from harness.measure.disturbance import Disturbance, shares, total
from harness.measure.gpu_watch import GpuSeen, summarise
from harness.measure.items import size_range
from harness.measure.percentiles import (
    CONVENTION,
    INTERVAL,
    NESTED,
    FloatArray,
    drift,
    early_stopping_bound,
    percentile,
    quantiles,
    spearman,
)
from harness.measure.plan import Plan
from harness.measure.station import LocalStation, Station
from harness.measure.timed_loop import END_TO_END, objects_frozen
from harness.measure.verdict import Conditions, Judgement, Trend, judge
from harness.measure.workload import Workload
from harness.record import Quantile, SizeBucket, Span, Timing

CLOCK = "perf_counter_ns, the whole device synchronised at the end of every span"
MEANING = "end_to_end is timed in inferences of its own, which alternate with those timed by span"


def measure_latency(workload: Workload, *, seconds: float = 12.0, plan: Plan | None = None) -> Timing:
    """Time `workload` in this process for about `seconds` (or by `plan`): percentiles, conditions, verdict.

    Milliseconds a sample. Raises SubmissionError where the model fails, naming the input.
    """
    chosen = plan or Plan(seconds=seconds)
    with objects_frozen():
        return timing_of(collect([LocalStation(workload, chosen)], chosen))


def collect(
    stations: Sequence[Station],
    plan: Plan,
    device_processes: int = 1,
    tell: Callable[[str], None] = lambda text: None,
) -> Collection:
    """Blocks of all stations over the plan's time, and more of them while the verdict could still become stable.

    `device_processes` is how many processes on an accelerator are the measurement's own; `tell` is told why it goes on.
    """
    collector = Collector(stations, plan)
    collector.found.device_processes = device_processes
    collector.start()
    return finished(collector, tell)


def finished(collector: Collector, tell: Callable[[str], None] = lambda text: None) -> Collection:
    """The rest of the blocks: until the time is over, or the verdict is stable where they stood between other work."""
    return collector.run(_stable, tell)


def _stable(found: Collection) -> bool:
    """Whether the verdict is; intervals, which take seconds where there are many blocks, only where nothing else is amiss."""
    return not judge(conditions_of(found, ())).reasons and not judged(found).reasons


def judged(found: Collection, outputs_equal: bool | None = None) -> Judgement:
    """The verdict on what was collected so far."""
    return judge(conditions_of(found, _spans(found), outputs_equal))


def timing_of(
    found: Collection, *, outputs_equal: bool | None = None, scenario: str = "SingleStream", emulated: str = ""
) -> Timing:
    """The record's entry for what was collected."""
    ready = found.ready[0]
    spans = _spans(found)
    seen = conditions_of(found, spans, outputs_equal)
    judgement = judge(seen)
    blocks = [block.report.spans[END_TO_END] for block in found.kept()]
    whole = np.concatenate([np.asarray(values) for values in blocks])
    return Timing(
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        invalid_reasons=judgement.invalid,
        batch_size=ready.batch_size,
        spans=spans,
        scenario=scenario,
        dtype=ready.dtype,
        outputs_equal=outputs_equal,
        first_inference_ms=ready.first_ms,
        warm_up=ready.warm_up,
        conditions=msgspec.to_builtins(seen) | _setting(found),
        method="; ".join((CLOCK, MEANING, CONVENTION, NESTED if len(found.ready) > 1 else INTERVAL)),
        processes=len(found.ready),
        dropped_share=seen.dropped_share,
        sizes=_sizes(found),
        query_ms=_queries(spans, ready.batch_size) if scenario == "MultiStream" else {},
        bounds_ms={f"p{p}": early_stopping_bound(whole, p / 100) for p in (50, 90, 99)},
        emulated=emulated,
    )


def _spans(found: Collection) -> list[Span]:
    kept = found.kept()
    groups = [block.process for block in kept]
    return [_span(name, _values(kept, name), groups, found.plan.seed) for name in found.ready[0].spans]


def _values(blocks: Sequence[Placed], span: str) -> list[FloatArray]:
    return [np.asarray(block.report.spans[span], dtype=np.float64) for block in blocks]


def _span(name: str, blocks: list[FloatArray], groups: list[int], seed: int) -> Span:
    pooled = np.concatenate(blocks)
    found = quantiles(blocks, seed=seed, groups=groups)
    return Span(
        name=name,
        n=len(pooled),
        blocks=len(blocks),
        mean=float(pooled.mean()),
        min=float(pooled.min()),
        p50=found["p50"],
        p90=found["p90"],
        p99=found["p99"],
    )


def conditions_of(found: Collection, spans: Sequence[Span], outputs_equal: bool | None = None) -> Conditions:
    """What the verdict looks at, of the blocks that count; without `spans` nothing is said of intervals."""
    kept = found.kept()
    summed = total([block.report.disturbance for block in kept])
    headline = found.ready[0].headline
    medians = {span.name: span.p50 for span in spans}
    canary = _by_process(kept, [block.report.canary_ms for block in kept], min)
    unreadable = {name: why for ready in found.ready for name, why in ready.unreadable.items()}
    return Conditions(
        blocks=len(kept),
        samples=sum(len(block.report.spans[headline]) for block in kept),
        steady=all(ready.steady for ready in found.ready),
        canary_spread=percentile(canary, 0.9) - 1.0,
        canary_drift=drift(canary),
        interval_width={name: _relative_width(medians[name]) for name in (headline, END_TO_END) if name in medians},
        trend=_trend(kept, headline),
        memory=_followed(kept, headline),
        unreadable=unreadable,
        spread_s=round(found.spread_s, 3),
        dropped_share=1.0 - len(kept) / len(found.blocks),
        outputs_equal=outputs_equal,
        inputs_changed=found.changed_inputs,
        suspended_s=round(summed.suspended_ns * 1e-9, 3),
        clock_backwards=sum(ms <= 0.0 for block in kept for ms in block.report.spans[END_TO_END]),
        gpu=_gpu(found, kept),
        **_shares(found, summed),
    )


def _shares(found: Collection, kept: Disturbance) -> dict[str, float | None]:
    return shares(kept, len(found.ready[0].affinity), total([block.report.disturbance for block in found.blocks]))


def _gpu(found: Collection, kept: Sequence[Placed]) -> GpuSeen | None:
    states = [block.report.gpu for block in kept if block.report.gpu is not None]
    return summarise(states, found.device_processes) if states else None


def _by_process(blocks: Sequence[Placed], values: Sequence[float], unit: Any) -> FloatArray:
    """`values`, one a block, over their process's own `unit` (its smallest, its median)."""
    own: dict[int, list[float]] = {}
    for block, value in zip(blocks, values, strict=True):
        own.setdefault(block.process, []).append(value)
    return np.array([value / unit(own[block.process]) for block, value in zip(blocks, values, strict=True)])


def _trend(blocks: Sequence[Placed], headline: str) -> Trend | None:
    """How medians moved with time."""
    return _moved(_by_process(blocks, _medians(blocks, headline), np.median))


def _followed(blocks: Sequence[Placed], headline: str) -> Trend | None:
    """How medians moved with the copy of memory before their blocks; no latency decides which block is where."""
    copies = [block.report.memory_ms for block in blocks if block.report.memory_ms is not None]
    if len(copies) < len(blocks):
        return None
    order = np.argsort(_by_process(blocks, copies, np.median), kind="stable")
    return _moved(_by_process(blocks, _medians(blocks, headline), np.median)[order])


def _moved(medians: FloatArray) -> Trend | None:
    change = drift(medians)
    if len(medians) < 10 or change is None:
        return None
    rho, p = spearman(medians)
    return Trend(rank_correlation=rho, p=p, change=change)


def _medians(blocks: Sequence[Placed], span: str) -> list[float]:
    return [float(np.median(block.report.spans[span])) for block in blocks]


def _setting(found: Collection) -> dict[str, Any]:
    """The conditions that no verdict needs, for who wants to look."""
    first, kept = found.ready[0], found.kept()
    summed = total([block.report.disturbance for block in kept])
    causes = found.causes()
    return {
        "device": first.device,
        "threads": first.execution.get("threads"),
        "affinity": first.affinity,
        "quota_cpus": first.quota_cpus,
        "execution": first.execution,
        "distinct_inputs": first.distinct,
        "headline": first.headline,
        "seconds": round(found.seconds, 3),
        "measured_s": round(summed.wall_ns * 1e-9, 3),
        "own_cpu_s": round(summed.own_cpu_ns * 1e-9, 3),
        "voluntary_switches": summed.voluntary_switches,
        "involuntary_switches": summed.involuntary_switches,
        "minor_faults": summed.minor_faults,
        "major_faults": summed.major_faults,
        "calendar_step_s": round(summed.calendar_step_ns * 1e-9, 3),
        "canary": first.canary,
        "canary_ms": [block.report.canary_ms for block in kept],
        "memory_ms": [block.report.memory_ms for block in kept if block.report.memory_ms is not None],
        "celsius": _celsius(found.blocks),
        "block_median_ms": _medians(kept, first.headline),
        "block_process": [block.process for block in kept],
        "blocks_run": len(found.blocks),
        "dropped_because": dict(Counter(cause for cause in causes if cause)) if len(kept) < len(found.blocks) else {},
        "disturbed_because": dict(Counter(cause for cause in causes if cause)),
        "first_inferences_ms": [ready.first_ms for ready in found.ready],
        "notes": found.notes,
    }


def _celsius(blocks: Sequence[Placed]) -> dict[str, float]:
    """The processor's temperature after the first and the last block, and the highest; empty where nothing tells."""
    known = [block.report.celsius for block in blocks if block.report.celsius is not None]
    return {"first": known[0], "last": known[-1], "highest": max(known)} if known else {}


def _sizes(found: Collection) -> list[SizeBucket]:
    """Latencies by size of the input; empty where all lie in one range."""
    size_of = found.ready[0].sizes
    ranges = sorted({size_range(size) for size in size_of.values()})
    return [_bucket(found, span) for span in ranges] if len(ranges) > 1 else []


def _bucket(found: Collection, span: tuple[int, int]) -> SizeBucket:
    sizes = found.ready[0].sizes
    members = {item for item, size in sizes.items() if size_range(size) == span}
    values = {
        name: [
            ms
            for block in found.kept()
            for ms, item in zip(block.report.spans[name], block.report.items[name], strict=True)
            if item in members
        ]
        for name in found.ready[0].spans
    }
    return SizeBucket(
        name=f"{span[0]} to {span[1]}",
        inputs=len(members),
        n={name: len(found) for name, found in values.items()},
        p50={name: percentile(np.array(found), 0.5) for name, found in values.items() if found},
    )


def _queries(spans: Sequence[Span], size: int) -> dict[str, float | None]:
    """Percentiles of whole queries of `size` samples, ms."""
    whole = next(span for span in spans if span.name == END_TO_END)
    named = {"p50": whole.p50.value, "p90": whole.p90.value, "p99": whole.p99.value}
    return {name: None if value is None else value * size for name, value in named.items()}


def _relative_width(median: Quantile) -> float | None:
    if median.value is None or median.low is None or median.high is None or median.value <= 0:
        return None
    return (median.high - median.low) / median.value
