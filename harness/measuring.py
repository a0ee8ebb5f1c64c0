"""The engine's side of measuring: from a task and a submission to latency, energy, cost and memory."""

from harness.columns import Row
from harness.plan import Plan
from harness.progress import Reporter
from harness.record import Cost, Measurements, Throughput, Timing
from harness.submission import Submission
from harness.task import Dataset, Predictions, RunContext, Task

ENERGY_S = 5.0


def measure(plan: Plan, submission: Submission, predictions: Predictions | None, reporter: Reporter) -> Measurements:
    """Measure `submission` on real samples; where `predictions` exist, the timed model must give the same."""
    from harness.measure import count_cost, measure_energy, measure_latency, peak_memory_bytes

    task, dataset, options = plan.task, plan.dataset, plan.options
    run = RunContext(
        batch_size=submission.batch_size,
        device=submission.device,
        seed=options.seed,
        settings=plan.scoring.settings,
        advance=lambda count: None,
    )
    workload = task.workload(submission, dataset, run)
    with reporter.bar("measuring", 3) as advance:
        timing = measure_latency(workload, seconds=max(options.measure_s, 0.1))
        timing = _compared(timing, task, submission, dataset, predictions)
        advance(1)
        energy = measure_energy(workload, seconds=min(ENERGY_S, max(options.measure_s, 0.1)))
        advance(1)
        cost = count_cost(workload, submission.module) if submission.module is not None else NO_MODULE
        advance(1)
    return Measurements(
        latency=[timing],
        throughput=[_throughput(timing, workload.rate)],
        energy=[energy],
        cost=cost,
        peak_memory_bytes=peak_memory_bytes(),
    )


NO_MODULE = Cost(parameters=None, macs=None, reason="the submission names no torch module to count")


def _compared(
    timing: Timing, task: Task, submission: Submission, dataset: Dataset, predictions: Predictions | None
) -> Timing:
    """The timing with whether the model, after it was timed, still answers the first samples as it was scored."""
    import msgspec

    if predictions is None or not hasattr(submission.method, "forward"):
        return timing
    size = submission.batch_size
    samples = [dataset.sample(index) for index in range(min(size, len(dataset.ids)))]
    equal = all(
        _equal(row, predictions.table.row(predictions.table.position(sample.id)))
        for row, sample in zip(task.answers(submission, dataset, samples, size), samples, strict=True)
    )
    if equal:
        return msgspec.structs.replace(timing, outputs_equal=True)
    reasons = [*timing.reasons, f"the timed model answers {samples[0].id} otherwise than the scored one"]
    return msgspec.structs.replace(timing, outputs_equal=False, verdict="invalid", reasons=reasons)


def _equal(row: Row, stored: Row) -> bool:
    import numpy as np

    return all(np.array_equal(row[name], stored[name], equal_nan=stored[name].dtype.kind == "f") for name in row)


def _throughput(timing: Timing, rate: str) -> Throughput:
    """Samples a second one after the other, from the mean of the span `rate`."""
    whole = next((span for span in timing.spans if span.name == rate), None)
    if whole is None or not whole.mean:
        return Throughput(value=None, batch_size=timing.batch_size, reason=f"there is no span {rate}")
    return Throughput(
        value=1000.0 / whole.mean, batch_size=timing.batch_size, verdict=timing.verdict, reasons=timing.reasons,
        facts={"scenario": timing.scenario, "from": f"1000 / mean of {rate}"},
    )  # fmt: skip
