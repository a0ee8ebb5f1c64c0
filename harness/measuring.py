"""The engine's side of measuring: from a task and a submission to latency, throughput, energy, cost and memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from harness.columns import Row
from harness.conversion import CONVERSIONS
from harness.crew import Crew, gathered
from harness.errors import HarnessError
from harness.measure import count_cost, measure_energy, peak_memory_bytes
from harness.measure.batch_sweep import sweep
from harness.measure.collection import Collection
from harness.measure.energy import device_celsius
from harness.measure.exclusive import Held, exclusive
from harness.measure.latency import collect, finished, timing_of
from harness.measure.loadgen import throughput_by_loadgen, timing_by_loadgen
from harness.measure.plan import PROCESSES
from harness.measure.plan import Plan as TimePlan
from harness.measure.procfs import allowed_cpus
from harness.measure.sequential import sequential
from harness.measure.timed_loop import END_TO_END
from harness.measure.verdict import SPREAD_S
from harness.measure.workload import Workload
from harness.measuring_process import workload_of
from harness.options import RunOptions
from harness.plan import Plan
from harness.progress import Reporter
from harness.record import Cost, Measurements, Sweep, Throughput, Timing
from harness.scattering import Scattered, scattered
from harness.submission import Submission
from harness.task import Predictions

EVAL_S = 10.0
"""A look, which no time below 45 s can make stable: a newcomer should not wait for it."""
BENCH_S = 60.0
RETRIES = 2
SWEEP_S = SPREAD_S + 10.0
"""Over so long all batch sizes take turns where it is to be stable."""
MULTI_STREAM = 8
"""Samples a query, as MLPerf's MultiStream has it."""
NO_MODULE = Cost(parameters=None, macs=None, reason="the submission names no torch module to count")
Advance = Callable[[int], None]


@dataclass(slots=True)
class Speeds:
    """What was timed."""

    latency: list[Timing] = field(default_factory=list)
    throughput: list[Throughput] = field(default_factory=list)
    sweep: Sweep | None = None


def time_plan(options: RunOptions, default_s: float) -> TimePlan:
    """A quick look by one process; from 45 s on by four, and once more where something disturbed."""
    seconds = max(default_s if options.measure_s is None else options.measure_s, 0.1)
    if seconds < SPREAD_S:
        return TimePlan(seconds=seconds)
    return TimePlan(seconds=seconds, processes=PROCESSES, retries=RETRIES)


@contextmanager
def measuring(plan: Plan, submission: Submission, reporter: Reporter) -> Iterator["Measuring"]:
    """What measures a run: blocks between its batches where it is long, the rest when it is over."""
    time, celsius = time_plan(plan.options, EVAL_S), device_celsius(submission.device)
    with scattered(plan, submission, time, plan.options.batch_size or 1, reporter) as between:
        yield Measuring(plan, submission, time, reporter, between, celsius)


@dataclass(frozen=True)
class Measuring:
    """The measurement of one run."""

    plan: Plan
    submission: Submission
    time: TimePlan
    reporter: Reporter
    between: Scattered
    celsius: float | None = None
    """How warm the device was when the run began."""

    def finish(self, predictions: Predictions) -> Measurements:
        """Everything, once all is answered: the timed model must give what was scored.

        Where the measurement fails the score still stands: the record then says why nothing was measured.
        """
        try:
            return self._finish(stored_answers(self.plan, self.submission, predictions))
        except HarnessError as error:
            self.reporter.note(f"Nothing was measured: {error}")
            return Measurements(reason=str(error))

    def _finish(self, stored: dict[str, Row]) -> Measurements:
        plan, submission = self.plan, self.submission
        with (
            exclusive(submission.device, allowed_cpus(), self.reporter.note) as held,
            self.reporter.bar("measuring", 3) as advance,
        ):
            speeds = self._speeds(held, stored)
            advance(1)
            return _measurements(plan, submission, self.time, speeds, advance, self.celsius)

    def _speeds(self, held: Held, stored: dict[str, Row]) -> Speeds:
        options, between = self.plan.options, self.between
        if between.crew is not None and between.collector is not None:
            found = finished(between.collector, self.reporter.note)
            found.notes["scattered"] = "blocks between the batches of the evaluation"
            speeds = _timed(found, between.crew, held, options, stored)
            between.close()
            return speeds
        with gathered(self.plan, self.submission, self.time, options.batch_size or 1) as crew:
            found = collect(crew.stations, self.time, crew.device_processes, self.reporter.note)
            return _timed(found, crew, held, options, stored)


def measure_alone(plan: Plan, submission: Submission, reporter: Reporter) -> Measurements:
    """Measure only (``harness bench``): the scenario that was asked for, and the throughput at rising batch sizes."""
    options, time, celsius = plan.options, time_plan(plan.options, BENCH_S), device_celsius(submission.device)
    with exclusive(submission.device, allowed_cpus(), reporter.note) as held, reporter.bar("measuring", 4) as advance:
        with gathered(plan, submission, time, query_size(options)) as crew:
            speeds = _speeds(crew, plan, time, held, reporter, advance)
        return _measurements(plan, submission, time, speeds, advance, celsius)


def query_size(options: RunOptions) -> int:
    """Samples an inference: those of the scenario, unless a batch size is stated."""
    return options.batch_size or (MULTI_STREAM if options.scenario == "MultiStream" else 1)


def _speeds(crew: Crew, plan: Plan, time: TimePlan, held: Held, reporter: Reporter, advance: Advance) -> Speeds:
    options, speeds, emulated = plan.options, Speeds(), crew.submission.emulated
    offline = options.scenario == "Offline"
    if offline:
        crew.stations[0].start()
    else:
        found = collect(crew.stations, time, crew.device_processes, reporter.note)
        speeds = _timed(found, crew, held, options, {})
    advance(1)
    if offline or options.batch_sweep:
        span = END_TO_END if offline else workload_of(plan, crew.submission, 1).headline
        _sweep(crew, speeds, span, time.seconds, options)
    if options.backend == "loadgen":
        rate = max((item.value or 0.0 for item in speeds.throughput), default=0.0)
        run = crew.loadgen(options.scenario, time.seconds, max(rate, 1.0))
        size = query_size(options)
        if offline:
            speeds.throughput.append(throughput_by_loadgen(run, size, emulated))
        else:
            speeds.latency.append(timing_by_loadgen(run, options.scenario, size, crew.submission.dtype, emulated))
    advance(1)
    return speeds


def _timed(found: Collection, crew: Crew, held: Held, options: RunOptions, stored: dict[str, Row]) -> Speeds:
    """What the blocks give: the latency, and the rate of one inference after the other."""
    _note(found, crew, held)
    size = found.ready[0].batch_size
    scenario = "Batch" if size > 1 and options.scenario == "SingleStream" else options.scenario
    equal = crew.equal(stored)
    timing = timing_of(found, outputs_equal=equal, scenario=scenario, emulated=crew.submission.emulated)
    rate = workload_of(crew.plan, crew.submission, size).rate
    return Speeds([timing], [sequential(found, timing, rate)])


def _note(found: Collection, crew: Crew, held: Held) -> None:
    found.notes["exclusive"] = held.gap or held.covers
    if held.waited_s >= 1.0:
        found.notes["waited"] = f"{held.waited_s:.0f} s for another measurement"
    found.notes |= {name: str(crew.submission.options[name]) for name in CONVERSIONS if name in crew.submission.options}
    if crew.note:
        found.notes["process"] = crew.note


def _sweep(crew: Crew, speeds: Speeds, span: str, seconds: float, options: RunOptions) -> None:
    """Throughput at rising batch sizes; a task that answers no batches says so instead."""
    turns_s = max(seconds if span == END_TO_END else seconds / 6, SWEEP_S if seconds >= SPREAD_S else 0.0)
    try:
        found, speeds.sweep = sweep(
            crew.rate, span, cpus=len(allowed_cpus()), climb_s=seconds / 6, turns_s=turns_s, seed=options.seed
        )
    except HarnessError as error:
        speeds.throughput.append(Throughput(value=None, reason=str(error), facts={"span": span}))
        return
    facts = {"scenario": "Offline", "workers": options.workers or 0} if span == END_TO_END else {"scenario": "Batch"}
    speeds.throughput += [
        msgspec.structs.replace(item, facts=item.facts | facts, emulated=crew.submission.emulated) for item in found
    ]


def _measurements(
    plan: Plan, submission: Submission, time: TimePlan, speeds: Speeds, advance: Advance, celsius: float | None
) -> Measurements:
    workload = workload_of(plan, submission, query_size(plan.options))
    energy = measure_energy(workload, seconds=time.seconds, reference_c=celsius)
    advance(1)
    cost = _counted(workload, submission)
    advance(1)
    return Measurements(
        latency=speeds.latency,
        throughput=speeds.throughput,
        sweep=speeds.sweep,
        energy=[energy],
        cost=cost,
        peak_memory_bytes=peak_memory_bytes(),
    )


def _counted(workload: Workload, submission: Submission) -> Cost:
    """The operations; where they cannot be counted the reason, since what was timed is worth keeping."""
    if submission.module is None:
        return NO_MODULE
    try:
        return count_cost(workload, submission.module)
    except HarnessError as error:
        return Cost(parameters=None, macs=None, reason=str(error))


def stored_answers(plan: Plan, submission: Submission, predictions: Predictions | None) -> dict[str, Row]:
    """What was scored for the first batch, by sample id: the timed model must answer it alike."""
    if predictions is None or not hasattr(submission.method, "forward"):
        return {}
    table = predictions.table
    return {id: table.row(table.position(id)) for id in plan.dataset.ids[: submission.batch_size]}
