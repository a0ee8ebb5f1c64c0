"""Throughput at rising batch sizes: where it ends and why, blocks of all sizes in shuffled turns, and the knee."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

from harness.errors import HarnessError
from harness.measure.disturbance import Disturbance, disturbed, shares, total
from harness.measure.percentiles import DRAWS, STUDENT_OVER_SIXTHS, percentile, resample_counts, widened
from harness.measure.procfs import Unreadable, read_text
from harness.measure.throughput import Rate
from harness.measure.verdict import DROPPED, SPREAD_S, Judgement, exceeded
from harness.record import Sweep, Throughput

Block = Callable[[int, str, float], Rate]
"""Batch size, span, seconds -> one block of throughput."""
GAIN = 0.03
BLOCK_S = 0.25
ROUNDS = 20
LEAST_ROUNDS = 5
WIDTH = 0.05
MEMORY_SHARE = 0.5
LIMIT = 4096
METHOD = (
    f"samples over seconds of all blocks of one process; 95 % cluster bootstrap over blocks, {DRAWS} draws, fixed seed; "
    f"{STUDENT_OVER_SIXTHS}"
)


@dataclass(slots=True)
class Climb:
    """What was found on the way up."""

    rates: dict[int, list[Rate]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    ended: str = ""
    complete: bool = True
    """False where only the time ended it, so that a larger batch might be better."""


def sweep(
    block: Block, span: str, *, cpus: int, climb_s: float, turns_s: float, seed: int = 0, proc: Path = Path("/proc")
) -> tuple[list[Throughput], Sweep]:
    """Throughput of `span` at batch sizes 1, 2, 4, ..., and the knee.

    It goes up for at most `climb_s` seconds, until memory does not suffice (recorded, never tried again with less), would
    not, or two doublings in a row gain less than 3 %; then all sizes are timed in turns whose order is shuffled, spread
    over `turns_s`. A HarnessError that a larger batch meets is recorded; one that the first meets is raised.
    """
    climb = _climb(block, span, perf_counter() + climb_s, proc)
    order = list(climb.rates)
    try:
        for size in _turns(sorted(climb.rates), turns_s, seed):
            climb.rates[size].append(block(size, span, BLOCK_S))
            order.append(size)
    except HarnessError as error:  # what ended the process on the way up ends this, too
        climb.ended += "" if climb.failed else f"; later: {error}"
    found = [_throughput(climb.rates[size], span, cpus) for size in sorted(climb.rates)]
    found += [
        Throughput(value=None, batch_size=size, reason=why, facts={"span": span}) for size, why in climb.failed.items()
    ]
    best = knee(found) if climb.complete else None
    return found, Sweep(batch_sizes=sorted(climb.rates), ended=climb.ended, knee=best, order=order)


def _climb(block: Block, span: str, end: float, proc: Path) -> Climb:
    climb = Climb()
    size, best, flat = 1, 0.0, 0
    while not climb.ended:
        rate = _tried(block, size, span, climb)
        if rate is None:
            break
        climb.rates[size] = [rate]
        flat = 0 if rate.per_s > (1 + GAIN) * best else flat + 1
        best = max(best, rate.per_s)
        climb.ended = _end(size, flat, rate, climb.rates[1][0], proc)
        if not climb.ended and perf_counter() > end:
            climb.ended, climb.complete = f"the time was used up after a batch of {size}", False
        size *= 2
    return climb


def _tried(block: Block, size: int, span: str, climb: Climb) -> Rate | None:
    """One block of a new size; None where it failed, which `climb` is told."""
    try:
        rate = block(size, span, BLOCK_S)
    except HarnessError as error:
        if not climb.rates:
            raise
        climb.failed[size], climb.ended = str(error), f"a batch of {size} failed ({error})"
        return None
    if rate.out_of_memory:
        climb.failed[size] = f"out of memory: {rate.out_of_memory}"
        climb.ended = f"memory did not suffice for a batch of {size} ({rate.out_of_memory})"
        return None
    return rate


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


def _turns(sizes: Sequence[int], seconds: float, seed: int) -> Iterator[int]:
    """The sizes in rounds of shuffled order, at least one round; pauses between rounds spread 20 of them over `seconds`."""
    raw, began = np.random.PCG64(seed), perf_counter()
    for done in range(ROUNDS if sizes else 0):
        begin = perf_counter()
        if done and begin - began >= seconds:
            return
        yield from (sizes[place] for place in np.argsort(raw.random_raw(len(sizes)), kind="stable"))
        now, to_come = perf_counter(), ROUNDS - 1 - done
        if to_come:
            sleep(max(0.0, (began + seconds - now) / to_come - (now - begin)))


def _throughput(rates: Sequence[Rate], span: str, cpus: int) -> Throughput:
    # the first block of a size warmed it up
    later = list(rates[1:]) or list(rates)
    clean = [rate for rate in later if rate.disturbance is not None and not disturbed(rate.disturbance, cpus)]
    kept = clean if len(clean) >= LEAST_ROUNDS else later
    dropped = len(later) - len(kept)
    value = _rate(kept)
    low, high = _interval(kept)
    width = None if low is None or high is None else (high - low) / value
    found = _judged(later, kept, width, cpus)
    return Throughput(
        value=value, batch_size=kept[0].batch_size, low=low, high=high, verdict=found.verdict, reasons=found.reasons,
        invalid_reasons=found.invalid,
        reason="" if low is not None else f"an interval needs {LEAST_ROUNDS} blocks, there are {len(kept)}",
        peak_memory_bytes=max((rate.host_peak_bytes or 0 for rate in kept), default=0) or None,
        device_memory_bytes=max((rate.device_peak_bytes or 0 for rate in kept), default=0) or None,
        facts={"span": span, "blocks": len(kept), "dropped": dropped, "method": METHOD},
    )  # fmt: skip


def _rate(rates: Sequence[Rate]) -> float:
    return sum(rate.samples for rate in rates) / sum(rate.seconds for rate in rates)


def _interval(rates: Sequence[Rate]) -> tuple[float, float] | tuple[None, None]:
    if len(rates) < LEAST_ROUNDS:
        return None, None
    counts = resample_counts(len(rates), DRAWS, 0)
    samples = np.array([rate.samples for rate in rates], dtype=np.float64)
    draws = (counts @ samples) / (counts @ np.array([rate.seconds for rate in rates]))
    drawn = percentile(draws, 0.025), percentile(draws, 0.975)
    low, high = widened(drawn, _rate(rates), rates, [0] * len(rates), _rate)
    return max(low, 0.0), high


def _summed(rates: Sequence[Rate]) -> Disturbance:
    return total([rate.disturbance for rate in rates if rate.disturbance is not None])


def _judged(later: Sequence[Rate], kept: Sequence[Rate], width: float | None, cpus: int) -> Judgement:
    """The verdict on the blocks `kept` of those after the first."""
    summed, dropped = _summed(kept), 1 - len(kept) / len(later)
    seen = shares(summed, cpus, _summed(later))
    invalid, unstable = exceeded(seen, summed.suspended_ns * 1e-9)
    spread_s = kept[-1].at_s - kept[0].at_s
    if seen["run_delay"] is None:
        unstable.append("whether threads had to wait for a CPU is not readable here")
    if dropped > DROPPED:
        unstable.append(f"{100 * dropped:.0f} % of the blocks were disturbed and left out, limit {100 * DROPPED:.0f} %")
    if len(kept) < LEAST_ROUNDS:
        unstable.append(f"{LEAST_ROUNDS} blocks are needed, timed: {len(kept)}; measure for longer")
    elif width is not None and width > WIDTH:
        unstable.append(f"the 95 % interval is {100 * width:.1f} % wide, limit {100 * WIDTH:.0f} %")
    if spread_s < SPREAD_S:
        unstable.append(f"the blocks lie within {spread_s:.1f} s, {SPREAD_S:.0f} s are needed (--measure-s 60)")
    return Judgement(invalid, unstable)


def knee(found: Sequence[Throughput]) -> int | None:
    """The smallest batch size whose rate is within 3 % of the best."""
    rated = [(item.batch_size, item.value) for item in found if item.value is not None]
    best = max((value for _, value in rated), default=0.0)
    return min((size for size, value in rated if value * (1 + GAIN) >= best), default=None)
