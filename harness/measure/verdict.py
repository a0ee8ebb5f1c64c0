"""Whether a latency may be believed: `stable`, `unstable` or `invalid`, with every reason in words.

A pure function of numbers that the record keeps, so that anybody can judge a record again. Nothing looks at whether the
latency itself is pleasant: blocks are judged by what disturbed them (MEASUREMENT, 3.8).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harness.measure.disturbance import MOST_FOREIGN, MOST_PRESSURE, MOST_RUN_DELAY, MOST_STEAL
from harness.measure.gpu_watch import GpuSeen
from harness.measure.percentiles import PLANNED_BLOCKS
from harness.record import Verdict

PLANNED_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """How block medians moved over the run, or with something else that was read beside each."""

    rank_correlation: float
    p: float
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What was recorded about a latency run; shares are of the measured time, None is not readable."""

    blocks: int
    samples: int
    steady: bool
    run_delay: float | None = None
    steal: float | None = None
    foreign_load: float | None = None
    pressure: float | None = None
    throttled: float | None = None
    canary_spread: float | None = None
    canary_drift: float | None = None
    interval_width: dict[str, float | None] = field(default_factory=dict)
    trend: Trend | None = None
    memory: Trend | None = None
    """The same, ordered by a copy of memory before each block instead of by time."""
    unreadable: dict[str, str] = field(default_factory=dict)
    spread_s: float | None = None
    """Seconds from the first block to the last; None in records that do not tell."""
    dropped_share: float = 0.0
    """Share of the blocks left out by their cause."""
    outputs_equal: bool | None = None
    inputs_changed: bool = False
    suspended_s: float = 0.0
    clock_backwards: int = 0
    """Inferences that took no time or less by the clock."""
    gpu: GpuSeen | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share of the measured time on a disturbance counts."""

    field: str
    unstable: float
    words: str
    invalid: float | None = None


LIMITS = (
    Limit("run_delay", MOST_RUN_DELAY, "threads waited for a CPU for {} of the measured time", invalid=0.10),
    Limit("steal", MOST_STEAL, "the hypervisor took {} of the CPU time"),
    Limit("foreign_load", MOST_FOREIGN, "other processes used {} of the CPUs"),
    Limit("pressure", MOST_PRESSURE, "some task of the machine waited for a CPU for {} of the time (PSI)"),
    Limit("canary_spread", 0.05, "a fixed computation before each block varied by {} (90th percentile over best)"),
)
CANARY_DRIFT = 0.02
WIDTH = 0.02
TREND = 0.02
TREND_P = 0.01
SPREAD_S = 45.0
"""Over less time a slow disturbance looks like the model's own latency (MEASUREMENT, 3.5)."""
DROPPED = 0.5
CLOCK_SPREAD = 0.03
HEATING = 1.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every reason, by its own weight; there is none only where the verdict is `stable`."""

    invalid: list[str]
    unstable: list[str]

    @property
    def verdict(self) -> Verdict:
        """That of the heaviest reason."""
        return "invalid" if self.invalid else "unstable" if self.unstable else "stable"

    @property
    def reasons(self) -> list[str]:
        """All of them, the heavier first."""
        return self.invalid + self.unstable


def judge(conditions: Conditions) -> Judgement:
    """The verdict on a latency measured under `conditions`."""
    return Judgement(list(_invalid(conditions)), list(_unstable(conditions)))


def recorded_conditions(conditions: Mapping[str, Any]) -> Conditions:
    """The conditions from a record's `Timing.conditions`, to judge them again; what a verdict does not need is left."""
    return msgspec.convert(dict(conditions), Conditions)


def exceeded(shares: Mapping[str, float | None], suspended_s: float = 0.0) -> tuple[list[str], list[str]]:
    """The limits that shares of the measured time pass, in words: those of `invalid`, and those of `unstable` only.

    A machine that slept for `suspended_s` seconds of that time makes it invalid, too.
    """
    invalid = [f"the machine was suspended for {suspended_s:.1f} s meanwhile"] if suspended_s else []
    unstable = []
    if stopped := shares.get("throttled"):
        invalid.append(f"a CPU quota stopped the process for {_percent(stopped)} of the measured time")
    for limit in LIMITS:
        share = shares.get(limit.field)
        if share is None or share <= limit.unstable:
            continue
        if limit.invalid is not None and share > limit.invalid:
            invalid.append(f"{limit.words.format(_percent(share))}, limit {_percent(limit.invalid)}")
        else:
            unstable.append(f"{limit.words.format(_percent(share))}, limit {_percent(limit.unstable)}")
    return invalid, unstable


def _shares(seen: Conditions) -> dict[str, float | None]:
    return {field: getattr(seen, field) for field in (*(limit.field for limit in LIMITS), "throttled")}


def _invalid(seen: Conditions) -> Iterator[str]:
    if seen.samples < PLANNED_SAMPLES:
        yield f"{_count(seen.samples, 'inference')} timed, a median needs {PLANNED_SAMPLES}: measure for longer"
    if seen.outputs_equal is False:
        yield "the timed model answers otherwise than the scored one"
    if seen.inputs_changed:
        yield "the model writes into its input, so that later inferences met other data than the task's"
    if seen.clock_backwards:
        yield f"{_count(seen.clock_backwards, 'inference')} timed as lasting nothing or less: the clock stepped"
    yield from exceeded(_shares(seen), seen.suspended_s)[0]


def _unstable(seen: Conditions) -> Iterator[str]:
    yield from exceeded(_shares(seen))[1]
    if seen.run_delay is None:
        why = seen.unreadable.get("run delay", "not read")
        yield f"whether threads had to wait for a CPU is not readable here ({why})"
    if not seen.steady:
        yield "the warm-up did not become steady in its time"
    if seen.dropped_share > DROPPED:
        yield f"{_percent(seen.dropped_share)} of the blocks were disturbed and left out, limit {_percent(DROPPED)}"
    yield from _drifting(seen)
    yield from _too_wide(seen)
    yield from _too_close(seen)
    if seen.gpu is not None:
        yield from _of_gpu(seen.gpu)


def _too_close(seen: Conditions) -> Iterator[str]:
    if seen.spread_s is not None and seen.spread_s < SPREAD_S:
        yield (
            f"the blocks lie within {seen.spread_s:.1f} s, {SPREAD_S:.0f} s are needed to see slow disturbances "
            "(--measure-s 60)"
        )


def _of_gpu(seen: GpuSeen) -> Iterator[str]:
    for words in seen.slowed_by:
        yield f"the GPU lowered its clocks: {words}"
    if seen.clock_spread is not None and seen.clock_spread > CLOCK_SPREAD:
        yield f"the GPU's SM clock varied by {_percent(seen.clock_spread)}, limit {_percent(CLOCK_SPREAD)}"
    if seen.foreign_processes:
        number = seen.foreign_processes
        yield f"{number} other process{'es' if number > 1 else ''} computed on the GPU"
    if seen.memory_faults:
        yield "rows of the GPU's memory wait to be remapped, or could not be"
    if seen.heating_c_per_10s is not None and seen.heating_c_per_10s > HEATING:
        yield f"the GPU was still becoming hotter, by {seen.heating_c_per_10s:.1f} °C in 10 s"


def _drifting(seen: Conditions) -> Iterator[str]:
    if seen.canary_drift is not None and abs(seen.canary_drift) > CANARY_DRIFT:
        yield (
            f"the fixed computation drifted by {_percent(seen.canary_drift)} from the first to the last third, "
            f"limit {_percent(CANARY_DRIFT)}"
        )
    if seen.trend is not None and seen.trend.p < TREND_P and abs(seen.trend.change) > TREND:
        yield f"the latency moved by {_percent(seen.trend.change)} during the run (rank test, p = {seen.trend.p:.2g})"
    if seen.memory is not None and seen.memory.p < TREND_P and seen.memory.change > TREND:
        yield (
            f"the latency followed the speed of memory, which other work took: {_percent(seen.memory.change)} between the "
            f"third of the blocks where a fixed copy was quickest and where it was slowest (rank test, p = {seen.memory.p:.2g})"
        )


def _too_wide(seen: Conditions) -> Iterator[str]:
    if seen.blocks < PLANNED_BLOCKS:
        yield f"{_count(seen.blocks, 'block')} timed, the plan asks for {PLANNED_BLOCKS}: measure for longer"
        return
    for span, width in seen.interval_width.items():
        if width is None:
            yield f"the median of {span} has no interval"
        elif width > WIDTH:
            yield f"the 95 % interval of the median of {span} is {_percent(width)} wide, limit {_percent(WIDTH)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _count(n: int, what: str) -> str:
    return f"{n} {what} was" if n == 1 else f"{n} {what}s were"
