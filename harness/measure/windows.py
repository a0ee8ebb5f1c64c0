"""Windows of energy that begin and end where the counter moved (MEASUREMENT, 3.12).

Read at arbitrary moments, a counter with ticks of 100 ms is wrong by up to a tick, 2 % of 5 s; from tick to tick it is
wrong by what the moment of a tick is uncertain, a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harness.measure.load import Progress
from harness.measure.watch import Trace

WINDOW_S = 5.0
NAIVE_S = 10.0
WINDOWS = 3
TICKS = 50


@dataclass(frozen=True, slots=True)
class Window:
    """Energy between two moments, both under load. `ticks`: how often the counter moved."""

    begin_s: float
    seconds: float
    joules: float
    inferences: float
    ticks: int
    paused_s: float = 0.0

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.joules / self.seconds

    def joules_each(self, idle_w: float = 0.0) -> float:
        """Joules an inference, without what the pauses cost at `idle_w`."""
        return (self.joules - idle_w * self.paused_s) / self.inferences


def wanted_s(ticks: bool, period_s: float | None) -> float:
    """How long a window should be: 5 s and 50 ticks where ticks are seen, else 10 s."""
    return max(WINDOW_S, TICKS * (period_s or 0.0)) if ticks else NAIVE_S


def edges(trace: Trace, begin_s: float, window_s: float, count: int) -> list[int]:
    """Positions in the trace: the first tick after `begin_s`, and after it ticks at least `window_s` apart.

    Shorter than `count` + 1 where the trace ends before.
    """
    found = [int(np.searchsorted(trace.times, begin_s, side="right"))]
    while len(found) <= count and found[-1] < len(trace.times):
        found.append(int(np.searchsorted(trace.times, trace.times[found[-1]] + window_s, side="left")))
    return [at for at in found if at < len(trace.times)]


def cut(trace: Trace, progress: Progress, at: Sequence[int]) -> list[Window]:
    """The windows between neighbouring positions."""
    windows = []
    for begin, end in pairwise(at):
        begin_s, end_s = float(trace.times[begin]), float(trace.times[end])
        inferences, paused_s = progress.between(begin_s, end_s)
        joules = float(trace.joules[end] - trace.joules[begin])
        windows.append(Window(begin_s, end_s - begin_s, joules, inferences, end - begin, paused_s))
    return windows


def mean_power(trace: Trace, begin_s: float, end_s: float) -> float | None:
    """Watts from the first to the last tick between two moments; None where there are not two."""
    first, last = np.searchsorted(trace.times, (begin_s, end_s), side="left")
    if last - first < 2:
        return None
    seconds = trace.times[last - 1] - trace.times[first]
    return float((trace.joules[last - 1] - trace.joules[first]) / seconds)
