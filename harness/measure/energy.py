"""Joules a sample and mean watts of the headline span, from a counter that answers; never an estimate.

The load runs through both edges of a window, and a window begins and ends where the counter moves (MEASUREMENT, 3.12).
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import cycle
from time import perf_counter
from typing import Any, Protocol

from harness.measure.nvml import ENABLE, NvmlEnergy, NvmlPower, find_handle, open_nvml
from harness.measure.procfs import Unreadable, allowed_cpus
from harness.measure.rapl import find_rapl, rapl_advice
from harness.measure.workload import Workload, synchroniser
from harness.record import Energy, Verdict

WINDOW_S = 5.0
WINDOWS = 3
SPREAD = 0.01
PLAUSIBLE = 1.5
NO_TICK_S = 2.0


class Counter(Protocol):
    """Something that counts energy."""

    name: str
    scope: str
    poll_s: float
    needs_ticks: int

    @property
    def limit_w(self) -> float | None:
        """What the measured part may draw, watts."""

    def joules(self) -> float:
        """Joules since some moment; raises Unreadable or CounterError."""

    def close(self) -> None:
        """Release the source."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of counter, and how to open it on this machine."""

    name: str
    open: Callable[[], Counter]
    advice: Callable[[str], str]
    """From why it cannot be read, to what would allow it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Energy between two moments at which the counter moved."""

    joules: float
    seconds: float
    inferences: int
    ticks: int


def sources_for(device: str) -> list[Source]:
    """What could count the energy of work on `device`, best first."""
    if device.split(":")[0] == "cuda":
        return [Source(kind.name, _nvml(kind, device), lambda _: ENABLE) for kind in (NvmlEnergy, NvmlPower)]
    if device == "cpu":
        return [Source("RAPL", lambda: find_rapl(cpus=allowed_cpus()), rapl_advice)]
    return []


def _nvml(kind: Callable[[Any, Any], Counter], device: str) -> Callable[[], Counter]:
    def open_counter() -> Counter:
        nvml = open_nvml()
        return kind(nvml, find_handle(nvml, device))

    return open_counter


def open_first(sources: Sequence[Source]) -> tuple[Counter | None, list[str], str]:
    """The first source that can be read; what was tried, with every answer; how to enable one where none could be."""
    tried: list[str] = []
    advice: list[str] = []
    for source in sources:
        try:
            counter = source.open()
            counter.joules()
        except Unreadable as error:
            tried.append(f"{source.name}: {error}")
            advice.append(source.advice(str(error)))
        else:
            return counter, [*tried, f"{source.name}: used"], ""
    return None, tried, "; ".join(dict.fromkeys(advice))


def measure_energy(
    workload: Workload,
    *,
    seconds: float = WINDOWS * WINDOW_S,
    sources: Sequence[Source] | None = None,
) -> Energy:
    """Gross energy of the headline span over real prepared inputs; null with the reason where nothing counts it.

    Returns at once where there is no source; else takes about `seconds`, in up to 3 windows of at least 5 s.
    """
    windows = max(1, min(WINDOWS, int(seconds / WINDOW_S)))
    window_s = seconds / windows
    counter, tried, enable = open_first(sources_for(workload.device) if sources is None else sources)
    if counter is None:
        reason = "no energy counter can be read here: " + ("; ".join(tried) or f"none is known for {workload.device}")
        return _absent(reason, tried, enable)
    with closing(counter), workload.entered():
        step = headline_loop(workload)
        try:
            found = [run_window(counter, step, window_s) for _ in range(windows)]
        except Unreadable as error:
            return _absent(str(error), [*tried, f"{counter.name}: {error}"], enable)
    return _result(found, counter, tried, workload.batch_size, window_s)


def headline_loop(workload: Workload, distinct: int = 16) -> Callable[[], None]:
    """A function that runs the headline stage on the next of about `distinct` prepared samples."""
    before, stage = workload.headline_stage()
    inputs: list[tuple[Any, Any]] = []
    for i in workload.chosen(-(-distinct // workload.batch_size)):
        item = value = workload.load(i)
        for earlier in before:
            value = earlier.call(value, item)
        inputs.append((value, item))
    turn = cycle(inputs)
    wait = synchroniser(workload.device)

    def step() -> None:
        value, item = next(turn)
        stage.call(value, item)
        if wait is not None:
            wait()

    return step


def run_window(
    counter: Counter, step: Callable[[], None], window_s: float, clock: Callable[[], float] = perf_counter
) -> Window:
    """Run `step` until the counter moves, count until it moves at least `window_s` later.

    Raises CounterError or Unreadable from the counter, and Unreadable where it does not move for 2 s.
    """
    ticks = _ticks(counter, step, clock)
    begin_s, begin_j, begin_n = next(ticks)
    for count, (now_s, now_j, now_n) in enumerate(ticks, start=1):
        if now_s - begin_s >= window_s:
            return Window(now_j - begin_j, now_s - begin_s, now_n - begin_n, count)
    raise Unreadable(f"{counter.name}: the counter ended")


def _ticks(
    counter: Counter, step: Callable[[], None], clock: Callable[[], float]
) -> Iterator[tuple[float, float, int]]:
    """Time, joules and inferences done, at every moment at which the counter was seen to move."""
    last, done = counter.joules(), 0
    moved_s = asked_s = clock()
    while True:
        step()
        done += 1
        now_s = clock()
        if now_s - asked_s < counter.poll_s:
            continue
        asked_s = now_s
        joules = counter.joules()
        if joules != last:
            last, moved_s = joules, now_s
            yield now_s, joules, done
        elif now_s - moved_s > NO_TICK_S:
            raise Unreadable(f"{counter.name}: the counter did not move for {NO_TICK_S:.0f} s under load")


def judge_windows(
    windows: Sequence[Window], *, limit_w: float | None, window_s: float, needs_ticks: int
) -> tuple[Verdict, list[str]]:
    """The verdict on measured windows and its reasons; `invalid` means that no number may be given."""
    watts = [window.joules / window.seconds for window in windows]
    if min(watts) <= 0:
        return "invalid", [f"a window counts {min(watts):g} W, which cannot be"]
    if limit_w is not None and max(watts) > PLAUSIBLE * limit_w:
        return "invalid", [f"a window counts {max(watts):.0f} W where {limit_w:.0f} W is the limit"]
    reasons = list(_doubts(windows, window_s, needs_ticks))
    return ("unstable" if reasons else "stable"), reasons


def _doubts(windows: Sequence[Window], window_s: float, needs_ticks: int) -> Iterator[str]:
    if len(windows) < WINDOWS:
        yield f"{len(windows)} window was measured, {WINDOWS} are needed"
    if window_s < WINDOW_S:
        yield f"windows of {window_s:g} s are shorter than {WINDOW_S:g} s"
    ticks = min(window.ticks for window in windows)
    if ticks < needs_ticks:
        yield f"the counter moved {ticks} times in a window, {needs_ticks} are needed"
    each = [window.joules / window.inferences for window in windows]
    spread = statistics.stdev(each) / statistics.fmean(each) if len(each) > 1 else 0.0
    if spread > SPREAD:
        yield f"the windows differ by {100 * spread:.1f} % (standard deviation, limit {100 * SPREAD:.0f} %)"


def _result(windows: Sequence[Window], counter: Counter, tried: list[str], batch: int, window_s: float) -> Energy:
    verdict, reasons = judge_windows(
        windows, limit_w=counter.limit_w, window_s=window_s, needs_ticks=counter.needs_ticks
    )
    if verdict == "invalid":
        return _absent("; ".join(reasons), tried, "")
    joules = sum(window.joules for window in windows)
    seconds = sum(window.seconds for window in windows)
    inferences = sum(window.inferences for window in windows)
    return Energy(
        verdict=verdict,
        energy_j=joules / (inferences * batch),
        power_w=joules / seconds,
        reason="; ".join(reasons),
        source=counter.name,
        scope=counter.scope,
        window_s=seconds / len(windows),
        samples=inferences * batch,
        tried=tried,
        facts={"windows": [asdict(window) for window in windows], "kind": "gross", "power_limit_w": counter.limit_w},
    )


def _absent(reason: str, tried: list[str], enable: str) -> Energy:
    return Energy(verdict="not measured", energy_j=None, power_w=None, reason=reason, tried=tried, how_to_enable=enable)
