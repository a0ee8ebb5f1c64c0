"""``harness bench A --against B``: two submissions timed in turns, and the one place that may say "times faster"."""

from contextlib import ExitStack

import msgspec

from harness.crew import Crew, can_load_again, gathered
from harness.errors import UsageError
from harness.measure.comparison import Comparison, compare, interleave
from harness.measure.exclusive import exclusive
from harness.measure.plan import Plan as TimePlan
from harness.measure.procfs import allowed_cpus
from harness.measuring import BENCH_S, RETRIES, query_size, time_plan
from harness.options import RunOptions
from harness.plan import Plan
from harness.progress import Reporter
from harness.submission import Submission

LEAST_PROCESSES, MOST_PROCESSES = 2, 3
"""Of each of the two."""
BLOCK_S = 0.04


def compare_submissions(
    first: tuple[Plan, Submission], second: tuple[Plan, Submission], reporter: Reporter
) -> Comparison:
    """Both in fresh processes on the same images, interleaved; raises UsageError where they cannot be compared."""
    plan, submission = first
    _check(plan, second[0])
    time = _time(plan.options)
    emulated = [each.emulated for _, each in (first, second) if each.emulated]
    other, last = sorted((submission.device, second[1].device))
    with ExitStack() as stack:
        if other != last:
            stack.enter_context(exclusive(other, (), reporter.note))
        stack.enter_context(exclusive(last, allowed_cpus(), reporter.note))
        crews: list[Crew] = [
            stack.enter_context(gathered(each, method, time, query_size(plan.options)))
            for each, method in (first, second)
        ]
        if len(crews[0].stations) < LEAST_PROCESSES:
            raise UsageError("memory does not hold two processes of the first submission, which its control needs")
        found = interleave(crews[0].stations, crews[1].stations, time.seconds, time.retries)
    names = [label(each, method) for each, method in (first, second)]
    if names[0] == names[1]:
        names = [f"{names[0]} (first)", f"{names[1]} (second)"]
    result = compare(found, found.ready[0].headline, *names)
    if not emulated:
        return result
    reason = f"{' and '.join(emulated)} arithmetic is emulated in floating point: the ratio is the emulation's"
    return msgspec.structs.replace(result, statement=f"{result.statement} But {reason}.")


def _check(first: Plan, second: Plan) -> None:
    if not (can_load_again(first.options) and can_load_again(second.options)):
        raise UsageError("--against needs two submissions by name or path; a Python object cannot be loaded again")
    if first.digest != second.digest:
        raise UsageError("--against: the two would be timed on other images; name one --task and --data for both")
    sizes = [query_size(plan.options) for plan in (first, second)]
    if sizes[0] != sizes[1]:
        raise UsageError(
            f"--against: the first would answer {sizes[0]} samples at a time, the second {sizes[1]}; state one --batch-size"
        )


def _time(options: RunOptions) -> TimePlan:
    full = time_plan(options, BENCH_S)
    processes = max(full.processes, LEAST_PROCESSES)
    return TimePlan(
        seconds=full.seconds, block_s=BLOCK_S, processes=min(processes, MOST_PROCESSES),
        retries=RETRIES if full.retries else 0,
    )  # fmt: skip


def label(plan: Plan, submission: Submission) -> str:
    """The submission's name, and what else it was timed with."""
    options = plan.options
    parts = [submission.name, submission.variant]
    parts += [submission.dtype] if submission.dtype != "float32" else []
    parts += ["channels last"] if options.channels_last else []
    parts += ["compiled"] if options.compile else []
    return " ".join(part for part in parts if part)
