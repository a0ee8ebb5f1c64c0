"""Throughput at rising batch sizes: where it ends and why, blocks of all sizes in shuffled turns, and the knee."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np

from harness.measure.disturbance import disturbed, shares, total
from harness.measure.percentiles import DRAWS, percentile, resample_counts
from harness.measure.procfs import Unreadable, read_text
from harness.measure.throughput import Rate
from harness.measure.verdict import exceeded
from harness.record import Sweep, Throughput, Verdict

Block = Callable[[int, str, float], Rate]
"""Batch size, span, seconds -> one block of throughput."""
GAIN = 0.03
BLOCK_S = 0.25
ROUNDS = 20
LEAST_ROUNDS = 5
WIDTH = 0.05
MEMORY_SHARE = 0.5
LIMIT = 4096
METHOD = f"samples over seconds of all blocks; 95 % cluster bootstrap over blocks, {DRAWS} draws, fixed seed"


@dataclass(slots=True)
class Climb:
    """What was found on the way up."""

    rates: dict[int, list[Rate]] = field(default_factory=dict)
    failed: list[Rate] = field(default_factory=list)
    ended: str = ""


def sweep(
    block: Block, span: str, *, cpus: int, seconds: float, seed: int = 0, proc: Path = Path("/proc")
) -> tuple[list[Throughput], Sweep]:
    """Throughput of `span` at batch sizes 1, 2, 4, ... in about `seconds`, and the knee.

    It goes up until memory does not suffice (recorded, never tried again with less), would not, or two doublings in a
    row gain less than 3 %; then all sizes are timed in turns whose order is shuffled.
    """
    end = perf_counter() + seconds
    climb = _climb(block, span, end - seconds / 2, proc)
    sizes = sorted(climb.rates)
    order = [rate.batch_size for rates in climb.rates.values() for rate in rates]
    for turn in _turns(sizes, seed):
        rounds = len(order) // max(len(sizes), 1)
        if not sizes or rounds > ROUNDS or (perf_counter() >= end and rounds >= 1):
            break
        for size in turn:
            climb.rates[size].append(block(size, span, BLOCK_S))
            order.append(size)
    found = [_throughput(climb.rates[size], span, cpus) for size in sizes]
    found += [_failure(rate, span) for rate in climb.failed]
    return found, Sweep(batch_sizes=sizes, ended=climb.ended, knee=knee(found), order=order)


def _climb(block: Block, span: str, end: float, proc: Path) -> Climb:
    climb = Climb()
    size, best, flat = 1, 0.0, 0
    while not climb.ended:
        rate = block(size, span, BLOCK_S)
        if rate.out_of_memory:
            climb.failed.append(rate)
            climb.ended = f"memory did not suffice for a batch of {size} ({rate.out_of_memory})"
            break
        climb.rates[size] = [rate]
        flat = 0 if rate.per_s > (1 + GAIN) * best else flat + 1
        best = max(best, rate.per_s)
        climb.ended = _end(size, flat, rate, climb.rates[1][0], proc) or (
            f"the time was used up after a batch of {size}" if perf_counter() > end else ""
        )
        size *= 2
    return climb


def _end(size: int, flat: int, rate: Rate, first: Rate, proc: Path) -> str:
    if flat >= 2:
        return f"two doublings gained less than {100 * GAIN:.0f} %, the last to {size}"
    if 2 * size > LIMIT:
        return f"batches above {LIMIT} are not tried"
    grown = (rate.host_peak_bytes or 0) - (first.host_peak_bytes or 0)
    available = memory_available(proc)
    if available is not None and 2 * grown > MEMORY_SHARE * available:
        return f"a batch of {2 * size} might need more than half of the memory that is left"
    return ""


def memory_available(proc: Path) -> int | None:
    """Bytes that the kernel would still give; None where it does not say."""
    try:
        for line in read_text(proc / "meminfo").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (Unreadable, ValueError, IndexError):
        pass
    return None


def _turns(sizes: Sequence[int], seed: int) -> Iterator[list[int]]:
    """The sizes in another order each time."""
    raw = np.random.PCG64(seed)
    while True:
        keys = raw.random_raw(len(sizes)) if sizes else np.empty(0)
        yield [sizes[place] for place in np.argsort(keys, kind="stable")]


def _throughput(rates: Sequence[Rate], span: str, cpus: int) -> Throughput:
    # the first block of a size warmed it up
    later = list(rates[1:]) or list(rates)
    clean = [rate for rate in later if rate.disturbance is not None and not disturbed(rate.disturbance, cpus)]
    kept = clean if len(clean) >= LEAST_ROUNDS else later
    samples = np.array([rate.samples for rate in kept], dtype=np.float64)
    seconds = np.array([rate.seconds for rate in kept])
    value = float(samples.sum() / seconds.sum())
    low = high = None
    if len(kept) >= LEAST_ROUNDS:
        counts = resample_counts(len(kept), DRAWS, 0)
        draws = (counts @ samples) / (counts @ seconds)
        low, high = percentile(draws, 0.025), percentile(draws, 0.975)
    reasons, verdict = _verdict(kept, cpus, None if low is None or high is None else (high - low) / value)
    return Throughput(
        value=value, batch_size=kept[0].batch_size, low=low, high=high, verdict=verdict, reasons=reasons,
        reason="" if low is not None else f"an interval needs {LEAST_ROUNDS} blocks, there are {len(kept)}",
        peak_memory_bytes=max((rate.host_peak_bytes or 0 for rate in kept), default=0) or None,
        device_memory_bytes=max((rate.device_peak_bytes or 0 for rate in kept), default=0) or None,
        facts={"span": span, "blocks": len(kept), "dropped": len(later) - len(kept), "method": METHOD},
    )  # fmt: skip


def _verdict(kept: Sequence[Rate], cpus: int, width: float | None) -> tuple[list[str], Verdict]:
    seen = shares(total([rate.disturbance for rate in kept if rate.disturbance is not None]), cpus)
    invalid, unstable = exceeded(seen)
    if len(kept) < LEAST_ROUNDS:
        unstable.append(f"{len(kept)} blocks were timed, {LEAST_ROUNDS} are needed: measure for longer")
    elif width is not None and width > WIDTH:
        unstable.append(f"the 95 % interval is {100 * width:.1f} % wide, limit {100 * WIDTH:.0f} %")
    return invalid + unstable, "invalid" if invalid else "unstable" if unstable else "stable"


def _failure(rate: Rate, span: str) -> Throughput:
    return Throughput(
        value=None, batch_size=rate.batch_size, reason=f"out of memory: {rate.out_of_memory}", facts={"span": span}
    )


def knee(found: Sequence[Throughput]) -> int | None:
    """The smallest batch size whose rate is within 3 % of the best."""
    rated = [(item.batch_size, item.value) for item in found if item.value is not None]
    best = max((value for _, value in rated), default=0.0)
    return min((size for size, value in rated if value * (1 + GAIN) >= best), default=None)
