"""Energy from a source that only tells power: readings at uneven moments, joined by trapezoids."""

import statistics
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter

from harness.measure.counter import Counter


class IntegratedPower(Counter):
    """A counter over `watts`, a function that reads the present power and raises Unreadable where it cannot."""

    ticks = False

    def __init__(
        self,
        name: str,
        scope: str,
        watts: Callable[[], float],
        *,
        limit_w: float | None = None,
        poll_s: float = 0.02,
        part_time: bool = False,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.name, self.scope, self.limit_w = name, scope, limit_w
        self.poll_s, self.part_time = poll_s, part_time
        self._watts, self._clock = watts, clock
        self._joules = 0.0
        self._when, value = clock(), watts()
        self.readings: list[float] = [value]
        self._changed: list[float] = []

    def joules(self) -> float:
        """Joules since this object was made."""
        when, value = self._clock(), self._watts()
        before = self.readings[-1]
        self._joules += 0.5 * (value + before) * (when - self._when)
        if value != before:
            self._changed.append(when)
        self.readings.append(value)
        self._when = when
        return self._joules

    @property
    def update_s(self) -> float | None:
        """Typical seconds between two readings that differ; None where they never did."""
        steps = [after - before for before, after in pairwise(self._changed)]
        return statistics.median(steps) if steps else None
