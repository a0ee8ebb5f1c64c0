"""The fresh processes that a measurement is made by; or this one, where a Python object cannot be loaded again."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from harness.columns import Row
from harness.measure.batch_sweep import memory_available
from harness.measure.loadgen import LoadgenRun
from harness.measure.peak_memory import peak_memory_bytes
from harness.measure.plan import Plan as TimePlan
from harness.measure.remote import Process, RemoteStation
from harness.measure.station import Station
from harness.measure.throughput import Rate
from harness.measuring_process import Greeting, Timed, packed, same_answers
from harness.options import RunOptions
from harness.plan import Plan
from harness.submission import Submission

MODULE = "harness.measuring_process"
OWN = "the calling process, since a Python object cannot be loaded again in a fresh one"


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Stations that take turns, and what else the first of them can be asked."""

    stations: list[Station]
    processes: list[Process] = field(default_factory=list)
    timed: Timed | None = None
    fewer: str = ""
    plan: Plan
    submission: Submission

    @property
    def note(self) -> str:
        """What the record says of the processes, where they are not fresh or fewer than asked for."""
        return OWN if self.timed is not None else self.fewer

    @property
    def device_processes(self) -> int:
        """Processes of the measurement that may have opened the device, the caller's own included."""
        return len(self.processes) + 1

    def equal(self, stored: Mapping[str, Row]) -> bool | None:
        """Whether every timed model answers the stored samples as they were scored; None where nothing was."""
        if not stored:
            return None
        if self.timed is not None:
            return same_answers(self.plan, self.submission, stored)
        with tempfile.TemporaryDirectory(prefix="harness-answers-") as folder:
            path = Path(folder) / "answers.npz"
            np.savez(path, allow_pickle=False, **packed(stored))
            answers: list[bool | None] = [
                process.call("equal", bool | None, path=str(path))  # type: ignore[arg-type]
                for process in self.processes
            ]
        return None if None in answers else all(answers)

    def rate(self, batch_size: int, span: str, seconds: float) -> Rate:
        """One block of throughput by the first."""
        if self.timed is not None:
            return self.timed.rate(batch_size, span, seconds)
        return self.processes[0].call("rate", Rate, batch_size=batch_size, span=span, seconds=seconds)

    def loadgen(self, scenario: str, seconds: float, expected_per_s: float) -> LoadgenRun:
        """MLPerf's generator in the first."""
        if self.timed is not None:
            return self.timed.loadgen(scenario, seconds, expected_per_s)
        return self.processes[0].call(
            "loadgen", LoadgenRun, scenario=scenario, seconds=seconds, expected_per_s=expected_per_s
        )


@contextmanager
def gathered(plan: Plan, submission: Submission, time: TimePlan, batch_size: int) -> Iterator[Crew]:
    """As many fresh processes as `time` asks for and memory allows, until the end of the block."""
    if not can_load_again(plan.options):
        timed = Timed(plan, submission, time, batch_size)
        yield Crew(stations=[timed.station], timed=timed, plan=plan, submission=submission)
        return
    greeting = Greeting(options=portable(plan), time=time, batch_size=batch_size)
    with ExitStack() as stack:
        count = fitting(time.processes)
        processes = [stack.enter_context(Process(MODULE, greeting)) for _ in range(count)]
        fewer = f"{count} of {time.processes} processes, since memory holds no more" if count < time.processes else ""
        stations: list[Station] = [RemoteStation(process) for process in processes]
        yield Crew(stations=stations, processes=processes, fewer=fewer, plan=plan, submission=submission)


def can_load_again(options: RunOptions) -> bool:
    """Whether task and submission are names, which another process can load."""
    return isinstance(options.task, str) and isinstance(options.submission, str)


def portable(plan: Plan) -> RunOptions:
    """The options with the same data: where none is named, the sample that this run uses."""
    return replace(plan.options, home=plan.home.path)


def fitting(processes: int, proc: Path = Path("/proc")) -> int:
    """At most `processes`: as many as this process's own peak of memory fits into half of what is left."""
    available, own = memory_available(proc), peak_memory_bytes(proc)
    if available is None or own is None:
        return processes
    return max(1, min(processes, int(0.5 * available / own)))
