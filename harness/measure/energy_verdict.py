"""Whether an energy may be believed: a pure function of what was recorded, with every reason in words."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.measure.windows import NAIVE_S, TICKS, WINDOW_S, WINDOWS, Window
from harness.record import Verdict

SPREAD = 0.01
PLAUSIBLE = 1.5
DISAGREEMENT = 0.05
IDLE_DRIFT = 0.03
WARMER_C = 2.0
FOREIGN_LOAD = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySeen:
    """What was recorded about an energy measurement; None is not readable, or not done."""

    windows: Sequence[Window]
    ticks: bool
    limit_w: float | None = None
    idle_before_w: float | None = None
    idle_after_w: float | None = None
    second_w: float | None = None
    """Mean watts of another source of the same scope in the same windows."""
    second_name: str = ""
    warmed_c: float | None = None
    """How much warmer the device was at the end of the windows than at their start."""
    start_off_c: float | None = None
    """How far its temperature at the start was from that which the run refers to."""
    foreign_load: float | None = None
    foreign_processes: int | None = None
    disturbed: Sequence[str] = field(default_factory=tuple)
    """What else was seen, in words."""

    @property
    def mean_w(self) -> float:
        """Mean watts over all windows."""
        return sum(window.joules for window in self.windows) / sum(window.seconds for window in self.windows)


def impossible(seen: EnergySeen) -> str:
    """Why no number may be given; empty where one may."""
    for watts in (window.watts for window in seen.windows):
        if not (math.isfinite(watts) and watts > 0):
            return f"a window counts {watts:g} W, which cannot be"
        if seen.limit_w is not None and watts >= PLAUSIBLE * seen.limit_w:
            return f"a window counts {watts:.0f} W where {seen.limit_w:.0f} W is the limit"
    return ""


def judge_energy(seen: EnergySeen) -> tuple[Verdict, list[str]]:
    """`stable` or `unstable` with the reasons, for windows that are possible."""
    reasons = [*_short(seen), *_unsteady(seen), *_disagreeing(seen), *_shared(seen), *seen.disturbed]
    return ("unstable" if reasons else "stable"), reasons


def spread(windows: Sequence[Window]) -> float | None:
    """Standard deviation of the windows' joules an inference, as a share of their mean; None for one window."""
    each = [window.joules_each() for window in windows]
    return statistics.stdev(each) / statistics.fmean(each) if len(each) > 1 else None


def _short(seen: EnergySeen) -> Iterator[str]:
    if len(seen.windows) < WINDOWS:
        yield f"{len(seen.windows)} window{'s were' if len(seen.windows) > 1 else ' was'} measured, {WINDOWS} are needed"
    least = WINDOW_S if seen.ticks else NAIVE_S
    shortest = min(window.seconds for window in seen.windows)
    if shortest < least:
        yield f"windows of {shortest:.2g} s are shorter than {least:g} s"
    moved = min(window.ticks for window in seen.windows)
    if seen.ticks and moved < TICKS:
        yield f"the counter moved {moved} times in a window, {TICKS} are needed"


def _unsteady(seen: EnergySeen) -> Iterator[str]:
    differ = spread(seen.windows)
    if differ is not None and differ > SPREAD:
        yield f"the windows differ by {_percent(differ)} (standard deviation, limit {_percent(SPREAD)})"
    if seen.warmed_c is not None and seen.warmed_c > WARMER_C:
        yield f"the device became {seen.warmed_c:.0f} °C warmer during the windows, limit {WARMER_C:.0f} °C"
    if seen.start_off_c is not None and abs(seen.start_off_c) > WARMER_C:
        way = "warmer" if seen.start_off_c > 0 else "colder"
        yield f"the start was {abs(seen.start_off_c):.0f} °C {way} than the run's reference, limit {WARMER_C:.0f} °C"


def _disagreeing(seen: EnergySeen) -> Iterator[str]:
    if seen.second_w is not None:
        apart = abs(seen.second_w / seen.mean_w - 1)
        if apart > DISAGREEMENT:
            yield (
                f"{seen.second_name} says {seen.second_w:.1f} W where {seen.mean_w:.1f} W were counted, "
                f"{_percent(apart)} apart, limit {_percent(DISAGREEMENT)}"
            )
    if seen.idle_before_w and seen.idle_after_w is not None:
        moved = seen.idle_after_w / seen.idle_before_w - 1
        if abs(moved) > IDLE_DRIFT:
            yield f"the idle power moved by {_percent(moved)} during the measurement, limit {_percent(IDLE_DRIFT)}"


def _shared(seen: EnergySeen) -> Iterator[str]:
    if seen.foreign_processes:
        yield f"{seen.foreign_processes} other process{'es' if seen.foreign_processes > 1 else ''} computed on the device"
    if seen.foreign_load is not None and seen.foreign_load > FOREIGN_LOAD:
        yield f"other processes used {_percent(seen.foreign_load)} of the machine's CPUs, limit {_percent(FOREIGN_LOAD)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
