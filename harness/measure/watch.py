"""Watches a counter while a load runs: every moment at which it moved, and what it said then.

It is read beside the load, not between inferences: right after a synchronised inference a device is idle, and an
inference may last longer than a tick.
"""

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.measure.counter import Counter, CounterError
from harness.measure.percentiles import FloatArray
from harness.measure.procfs import Unreadable
from harness.raw_stream import RawStream

FINE_S = 0.001
"""How closely a tick is waited for where its moment can be foreseen."""
FORESEEN = 0.8
"""The share of the shortest tick seen during which the next one is not waited for."""


@dataclass(frozen=True, slots=True)
class Trace:
    """When a counter moved (seconds) and what it then said (joules)."""

    times: FloatArray
    joules: FloatArray

    @property
    def period_s(self) -> float | None:
        """The typical time between two movements."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else None


class Watch:
    """The trace of one counter. An error of the counter is kept, and raised to whoever asks for the trace."""

    def __init__(self, counter: Counter, clock: Callable[[], float]) -> None:
        self._counter, self._clock = counter, clock
        self._times, self._joules = array("d"), array("d")
        self._last: float | None = None
        self._error: Unreadable | None = None
        self._shortest = float("inf")
        self._random = RawStream(1)

    def poll(self) -> float:
        """Read once; the seconds until the next reading."""
        if self._error is not None:
            return 1.0
        before = self._clock()
        try:
            joules = self._forward(self._counter.joules())
        except Unreadable as error:
            self._error = error
            return 1.0
        moved = self._last is not None and joules != self._last
        self._last = joules
        if moved:
            self._keep(0.5 * (before + self._clock()), joules)
        return self._pause(moved)

    def _forward(self, joules: float) -> float:
        if not math.isfinite(joules) or (self._last is not None and joules < self._last):
            raise CounterError(f"{self._counter.name}: the counter went from {self._last} to {joules} J")
        return joules

    def _keep(self, now: float, joules: float) -> None:
        if self._times:
            self._shortest = min(self._shortest, now - self._times[-1])
        self._joules.append(joules)
        self._times.append(now)

    def _pause(self, moved: bool) -> float:
        """Rest while no tick can come, then look closely; a sensor without ticks is read at uneven moments."""
        if not self._counter.ticks:
            return self._counter.poll_s * (0.5 + self._random.below(1024) / 1024)
        if self._shortest == float("inf"):
            return FINE_S
        rest = FORESEEN * self._shortest
        if rest < self._counter.poll_s:
            return self._counter.poll_s
        return rest if moved else FINE_S

    @property
    def trace(self) -> Trace:
        """Every movement so far; raises what the counter raised."""
        if self._error is not None:
            raise self._error
        count = len(self._times)
        return Trace(np.array(self._times[:count]), np.array(self._joules[:count]))
