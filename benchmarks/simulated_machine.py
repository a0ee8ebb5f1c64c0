"""A machine that is simulated: what its counters say and how fast a network is on it, while quiet or disturbed.

The truth is known here, which on a real machine it never is: the median latency that the quiet machine has over all
memory layouts that a process may draw. The harness's own collection, gate, percentiles and verdict run on it unchanged, on a
simulated clock.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.comparing import MOST_PROCESSES
from harness.measure.collection import Collection, Collector
from harness.measure.comparison import Comparison, compare, interleave
from harness.measure.disturbance import Disturbance
from harness.measure.latency import finished
from harness.measure.pace import Pace
from harness.measure.plan import PROCESSES, Plan
from harness.measure.station import BlockReport, Ready
from harness.measuring import RETRIES

Float = NDArray[np.float64]
Expected = Literal["stable", "right", "never"]
MS = 10.0
ITEMS = 64
CPUS = 2
MEMORY_FELT = 0.34
"""How the latency of mobilenet_v3_small followed a copy of memory, in logarithms, where nothing waited for a CPU."""
BENCH = Plan(seconds=60.0, processes=PROCESSES, retries=RETRIES)
"""What `harness bench` does without --measure-s."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What goes on: factors of latency, canary and copy of memory, and the counters as shares of the time."""

    latency: float = 1.0
    canary: float = 1.0
    memory: float = 1.0
    run_delay: float = 0.0
    steal: float = 0.0
    foreign: float = 0.0
    pressure: float = 0.0
    throttled: float = 0.0


Weather = Callable[[float], Moment]
"""Seconds -> what goes on."""
Maker = Callable[[np.random.Generator], Weather]


def quiet(rng: np.random.Generator) -> Weather:
    """Nothing."""
    return lambda _: Moment()


def loaded(rng: np.random.Generator) -> Weather:
    """As many processes that spin as there are CPUs, all the time."""
    return lambda _: busy(rng)


def busy(rng: np.random.Generator) -> Moment:
    """One moment beside processes that spin: the scheduler takes the CPU away for slices of a few milliseconds."""
    delay = float(rng.uniform(0.25, 0.6))
    return Moment(
        latency=1 / (1 - delay), canary=float(rng.uniform(1.0, 2.0)), memory=float(rng.uniform(1.0, 2.0)),
        run_delay=delay, foreign=0.5, pressure=float(rng.uniform(0.3, 1.0)),
    )  # fmt: skip


def bursts(rng: np.random.Generator, on_s: float = 3.0, off_s: float = 9.0) -> Weather:
    """Such processes come and go: a quarter of the time there are some."""
    edges = np.cumsum(rng.exponential([off_s, on_s], size=(200, 2)).ravel())
    return lambda t: busy(rng) if np.searchsorted(edges, t) % 2 else Moment()


def mostly_loaded(rng: np.random.Generator) -> Weather:
    """The same for four fifths of the time."""
    return bursts(rng, on_s=8.0, off_s=2.0)


def stealing(rng: np.random.Generator) -> Weather:
    """The hypervisor takes up to a third of the CPUs, all the time."""

    def at(_: float) -> Moment:
        share = float(rng.uniform(0.15, 0.35))
        return Moment(latency=1 / (1 - share), canary=float(rng.uniform(1.0, 1.4)), steal=share)

    return at


def quota(rng: np.random.Generator) -> Weather:
    """A control group stops the process in a third of the blocks."""
    return lambda _: Moment(latency=1.3, throttled=float(rng.choice([0.0, 0.0, 0.3])))


def cooling_fails(rng: np.random.Generator) -> Weather:
    """The clock falls by 6 % in a minute; no counter tells, the canary does."""
    return lambda t: Moment(latency=1 + 0.06 * t / 60, canary=1 + 0.06 * t / 60)


def two_clocks(rng: np.random.Generator) -> Weather:
    """The clock has two levels, 8 % apart, and changes every ten seconds or so."""
    edges = np.cumsum(rng.exponential(10.0, size=200))
    return lambda t: Moment() if np.searchsorted(edges, t) % 2 else Moment(latency=1.08, canary=1.08)


def neighbours(rng: np.random.Generator) -> Weather:
    """Others on the socket take memory bandwidth: the copy takes 1 to 2 times as long, and no counter tells."""
    levels = np.exp(_wandering(rng, sd=0.25, corner_s=2.0))

    def at(t: float) -> Moment:
        slow = max(1.0, float(levels[int(t * 10) % len(levels)]) * 1.3)
        return Moment(latency=slow**MEMORY_FELT, memory=slow)

    return at


def ageing(rng: np.random.Generator) -> Weather:
    """The network itself becomes slower, by 5 % in a minute; the machine is quiet."""
    return lambda t: Moment(latency=1 + 0.05 * t / 60)


def _wandering(rng: np.random.Generator, sd: float, corner_s: float, seconds: float = 400.0) -> Float:
    """A level every 0.1 s that wanders with a standard deviation `sd` and forgets within `corner_s`."""
    keep = math.exp(-0.1 / corner_s)
    values = np.empty(int(seconds * 10))
    values[0] = rng.normal(0.0, sd)
    steps = rng.normal(0.0, sd * math.sqrt(1 - keep * keep), len(values))
    for n in range(1, len(values)):
        values[n] = keep * values[n - 1] + steps[n]
    return values


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of weather, and what may be said in it: stable; stable only if right; never stable."""

    name: str
    weather: Maker
    expected: Expected
    process_sd: float = 0.003
    """How much the levels of processes differ."""
    modes: float = 1.0
    """How much longer two fifths of the images take."""


CASES = (
    Case("quiet", quiet, "stable"),
    Case("quiet, images of two kinds", quiet, "stable", modes=1.5),
    Case("quiet, processes differ by 1.5 %", quiet, "right", process_sd=0.015),
    Case("load comes and goes (a quarter)", bursts, "right"),
    Case("load comes and goes (four fifths)", mostly_loaded, "never"),
    Case("load all the time", loaded, "never"),
    Case("hypervisor steals", stealing, "never"),
    Case("CPU quota", quota, "never"),
    Case("clock falls 6 %", cooling_fails, "never"),
    Case("clock has two levels", two_clocks, "right"),
    Case("neighbours take memory bandwidth", neighbours, "never"),
    Case("network becomes slower", ageing, "never"),
)


class Simulated:
    """One process's station on the simulated machine."""

    def __init__(self, machine: "Machine", level: float) -> None:
        self._machine, self._level, self._turn = machine, level, 0

    def start(self) -> Ready:
        """Two seconds of loading and warm-up."""
        self._machine.now += 2.0
        return Ready(
            spans=["forward", "end_to_end"], headline="forward", batch_size=1, device="cpu", dtype="float32",
            distinct=ITEMS, sizes=dict.fromkeys(range(ITEMS), 1000), first_ms=3 * MS, steady=True,
            warm_up={"seconds": 1.0, "inferences": 96, "steady": True}, affinity=list(range(CPUS)), quota_cpus=None,
            canary="torch", execution={"threads": 1}, unreadable={},
        )  # fmt: skip

    def block(self, left_s: float) -> BlockReport:
        """A block as the loop would run it: at least 0.1 s and five kept inferences of each kind."""
        machine, began = self._machine, self._machine.now
        seen = machine.weather(began)
        count = max(5, math.ceil(100 / (2.2 * MS * self._level * seen.latency)))
        items = [(self._turn + k) % ITEMS for k in range(count)]
        self._turn += count + 1
        apart, whole = (machine.latencies(items, self._level * seen.latency) for _ in range(2))
        machine.now += float(apart.sum() + whole.sum() + apart[0] + whole[0]) * 1e-3 + 0.004
        return BlockReport(
            spans={"forward": apart.tolist(), "end_to_end": whole.tolist()},
            items={"forward": items, "end_to_end": items},
            disturbance=_counters(seen, machine.now - began),
            canary_ms=1.2 * seen.canary * (1 + abs(float(machine.rng.normal(0.0, 0.006)))),
            memory_ms=0.9 * seen.memory * (1 + abs(float(machine.rng.normal(0.0, 0.02)))),
        )

    def unchanged(self) -> bool:
        """Nothing writes into the inputs."""
        return True


def _counters(seen: Moment, seconds: float) -> Disturbance:
    wall = int(seconds * 1e9)
    return Disturbance(
        wall_ns=wall, own_cpu_ns=int(wall * (1 - seen.run_delay)), voluntary_switches=0, involuntary_switches=0,
        minor_faults=0, major_faults=0, run_delay_ns=int(wall * max(seen.run_delay, 0.001)),
        steal_ns=int(wall * CPUS * seen.steal), foreign_ns=int(wall * CPUS * seen.foreign),
        pressure_ns=int(wall * seen.pressure), throttled_ns=int(wall * seen.throttled),
    )  # fmt: skip


class Machine:
    """The machine, its clock and one network on it."""

    def __init__(self, case: Case, seed: int) -> None:
        self.case, self.now, self.rng = case, 0.0, np.random.default_rng(seed)
        self.weather = case.weather(self.rng)
        self._wander = np.exp(_wandering(self.rng, sd=0.003, corner_s=8.0))

    def latencies(self, items: list[int], level: float) -> Float:
        """Milliseconds of inferences over these images, in this moment."""
        now = self._wander[int(self.now * 10) % len(self._wander)]
        return MS * level * now * kinds(np.array(items), self.case.modes) * scatter(self.rng, len(items))

    def run(self, plan: Plan = BENCH) -> Collection:
        """A measurement as `harness bench` makes it: repeated where something disturbs, up to three times as long."""
        collector = Collector(
            self._stations(plan.processes), replace(plan, seed=0), Pace(clock=lambda: self.now, sleep=self._sleep)
        )
        collector.start()
        return finished(collector)

    def against_itself(self, seconds: float = 60.0) -> Comparison:
        """`harness bench A --against A`, three processes each."""
        first, second = (self._stations(MOST_PROCESSES) for _ in range(2))
        found = interleave(first, second, seconds, RETRIES, clock=lambda: self.now)
        return compare(found, "forward", "A (first)", "A (second)")

    def _stations(self, count: int) -> list["Simulated"]:
        return [Simulated(self, float(level)) for level in 1 + self.rng.normal(0.0, self.case.process_sd, count)]

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def kinds(items: NDArray[np.int64], modes: float) -> Float:
    """Two images of five take `modes` times as long."""
    found: Float = np.where(items % 5 < 2, modes, 1.0)
    return found


def scatter(rng: np.random.Generator, count: int) -> Float:
    """From inference to inference: 1.5 %, and one in a hundred takes a fifth longer."""
    found: Float = np.exp(rng.normal(0.0, 0.015, count)) * np.where(rng.random(count) < 0.01, 1.2, 1.0)
    return found


def truth(case: Case, count: int = 400_000) -> float:
    """The quiet machine's median over images and processes, ms."""
    rng = np.random.default_rng(99)
    levels = 1 + rng.normal(0.0, case.process_sd, count)
    items = np.arange(count) % ITEMS
    return float(np.median(MS * levels * kinds(items, case.modes) * scatter(rng, count)))


def runs(case: Case, count: int, seed: int = 0) -> Iterator[Collection]:
    """`count` measurements in weather of one kind, each of a machine and processes of its own."""
    for number in range(count):
        yield Machine(case, seed * 100_000 + number).run()
