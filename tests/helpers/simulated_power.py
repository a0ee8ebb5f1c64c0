"""A machine on a clock of its own that draws a known power, and the counters and sensors that such machines have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from harness.measure.counter import Counter
from harness.measure.pace import Again, Pace


class Machine:
    """Time passes only when something is done; the energy used is exact at every moment."""

    def __init__(self, idle_w: float = 50.0, begin_s: float = 0.0123) -> None:
        self.now, self.watts, self.idle_w, self.used_j = begin_s, idle_w, idle_w, 0.0
        self._due: dict[int, float] = {}
        self._actions: dict[int, Again] = {}

    def at(self, when: float, action: Again) -> int:
        """Call `action` at `when`, and again after as many seconds as it returns."""
        key = max(self._actions, default=0) + 1
        self._due[key], self._actions[key] = when, action
        return key

    def drop(self, key: int) -> None:
        del self._due[key], self._actions[key]

    def spend(self, seconds: float, watts: float | None = None) -> None:
        """Let time pass at `watts` (idle where None), with everything that is due meanwhile."""
        self.watts = self.idle_w if watts is None else watts
        end = self.now + seconds
        while True:
            key = min(self._due, key=lambda k: self._due[k], default=None)
            if key is None or self._due[key] > end:
                break
            self._move(max(self.now, self._due[key]))
            self._due[key] = self.now + self._actions[key]()
        self._move(end)
        self.watts = self.idle_w

    def _move(self, when: float) -> None:
        self.used_j += self.watts * (when - self.now)
        self.now = when

    @property
    def pace(self) -> Pace:
        @contextmanager
        def beside(again: Again) -> Iterator[None]:
            key = self.at(self.now, again)
            try:
                yield
            finally:
                self.drop(key)

        return Pace(lambda: self.now, self.spend, beside)


class Ticking(Counter):
    """An energy counter that is brought up to date every `tick_s`, up to `late_s` late."""

    def __init__(
        self, machine: Machine, tick_s: float = 0.1, name: str = "ticking", scope: str = "board", late_s: float = 0.0
    ) -> None:
        self.name, self.scope = name, scope
        self._late_s, self._random = late_s, Random(round(machine.now * 1e6))
        self.shown_j = 0.0
        self.factor = 1.0
        self._machine = machine
        first = (int(machine.now / tick_s) + 1) * tick_s
        self._number, self._tick_s = round(first / tick_s), tick_s
        machine.at(first, self._tick)

    def _tick(self) -> float:
        self.shown_j = self._machine.used_j * self.factor
        self._number += 1
        return self._number * self._tick_s + self._late_s * self._random.random() - self._machine.now

    def joules(self) -> float:
        return self.shown_j


class PartTime:
    """A power sensor that looks for `on_s` of every `every_s`, and shows the mean of its last look."""

    def __init__(self, machine: Machine, on_s: float = 0.025, every_s: float = 0.1) -> None:
        self.shown_w = machine.idle_w
        self._machine, self._on_s, self._every_s = machine, on_s, every_s
        self._looking: float | None = None
        machine.at(machine.now, self._look)

    def _look(self) -> float:
        if self._looking is None:
            self._looking = self._machine.used_j
            return self._on_s
        self.shown_w = (self._machine.used_j - self._looking) / self._on_s
        self._looking = None
        return self._every_s - self._on_s

    def watts(self) -> float:
        return self.shown_w


def steady(machine: Machine, seconds: float, watts: float) -> Callable[[], None]:
    """An inference of constant power."""
    return lambda: machine.spend(seconds, watts)


def pulsed(machine: Machine, seconds: float, high_w: float, low_w: float, duty: float) -> Callable[[], None]:
    """An inference that draws `high_w` for its first part and `low_w` for the rest."""

    def step() -> None:
        machine.spend(seconds * duty, high_w)
        machine.spend(seconds * (1 - duty), low_w)

    return step
