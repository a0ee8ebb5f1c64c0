"""Samples a second one inference after the other, from the latencies that were timed anyway."""

from collections.abc import Sequence

import numpy as np

from harness.measure.collection import Collection
from harness.measure.percentiles import DRAWS, NESTED, PLANNED_BLOCKS, nested_counts, percentile, widened
from harness.record import Throughput, Timing

METHOD = f"inferences over their summed latencies; {NESTED}"


def sequential(found: Collection, timing: Timing, span: str) -> Throughput:
    """The rate of `span`, a span's name, with its interval; the verdict is that of the latency it comes from."""
    whole = next((each for each in timing.spans if each.name == span), None)
    if whole is None or not whole.mean:
        return Throughput(value=None, batch_size=timing.batch_size, reason=f"there is no span {span}")
    kept = found.kept()
    low, high = rate_interval(
        [block.report.spans[span] for block in kept], [block.process for block in kept], found.plan.seed
    )
    return Throughput(
        value=1000.0 / whole.mean, low=low, high=high, batch_size=timing.batch_size,
        reason=f"an interval needs {PLANNED_BLOCKS} blocks, there are {len(kept)}" if low is None else "",
        verdict=timing.verdict, reasons=timing.reasons, invalid_reasons=timing.invalid_reasons,
        emulated=timing.emulated,
        facts={"scenario": timing.scenario, "from": f"1000 / mean of {span}", "blocks": len(kept), "method": METHOD},
    )  # fmt: skip


def rate_interval(
    blocks: Sequence[Sequence[float]], processes: Sequence[int], seed: int = 0
) -> tuple[float, float] | tuple[None, None]:
    """The 95 % interval of 1000 / mean of latencies in milliseconds, by block; (None, None) with fewer than 20 blocks."""
    if len(blocks) < PLANNED_BLOCKS:
        return None, None
    counts = nested_counts(processes, DRAWS, seed)
    inferences = counts @ np.array([float(len(block)) for block in blocks])
    rates = 1000.0 * inferences / (counts @ np.array([sum(block) for block in blocks]))
    drawn = percentile(rates, 0.025), percentile(rates, 0.975)
    low, high = widened(drawn, _rate(blocks), blocks, processes, _rate)
    return max(low, 0.0), high


def _rate(blocks: Sequence[Sequence[float]]) -> float:
    return 1000.0 * sum(map(len, blocks)) / sum(map(sum, blocks))
