"""Whether a latency may be believed: `stable`, `unstable` or `invalid`, with every reason in words.

A pure function of numbers that the record keeps, so that anybody can judge a record again. Nothing looks at whether the
latency itself is pleasant: blocks are judged by what disturbed them (MEASUREMENT, 3.8).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from harness.record import Verdict

PLANNED_BLOCKS = 20
PLANNED_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """How block medians moved over the run."""

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
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share of the measured time on a disturbance counts."""

    field: str
    unstable: float
    words: str
    invalid: float | None = None


LIMITS = (
    Limit("run_delay", 0.02, "threads waited for a CPU for {} of the measured time", invalid=0.10),
    Limit("steal", 0.01, "the hypervisor took {} of the CPU time"),
    Limit("foreign_load", 0.05, "other processes used {} of the CPUs"),
    Limit("pressure", 0.05, "some task of the machine waited for a CPU for {} of the time (PSI)"),
    Limit("canary_spread", 0.05, "a fixed computation before each block varied by {} (90th percentile over best)"),
)
CANARY_DRIFT = 0.02
WIDTH = 0.02
TREND = 0.02
TREND_P = 0.01


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, with every reason; there is none only where it is `stable`."""

    verdict: Verdict
    reasons: list[str]


def judge(conditions: Conditions) -> Judgement:
    """The verdict on a latency measured under `conditions`."""
    invalid = list(_invalid(conditions))
    unstable = list(_unstable(conditions))
    verdict: Verdict = "invalid" if invalid else "unstable" if unstable else "stable"
    return Judgement(verdict, invalid + unstable)


def recorded_conditions(conditions: Mapping[str, Any]) -> Conditions:
    """The conditions from a record's `Timing.conditions`, to judge them again; what a verdict does not need is left."""
    return msgspec.convert(dict(conditions), Conditions)


def _invalid(seen: Conditions) -> Iterator[str]:
    if seen.samples < PLANNED_SAMPLES:
        yield f"{_count(seen.samples, 'inference')} timed, a median needs {PLANNED_SAMPLES}: measure for longer"
    if seen.throttled:
        yield f"a CPU quota stopped the process for {_percent(seen.throttled)} of the measured time"
    for limit in LIMITS:
        share = getattr(seen, limit.field)
        if limit.invalid is not None and share is not None and share > limit.invalid:
            yield f"{limit.words.format(_percent(share))}, limit {_percent(limit.invalid)}"


def _unstable(seen: Conditions) -> Iterator[str]:
    for limit in LIMITS:
        share = getattr(seen, limit.field)
        above = share is not None and share > limit.unstable
        if above and (limit.invalid is None or share <= limit.invalid):
            yield f"{limit.words.format(_percent(share))}, limit {_percent(limit.unstable)}"
    if seen.run_delay is None:
        why = seen.unreadable.get("run delay", "not read")
        yield f"whether threads had to wait for a CPU is not readable here ({why})"
    if not seen.steady:
        yield "the warm-up did not become steady in its time"
    yield from _drifting(seen)
    yield from _too_wide(seen)


def _drifting(seen: Conditions) -> Iterator[str]:
    if seen.canary_drift is not None and abs(seen.canary_drift) > CANARY_DRIFT:
        yield (
            f"the fixed computation drifted by {_percent(seen.canary_drift)} from the first to the last third, "
            f"limit {_percent(CANARY_DRIFT)}"
        )
    if seen.trend is not None and seen.trend.p < TREND_P and abs(seen.trend.change) > TREND:
        yield f"the latency moved by {_percent(seen.trend.change)} during the run (rank test, p = {seen.trend.p:.2g})"


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
