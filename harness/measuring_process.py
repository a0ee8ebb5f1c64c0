"""The process that measures: it loads task and submission again, and times them when its parent tells it to.

Run as ``python -m harness.measuring_process`` by `harness.measuring` only.
"""

import gc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from harness.columns import Row
from harness.measure.loadgen import LoadgenRun, run_loadgen
from harness.measure.plan import Plan as TimePlan
from harness.measure.station import LocalStation, Ready
from harness.measure.throughput import Rate, Rates
from harness.measure.workload import Workload
from harness.options import RunOptions
from harness.plan import Plan
from harness.submission import Submission
from harness.task import RunContext


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """What the process is told first."""

    options: RunOptions
    time: TimePlan
    batch_size: int
    """Samples an inference; what was scored may have been answered in larger batches."""


class Timed:
    """A loaded task and submission, and what can be asked of them."""

    def __init__(self, plan: Plan, submission: Submission, time: TimePlan, batch_size: int) -> None:
        self._plan, self._submission, self._time = plan, submission, time
        self.workload = workload_of(plan, submission, batch_size)
        self.station = LocalStation(self.workload, time)

    def start_frozen(self) -> Ready:
        """Start; what lives by then is kept out of later garbage collections. Only for a process that does nothing else."""
        ready = self.station.start()
        gc.collect()
        gc.freeze()
        return ready

    def equal(self, path: str) -> bool | None:
        """Whether the timed model answers the first samples as the rows that are stored at `path`; None: it cannot be asked."""
        with np.load(path, allow_pickle=False) as stored:
            return same_answers(self._plan, self._submission, unpacked(stored))

    def rate(self, batch_size: int, span: str, seconds: float) -> Rate:
        """One block of throughput at `batch_size`."""
        return self._rates.block(batch_size, span, seconds)

    @cached_property
    def _rates(self) -> Rates:
        return Rates(lambda size: workload_of(self._plan, self._submission, size), self._plan.options.workers or 0)

    def loadgen(self, scenario: str, seconds: float, expected_per_s: float) -> LoadgenRun:
        """The same by MLPerf's generator."""
        return run_loadgen(self.workload, self._time.distinct, scenario, seconds, expected_per_s)

    def handlers(self) -> Mapping[str, Any]:
        """What the parent may call."""
        station = self.station
        return {
            "start": self.start_frozen, "block": station.block, "unchanged": station.unchanged, "equal": self.equal,
            "rate": self.rate, "loadgen": self.loadgen,
        }  # fmt: skip


def workload_of(plan: Plan, submission: Submission, batch_size: int) -> Workload:
    """What is timed, `batch_size` samples at a time."""
    run = RunContext(
        batch_size=batch_size, device=submission.device, seed=plan.options.seed, settings=plan.scoring.settings,
        advance=lambda count: None,
    )  # fmt: skip
    return plan.task.workload(submission, plan.dataset, run)


def same_answers(plan: Plan, submission: Submission, stored: Mapping[str, Row]) -> bool | None:
    """Whether the model answers samples as before, in the columns that are timed; None for trackers, which are driven."""
    if not hasattr(submission.method, "forward"):
        return None
    size = submission.batch_size
    samples = [plan.dataset.sample(index) for index in range(len(stored))]
    rows = plan.task.answers(submission, plan.dataset, samples, size)
    return all(_equal(row, stored[sample.id]) for row, sample in zip(rows, samples, strict=True))


def _equal(row: Row, stored: Row) -> bool:
    return all(np.array_equal(row[name], stored[name], equal_nan=stored[name].dtype.kind == "f") for name in row)


def packed(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Rows as one level of arrays for a file, and back: the place of a sample, its id, and the names of its columns."""
    return {f"{place}\t{id}\t{name}": v for place, (id, row) in enumerate(rows.items()) for name, v in row.items()}


def unpacked(arrays: Mapping[str, Any]) -> dict[str, Row]:
    """Rows by sample id, in their order."""
    rows: dict[int, tuple[str, dict[str, Any]]] = {}
    for key in arrays:
        place, id, name = key.split("\t")
        rows.setdefault(int(place), (id, {}))[1][name] = arrays[key]
    return {id: row for _, (id, row) in sorted(rows.items())}


def begin(greeting: Greeting) -> Mapping[str, Any]:
    """Load what the options name, as the parent did; the CPUs are bound first, so that every thread inherits them."""
    from harness.answering import adapt
    from harness.conversion import converted
    from harness.loading import load_submission
    from harness.measure.execution import pin
    from harness.plan import plan_run

    pin(greeting.options.threads)
    plan = plan_run(greeting.options, sample=True, with_inputs=True)
    loaded = load_submission(plan.task, plan.dataset, greeting.options, sample=plan.source.sample)
    submission = converted(loaded, greeting.options)
    plan = replace(plan, submission=submission)
    adapt(plan, submission)
    return Timed(plan, submission, greeting.time, greeting.batch_size).handlers()


if __name__ == "__main__":
    from harness.measure.remote import serve
    from harness.measuring_process import begin as begin_here

    serve(begin_here)
