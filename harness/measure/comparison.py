"""How much faster one workload is than another: inferences of both in turns (ABBA), and of one against itself.

What two runs one after the other differ by is mostly the machine (MEASUREMENT, 3.10). Here every unit is four short blocks,
A B B A, so that whatever drifts meets both alike; the same with two processes of A says how far 1 is to be trusted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import exp, log
from time import perf_counter
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from harness.measure.disturbance import Disturbance, disturbed, shares, total
from harness.measure.percentiles import DRAWS, STUDENT_OVER, nested_counts, widened
from harness.measure.station import BlockReport, Ready, Station
from harness.measure.verdict import SPREAD_S, Judgement, exceeded
from harness.record_measurements import Invalid, Verdict
from harness.record_parts import Part

LEAST_UNITS = 20
WIDTH = 0.05
METHOD = (
    "units of four blocks A B B A; exp of the median of log ratios of the blocks' medians; 95 % cluster bootstrap over "
    f"pairs of processes and the units of each, {DRAWS} draws, fixed seed; {STUDENT_OVER}"
)


class Ratio(Part, frozen=True):
    """A ratio with its 95 % interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    units: Annotated[int, Meta(description="Units of four blocks that it comes from.")] = 0
    reason: str = ""


class Comparison(Part, frozen=True):
    """`speedup` above 1: the second is faster than the first."""

    first: str
    second: str
    span: str
    verdict: Verdict
    reasons: list[str]
    invalid_reasons: Invalid
    speedup: Annotated[Ratio, Meta(description="Latency of the first over that of the second.")]
    control: Annotated[Ratio, Meta(description="The first against itself in another process; it must cover 1.")]
    cpu_speedup: Annotated[Ratio, Meta(description="The same for CPU time of the process: a diagnosis, no latency.")]
    noise_floor: Annotated[float | None, Meta(description="How far from 1 the control's interval reaches.")]
    dropped_share: float
    statement: Annotated[str, Meta(description="What may be said.")]
    conditions: dict[str, Any]
    method: str = METHOD


@dataclass(frozen=True, slots=True)
class Unit:
    """Four blocks A B B A of one pair of processes."""

    pair: int
    at_s: float
    blocks: tuple[BlockReport, BlockReport, BlockReport, BlockReport]

    def log_ratio(self, span: str) -> float:
        """Logarithm of A's latency over B's."""
        a, b, c, d = (float(np.median(block.spans[span])) for block in self.blocks)
        return 0.5 * (log(a) + log(d) - log(b) - log(c))

    def log_cpu_ratio(self, span: str) -> float | None:
        """Logarithm of A's CPU time an inference over B's."""
        used = [block.disturbance.own_cpu_ns / (len(block.spans[span]) + 1) for block in self.blocks]
        if min(used) <= 0:
            return None
        return 0.5 * (log(used[0]) + log(used[3]) - log(used[1]) - log(used[2]))


@dataclass(slots=True)
class Units:
    """What was run: of A against B, and of A against itself."""

    ready: list[Ready] = field(default_factory=list)
    compared: list[Unit] = field(default_factory=list)
    control: list[Unit] = field(default_factory=list)


def interleave(
    first: Sequence[Station],
    second: Sequence[Station],
    seconds: float,
    retries: int = 0,
    clock: Callable[[], float] = perf_counter,
) -> Units:
    """Units for `seconds`: process i of the first against process i of the second, then against the next of its own.

    `first` has at least two stations. Up to `retries` times longer until enough units were not disturbed.
    """
    found = Units()
    for station in (*first, *second):
        found.ready.append(station.start())
    began = clock()
    cpus = len(found.ready[0].affinity)
    for turn in count():
        elapsed = clock() - began
        enough = min(len(_undisturbed(units, cpus)) for units in (found.compared, found.control)) >= LEAST_UNITS
        if turn >= 2 and (elapsed >= seconds * (1 + retries) or (elapsed >= seconds and enough)):
            return found
        own, pair = (turn // 2) % len(first), (turn // 2) % len(second)
        if turn % 2:
            found.control.append(_unit(own, first[own], first[(own + 1) % len(first)], began, clock))
        else:
            found.compared.append(_unit(own * len(second) + pair, first[own], second[pair], began, clock))
    raise AssertionError("unreachable")


def _unit(pair: int, a: Station, b: Station, began: float, clock: Callable[[], float]) -> Unit:
    blocks = (a.block(60.0), b.block(60.0), b.block(60.0), a.block(60.0))
    return Unit(pair, clock() - began, blocks)


def _undisturbed(units: Sequence[Unit], cpus: int) -> list[Unit]:
    return [unit for unit in units if not any(disturbed(block.disturbance, cpus) for block in unit.blocks)]


def compare(found: Units, span: str, first: str, second: str) -> Comparison:
    """The ratio of `span` with its interval, the control, and whether it may be said."""
    cpus = len(found.ready[0].affinity)
    kept, own = (_kept(units, cpus) for units in (found.compared, found.control))
    speedup, control = (
        _ratio(kept, [unit.log_ratio(span) for unit in kept]),
        _ratio(own, [u.log_ratio(span) for u in own]),
    )
    cpu = [(unit, value) for unit in kept if (value := unit.log_cpu_ratio(span)) is not None]
    ran = len(found.compared) + len(found.control)
    dropped = 1.0 - (len(kept) + len(own)) / ran
    judged = Judgement(*_reasons(found, [*kept, *own], cpus, speedup, control))
    floor = None
    if control.low is not None and control.high is not None:
        floor = max(control.high - 1.0, 1.0 / control.low - 1.0, 0.0)
    return Comparison(
        first=first, second=second, span=span, verdict=judged.verdict, reasons=judged.reasons,
        invalid_reasons=judged.invalid, speedup=speedup, control=control,
        cpu_speedup=_ratio([unit for unit, _ in cpu], [value for _, value in cpu]), noise_floor=floor,
        dropped_share=dropped, statement=_statement(first, second, judged.verdict, speedup, floor),
        conditions={
            "processes": len(found.ready), "units": ran, "seconds": max(u.at_s for u in found.compared),
            "threads": found.ready[0].execution.get("threads"), "device": found.ready[0].device,
            **shares(total([block.disturbance for unit in (*kept, *own) for block in unit.blocks]), cpus),
        },
    )  # fmt: skip


def _kept(units: Sequence[Unit], cpus: int) -> list[Unit]:
    """The undisturbed units where there are enough, else all. No latency is looked at."""
    clean = _undisturbed(units, cpus)
    return clean if len(clean) >= LEAST_UNITS else list(units)


def _ratio(units: Sequence[Unit], logs: Sequence[float]) -> Ratio:
    if not units:
        return Ratio(value=None, reason="no unit could be used")
    value = exp(float(np.median(logs)))
    if len(units) < LEAST_UNITS:
        return Ratio(
            value=value, units=len(units), reason=f"an interval needs {LEAST_UNITS} units, there are {len(units)}"
        )
    draws = np.sort(_medians(np.array(logs), nested_counts([unit.pair for unit in units], DRAWS, 0)))
    low, high = draws[int(0.025 * DRAWS)], draws[int(0.975 * DRAWS)]
    groups, each = [unit.pair for unit in units], list(map(float, logs))
    low, high = widened((float(low), float(high)), log(value), each, groups, lambda part: float(np.median(part)))
    return Ratio(value=value, low=exp(low), high=exp(high), units=len(units))


def _medians(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The median of `values` (n,) under each row of `counts` (draws, n)."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(counts[:, order], axis=1)
    picked: np.ndarray = values[order][np.argmax(below * 2 >= below[:, -1:], axis=1)]
    return picked


def _reasons(
    found: Units, kept: Sequence[Unit], cpus: int, speedup: Ratio, control: Ratio
) -> tuple[list[str], list[str]]:
    summed, everything = _summed(kept), _summed([*found.compared, *found.control])
    invalid, unstable = exceeded(shares(summed, cpus, everything), summed.suspended_ns * 1e-9)
    unstable += list(_doubts(found, speedup, control))
    return invalid, unstable


def _summed(units: Sequence[Unit]) -> Disturbance:
    return total([block.disturbance for unit in units for block in unit.blocks])


def _doubts(found: Units, speedup: Ratio, control: Ratio) -> Iterator[str]:
    if speedup.low is None or speedup.high is None or speedup.value is None:
        yield f"the ratio has no interval: {speedup.reason}"
    elif (speedup.high - speedup.low) / speedup.value > WIDTH:
        width = (speedup.high - speedup.low) / speedup.value
        yield f"the interval of the ratio is {100 * width:.1f} % wide, limit {100 * WIDTH:.0f} %"
    if control.low is None or control.high is None:
        yield f"the first against itself has no interval: {control.reason}"
    elif not control.low <= 1.0 <= control.high:
        yield f"the first is {control.value:.3f} times as fast as itself [{control.low:.3f}, {control.high:.3f}]"
    if not all(ready.steady for ready in found.ready):
        yield "a warm-up did not become steady in its time"
    if any(ready.execution.get("threads") != found.ready[0].execution.get("threads") for ready in found.ready):
        yield "the two do not compute with the same number of threads"
    spread = found.compared[-1].at_s - found.compared[0].at_s
    if spread < SPREAD_S:
        yield f"the units lie within {spread:.0f} s, {SPREAD_S:.0f} s are needed (--measure-s 60)"


def _statement(first: str, second: str, verdict: Verdict, speedup: Ratio, floor: float | None) -> str:
    if verdict != "stable" or speedup.value is None or speedup.low is None or speedup.high is None or floor is None:
        return "Which is faster was not measured well enough to be said."
    faster, slower, value, low, high = second, first, speedup.value, speedup.low, speedup.high
    if value < 1.0:
        faster, slower, value, low, high = first, second, 1.0 / value, 1.0 / high, 1.0 / low
    if low <= 1.0 + floor:
        return f"No difference can be told: {value:.3f} [{low:.3f}, {high:.3f}], noise floor {100 * floor:.1f} %."
    return (
        f"{faster} is {value:.2f} times faster than {slower} [{low:.2f}, {high:.2f}], noise floor {100 * floor:.1f} %."
    )
