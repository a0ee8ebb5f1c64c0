"""Blocks from one or several processes, spread over the time, and once more for those that something disturbed."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from harness.measure.disturbance import disturbed
from harness.measure.pace import Pace
from harness.measure.percentiles import PLANNED_BLOCKS
from harness.measure.plan import Plan
from harness.measure.station import BlockReport, Ready, Station

CANARY_ABOVE = 0.05
LEAST_KEPT = PLANNED_BLOCKS
"""With fewer undisturbed blocks than a median's interval needs nothing is left out: the verdict says what disturbed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A block, the process that ran it, and seconds since the measurement began at which it was over."""

    process: int
    at_s: float
    report: BlockReport


@dataclass(slots=True)
class Collection:
    """Everything that was run, and what of it counts."""

    plan: Plan
    ready: list[Ready] = field(default_factory=list)
    blocks: list[Placed] = field(default_factory=list)
    seconds: float = 0.0
    changed_inputs: bool = False
    device_processes: int = 1
    """How many of the processes on an accelerator are the measurement's own, the caller's included."""
    notes: dict[str, str] = field(default_factory=dict)

    def causes(self) -> list[str]:
        """What disturbed each block, in a word; empty where nothing did. No latency is looked at."""
        cpus = len(self.ready[0].affinity)
        best = [
            min((b.report.canary_ms for b in self.blocks if b.process == i), default=0.0)
            for i in range(len(self.ready))
        ]
        return [
            disturbed(block.report.disturbance, cpus)
            or ("canary" if block.report.canary_ms > (1 + CANARY_ABOVE) * best[block.process] else "")
            for block in self.blocks
        ]

    def kept(self) -> list[Placed]:
        """The undisturbed blocks where there are enough of them, else all."""
        clean = [block for block, cause in zip(self.blocks, self.causes(), strict=True) if not cause]
        return clean if len(clean) >= LEAST_KEPT else list(self.blocks)

    @property
    def spread_s(self) -> float:
        """Seconds from the first kept block to the last."""
        kept = self.kept()
        return kept[-1].at_s - kept[0].at_s if kept else 0.0


Satisfied = Callable[[Collection], bool]


class Collector:
    """Starts the stations and asks them for blocks in turns; in steps, so that blocks may stand between other work."""

    def __init__(self, stations: Sequence[Station], plan: Plan, pace: Pace | None = None) -> None:
        self._stations = list(stations)
        self._plan = plan
        pace = pace or Pace()
        self._clock, self._sleep = pace.clock, pace.sleep
        self._began = self._clock()
        self._block_s: list[float] = []
        self._away_s = 0.0
        self._last = self._began
        self.found = Collection(plan)
        random = np.random.PCG64(plan.seed).random_raw(4096)
        self._jitter = 0.5 + random.astype(np.float64) / 2.0**64

    def start(self) -> None:
        """Warm every process up, one after the other; slow models are left with as many as there is time for."""
        self._began = self._clock()
        for number, station in enumerate(self._stations):
            ready = station.start()
            self.found.ready.append(ready)
            took = ready.first_ms * 1e-3 + float(ready.warm_up["seconds"])
            left = len(self._stations) - number - 1
            if left and took > self._plan.seconds / 2:
                self.found.notes["processes"] = (
                    f"{number + 1} of {len(self._stations)}, since each takes {took:.0f} s to become warm"
                )
                break
        # what processes take to begin is not the measurement's; a single one's warm-up is
        warming = self.found.ready[0].warm_up["seconds"] if len(self.found.ready) == 1 else 0.0
        self._began = self._clock() - float(warming)
        self._last = self._clock()

    def block(self, end_s: float | None = None) -> None:
        """One block of the process whose turn it is; `end_s` is when the time is over (None: as planned)."""
        process = len(self.found.blocks) % len(self.found.ready)
        begin = self._clock()
        report = self._stations[process].block(self._left(self._plan.seconds if end_s is None else end_s))
        now = self._last = self._clock()
        self._block_s.append(now - begin)
        self.found.blocks.append(Placed(process, now - self._began, report))
        self.found.seconds = now - self._began - self._away_s

    def block_between(self) -> None:
        """A block between other work, whose time is not the measurement's."""
        self.away()
        self.block()

    def away(self) -> None:
        """What went by since the last block was other work."""
        self._away_s += self._clock() - self._last
        self._last = self._clock()

    def has_time(self) -> bool:
        """Whether a further block fits into the planned time."""
        return self._another(self._plan.seconds, self._plan.max_blocks)

    def run(self, satisfied: Satisfied, tell: Callable[[str], None] = lambda text: None) -> Collection:
        """Blocks over the whole time; then, `retries` times as long at most, until `satisfied`, which `tell` is told."""
        if self.found.blocks:
            self.away()
            if satisfied(self.found):
                return self.close()
        while self.has_time():
            self.block()
            self._sleep(self.pause())
        if self._plan.retries and not satisfied(self.found):
            end_s = self._plan.seconds * (1 + self._plan.retries)
            tell(f"Not stable yet ({self._disturbances()}): measuring again for at most {self._left(end_s):.0f} s.")
            self._again(satisfied, end_s)
        return self.close()

    def _again(self, satisfied: Satisfied, end_s: float) -> None:
        for extra in count(1):
            if (extra % 20 == 0 and satisfied(self.found)) or not self._another(end_s, 10**9):
                return
            self.block(end_s)
            self._sleep(min(self._typical_s(), max(0.0, self._left(end_s))))

    def _disturbances(self) -> str:
        causes = Counter(cause for cause in self.found.causes() if cause)
        most = ", ".join(f"{cause} {number}" for cause, number in causes.most_common(3))
        return f"{causes.total()} of {len(self.found.blocks)} blocks disturbed{f': {most}' if most else ''}"

    def close(self) -> Collection:
        """What was found, and whether the inputs are still what they were."""
        used = self._stations[: len(self.found.ready)]
        self.found.changed_inputs = not all(station.unchanged() for station in used)
        return self.found

    def _another(self, end_s: float, most: int) -> bool:
        """Whether a further block fits (one of each process is always run; the last one may be cut short)."""
        done = len(self.found.blocks)
        return done < len(self.found.ready) or (done < most and self._left(end_s) >= min(self._block_s) / 2)

    def pause(self) -> float:
        """Seconds to wait now, so that the blocks spread over what is left; unequal, against aliasing."""
        left, block_s = self._left(self._plan.seconds), self._typical_s()
        to_come = int(left / (block_s + self._plan.min_pause_s))
        to_come = min(to_come, self._plan.max_blocks - len(self.found.blocks))
        if to_come < 1:
            return 0.0
        even = (left - to_come * block_s) / to_come
        return max(0.0, even * float(self._jitter[len(self.found.blocks) % len(self._jitter)]))

    def _left(self, end_s: float) -> float:
        return end_s - (self._clock() - self._began - self._away_s)

    def _typical_s(self) -> float:
        return float(np.median(self._block_s))
