"""One measurement of energy from begin to end: idle, warm-up, windows under load, idle again."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from harness.measure.aliasing import SHORT_S
from harness.measure.counter import Opened
from harness.measure.load import Load, Progress
from harness.measure.pace import Pace
from harness.measure.procfs import Unreadable
from harness.measure.thermometer import Thermometer, cool_down
from harness.measure.watch import Trace, Watch
from harness.measure.windows import WINDOWS, Window, cut, edges, mean_power, wanted_s

IDLE_S = 10.0
LEAST_IDLE_S = 2.0
SETTLE_S = 2.0
NO_TICK_S = 2.0
LOOK_S = 0.05


@dataclass(slots=True)
class Collected:
    """What a measurement brought: windows, idle watts before and after, other sources over the same time, warmth."""

    windows: list[Window] = field(default_factory=list)
    trace: Trace | None = None
    idle_s: float = 0.0
    idle_w: list[float | None] = field(default_factory=list)
    others: dict[str, float | None] = field(default_factory=dict)
    step_s: float = 0.0
    phases: int = 0
    celsius: list[float | None] = field(default_factory=list)
    """Before everything, at the start of the windows, at their end."""
    cooled_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Budget:
    """How `seconds` are divided: windows first, and what is left for idling before and after."""

    seconds: float
    warm_up_s: float

    def windows(self, wanted: float) -> tuple[int, float]:
        """How many windows, and how long each."""
        count = max(1, min(WINDOWS, int(self.seconds / wanted)))
        return count, min(wanted, self.seconds / count)

    def idle_s(self, wanted: float) -> float:
        """Seconds of idling on either side; 0 where too little is left to see anything."""
        count, each = self.windows(wanted)
        left = (self.seconds - count * each - self.warm_up_s - 2 * SETTLE_S) / 2
        return min(IDLE_S, left) if left >= LEAST_IDLE_S else 0.0


class EnergyRun:
    """Drives a step function and watches the counters meanwhile; `look` is called as the windows begin and end."""

    def __init__(
        self,
        found: Opened,
        step: Callable[[], None],
        budget: Budget,
        thermometer: Thermometer,
        pace: Pace,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self._counter = found.counters[0]
        self._step, self._budget, self._thermometer, self._pace = step, budget, thermometer, pace
        self._look = look
        self._watch = Watch(self._counter, pace.clock)
        beside = [*found.counters[1:], *found.background]
        self._beside = {counter.label: Watch(counter, pace.clock) for counter in beside}
        self._next_look = 0.0

    def run(self, reference_c: float | None = None) -> Collected:
        """Everything in turn; raises Unreadable where the counter fails, whatever the step raises."""
        found = Collected()
        with ExitStack() as stack:
            for watch in (self._watch, *self._beside.values()):
                stack.enter_context(self._pace.beside(watch.poll))
            self._step()
            found.cooled_s = cool_down(self._thermometer, reference_c, self._pace, self._budget.seconds)
            found.celsius.append(self._thermometer())
            found.idle_s = self._budget.idle_s(wanted_s(self._counter.ticks, None))
            found.idle_w.append(self._idle(found.idle_s))
            self._load(found)
            found.idle_w.append(self._idle(found.idle_s))
        return found

    def _idle(self, seconds: float) -> float | None:
        """Watts while nothing runs; what came before settles first."""
        if seconds <= 0:
            return None
        self._pace.sleep(SETTLE_S)
        begin_s = self._pace.clock()
        self._pace.sleep(seconds)
        return mean_power(self._watch.trace, begin_s, self._pace.clock())

    def _load(self, found: Collected) -> None:
        found.step_s = self._warm_up()
        gaps = self._counter.part_time and found.step_s > SHORT_S and found.idle_w[0] is not None
        load = Load(self._step, self._pace, gaps)
        self._look()
        found.celsius.append(self._thermometer())
        begin_s = self._pace.clock()
        count, window_s = self._budget.windows(wanted_s(self._counter.ticks, self._watch.trace.period_s))
        progress = load.run(self._until(begin_s, window_s, count))
        self._look()
        found.celsius.append(self._thermometer())
        found.phases = load.phases
        self._collect(found, progress, edges(self._watch.trace, begin_s, window_s, count))

    def _warm_up(self) -> float:
        """Run until the clocks have risen; the seconds of a step."""
        load = Load(self._step, self._pace)
        end_s = self._pace.clock() + self._budget.warm_up_s
        load.run(lambda: self._pace.clock() >= end_s)
        return load.step_s

    def _until(self, begin_s: float, window_s: float, count: int) -> Callable[[], bool]:
        """Whether the windows are complete; looks now and then, and raises Unreadable for a counter that stands still."""

        def complete() -> bool:
            now = self._pace.clock()
            if now < self._next_look:
                return False
            self._next_look = now + LOOK_S
            trace = self._watch.trace
            last = float(trace.times[-1]) if len(trace.times) else begin_s
            if now - max(begin_s, last) > NO_TICK_S:
                raise Unreadable(f"the counter did not move for {NO_TICK_S:.0f} s under load")
            return len(edges(trace, begin_s, window_s, count)) > count

        return complete

    def _collect(self, found: Collected, progress: Progress, at: list[int]) -> None:
        trace = found.trace = self._watch.trace
        found.windows = cut(trace, progress, at)
        begin_s, end_s = float(trace.times[at[0]]), float(trace.times[at[-1]])
        found.others = {name: _watts(watch, begin_s, end_s) for name, watch in self._beside.items()}


def _watts(watch: Watch, begin_s: float, end_s: float) -> float | None:
    try:
        return mean_power(watch.trace, begin_s, end_s)
    except Unreadable:
        return None
