"""What disturbed a block of inferences: counters read before and after it, outside the timed spans."""

import os
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from harness.measure.procfs import (
    CpuGroup,
    CpuTicks,
    Unreadable,
    allowed_cpus,
    cpu_groups,
    cpu_ticks,
    pressure_us,
    run_delay_ns,
    throttled_ns,
)

T = TypeVar("T")
CLOCK_JITTER_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every counter at one moment; None where the machine does not offer it."""

    wall_ns: int
    calendar_ns: int
    awake_and_asleep_ns: int
    own_cpu_ns: int
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    delays_ns: dict[int, int] | None
    ticks: CpuTicks | None
    pressure_us: int | None
    throttled_ns: int | None


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happened in a block (or in several, added up). Times in nanoseconds; None: not readable."""

    wall_ns: int
    own_cpu_ns: int
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int
    run_delay_ns: int | None
    steal_ns: int | None
    foreign_ns: int | None
    pressure_ns: int | None
    throttled_ns: int | None
    calendar_step_ns: int = 0
    """How much further the wall clock went than the clock that times: it was set, and no latency saw it."""
    suspended_ns: int = 0


@dataclass(slots=True)
class Probe:
    """Takes snapshots. `proc` and `groups_root` can point elsewhere for tests; `unreadable` says what is missing."""

    proc: Path = Path("/proc")
    groups_root: Path = Path("/sys/fs/cgroup")
    cpus: frozenset[int] = field(default_factory=allowed_cpus)
    unreadable: dict[str, str] = field(default_factory=dict)
    _groups: list[CpuGroup] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._groups = self._read("throttling", lambda: cpu_groups(self.proc, self.groups_root)) or []

    def snapshot(self) -> Snapshot:
        """Read every counter that this machine offers."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return Snapshot(
            wall_ns=time.perf_counter_ns(),
            calendar_ns=time.time_ns(),
            awake_and_asleep_ns=_boot_ns(),
            own_cpu_ns=time.process_time_ns(),
            voluntary_switches=usage.ru_nvcsw,
            involuntary_switches=usage.ru_nivcsw,
            minor_faults=usage.ru_minflt,
            major_faults=usage.ru_majflt,
            delays_ns=self._read("run delay", lambda: run_delay_ns(self.proc)),
            ticks=self._read("busy and stolen CPU time", lambda: cpu_ticks(self.proc, self.cpus)),
            pressure_us=self._read("CPU pressure", lambda: pressure_us(self.proc)),
            throttled_ns=self._read("throttling", lambda: throttled_ns(self._groups)),
        )

    def _read(self, name: str, reader: Callable[[], T]) -> T | None:
        if name in self.unreadable:
            return None  # a source that fails once is left alone, so that no series has holes
        try:
            return reader()
        except Unreadable as error:
            self.unreadable[name] = str(error)
        except ValueError as error:
            self.unreadable[name] = f"not in the form that Linux documents ({error})"
        return None


def between(before: Snapshot, after: Snapshot) -> Disturbance:
    """What the counters say happened from one snapshot to the next."""
    tick_ns = 1_000_000_000 // _ticks_per_second()
    own = after.own_cpu_ns - before.own_cpu_ns
    ticks = None
    if before.ticks is not None and after.ticks is not None:
        ticks = CpuTicks(after.ticks.busy - before.ticks.busy, after.ticks.steal - before.ticks.steal)
    wall = after.wall_ns - before.wall_ns
    return Disturbance(
        wall_ns=wall,
        own_cpu_ns=own,
        voluntary_switches=after.voluntary_switches - before.voluntary_switches,
        involuntary_switches=after.involuntary_switches - before.involuntary_switches,
        minor_faults=after.minor_faults - before.minor_faults,
        major_faults=after.major_faults - before.major_faults,
        run_delay_ns=_delay(before.delays_ns, after.delays_ns),
        steal_ns=None if ticks is None else ticks.steal * tick_ns,
        foreign_ns=None if ticks is None else ticks.busy * tick_ns - own,
        pressure_ns=_scaled(before.pressure_us, after.pressure_us, 1000),
        throttled_ns=_scaled(before.throttled_ns, after.throttled_ns, 1),
        calendar_step_ns=_beyond_jitter(after.calendar_ns - before.calendar_ns - wall),
        suspended_ns=_beyond_jitter(after.awake_and_asleep_ns - before.awake_and_asleep_ns - wall),
    )


def total(parts: Sequence[Disturbance]) -> Disturbance:
    """The sum over blocks; a counter that was missing in one of them is missing in the sum."""
    return Disturbance(
        wall_ns=sum(part.wall_ns for part in parts),
        own_cpu_ns=sum(part.own_cpu_ns for part in parts),
        voluntary_switches=sum(part.voluntary_switches for part in parts),
        involuntary_switches=sum(part.involuntary_switches for part in parts),
        minor_faults=sum(part.minor_faults for part in parts),
        major_faults=sum(part.major_faults for part in parts),
        run_delay_ns=_sum([part.run_delay_ns for part in parts]),
        steal_ns=_sum([part.steal_ns for part in parts]),
        foreign_ns=_sum([part.foreign_ns for part in parts]),
        pressure_ns=_sum([part.pressure_ns for part in parts]),
        throttled_ns=_sum([part.throttled_ns for part in parts]),
        calendar_step_ns=sum(part.calendar_step_ns for part in parts),
        suspended_ns=sum(part.suspended_ns for part in parts),
    )


MOST_RUN_DELAY = 0.02
MOST_STEAL = 0.01
MOST_FOREIGN = 0.05
MOST_PRESSURE = 0.05
LEAST_TICKS = 3
"""Ticks of 10 ms are coarse beside a block of 100 ms: less than three of them are no sign of anything."""


def disturbed(block: Disturbance, cpus: int) -> str:
    """What disturbed one block, in a word; empty where nothing did. The block's own latencies are not looked at."""
    seen = shares(block, cpus)
    floor_ns = LEAST_TICKS * 1_000_000_000 // _ticks_per_second()
    if block.suspended_ns:
        return "suspended"
    if seen["throttled"]:
        return "throttled"
    if (seen["run_delay"] or 0.0) > MOST_RUN_DELAY:
        return "run delay"
    if (seen["pressure"] or 0.0) > MOST_PRESSURE:
        return "pressure"
    if (seen["steal"] or 0.0) > MOST_STEAL and (block.steal_ns or 0) >= floor_ns:
        return "steal"
    if (seen["foreign_load"] or 0.0) > MOST_FOREIGN and (block.foreign_ns or 0) >= floor_ns:
        return "foreign load"
    return ""


def shares(sum_of_blocks: Disturbance, cpus: int, everything: Disturbance | None = None) -> dict[str, float | None]:
    """The disturbances as shares of the measured time (of `cpus` times that time, for steal and foreign load).

    `everything` is the sum with the blocks that were left out: a quota that stopped the process in any of them spoils them
    all (MEASUREMENT, 3.8). Ticks are coarse (10 ms), so foreign load can come out slightly negative; it is then 0.
    """
    wall, whole = max(sum_of_blocks.wall_ns, 1), everything or sum_of_blocks

    def share(value: int | None, of: int) -> float | None:
        return None if value is None else max(0.0, value / of)

    return {
        "run_delay": share(sum_of_blocks.run_delay_ns, wall),
        "steal": share(sum_of_blocks.steal_ns, wall * cpus),
        "foreign_load": share(sum_of_blocks.foreign_ns, wall * cpus),
        "pressure": share(sum_of_blocks.pressure_ns, wall),
        "throttled": share(whole.throttled_ns, max(whole.wall_ns, 1)),
    }


def _delay(before: dict[int, int] | None, after: dict[int, int] | None) -> int | None:
    if before is None or after is None:
        return None
    return sum(delay - before.get(thread, 0) for thread, delay in after.items())


def _scaled(before: int | None, after: int | None, unit: int) -> int | None:
    return None if before is None or after is None else (after - before) * unit


def _sum(values: list[int | None]) -> int | None:
    present = [value for value in values if value is not None]
    return sum(present) if len(present) == len(values) else None


def _beyond_jitter(difference_ns: int) -> int:
    """The clocks are read one after the other, and slewed by NTP: what is below 20 ms is no step."""
    return difference_ns if abs(difference_ns) >= CLOCK_JITTER_NS else 0


def _boot_ns() -> int:
    """The clock that also counts while the machine sleeps; where there is none, the one that times."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.perf_counter_ns() if clock is None else time.clock_gettime_ns(clock)


def _ticks_per_second() -> int:
    return os.sysconf("SC_CLK_TCK")
