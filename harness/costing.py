"""What a submission costs, for `harness cost`: on a task's sample, or on a picture of the size that the submission states."""

import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import DataError, SubmissionError, UsageError, WeightsError
from harness.layout import Source, open_data, sample_folder
from harness.loading import load_submission
from harness.manifest import Manifest
from harness.options import RunOptions
from harness.plan import plan_run
from harness.progress import Reporter
from harness.record import Cost
from harness.registry import SCHEMES, find_submission, find_task, installed, load_point, task_names
from harness.scoring import plan_scoring
from harness.store import Home, default_home
from harness.submission import Submission
from harness.task import DataRequest, Dataset, RunContext, Scoring, Task


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A submission's cost, and what it was counted on."""

    submission: Submission
    task: str
    """The task whose sample was counted, or for which the network was built."""
    on: str
    """What the input was, in words."""
    cost: Cost


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """A task, its data, and the submission loaded for them."""

    task: Task
    dataset: Dataset
    scoring: Scoring
    sample: bool
    submission: Submission


def count(options: RunOptions, reporter: Reporter, size: Sequence[int] = ()) -> Counted:
    """Count the submission that `options` name.

    With a task, on the first sample of its data, or of its generated sample where none are configured. Without one, on a
    picture of `size` (channels, height, width), or of the size that the variant states, else on the generated sample of
    a task that the submission answers. Random weights stand in where none are at hand: they change no count. Raises a
    HarnessError of one sentence.
    """
    chosen = _with_task(options, reporter) if options.task else _without_task(options, reporter)
    submission = chosen.submission
    size = list(size) or ([] if options.task else _stated_size(submission))
    if size:
        cost, on = _on_picture(submission, size), f"a random picture of {'x'.join(map(str, size))}"
    else:
        cost = _on_sample(chosen, options.seed)
        on = f"the first {'generated ' * chosen.sample}sample of {chosen.task.meta.id}/{chosen.dataset.split}"
    return Counted(submission=submission, task=chosen.task.meta.id, on=on, cost=cost)


# -- the task ----------------------------------------------------------------------------------------------------------
def _with_task(options: RunOptions, reporter: Reporter) -> _Chosen:
    plan = plan_run(options, sample=True, with_inputs=True)
    submission = _load(plan.task, plan.dataset, options, plan.source.sample, reporter)
    return _Chosen(
        task=plan.task, dataset=plan.dataset, scoring=plan.scoring, sample=plan.source.sample, submission=submission
    )


def _without_task(options: RunOptions, reporter: Reporter) -> _Chosen:
    """The first task that the submission answers, with its generated sample; its variant for real data.

    Only a library with networks for several tasks has to be asked for one task after the other.
    """
    if not isinstance(options.submission, str):
        raise UsageError("an object in Python is counted on a task; name one")
    for flag in ("data", "annotations", "images"):
        if getattr(options, flag) is not None:
            raise UsageError(f"--{flag} {getattr(options, flag)}: whose data these are is said with --task")
    refused: list[str] = []
    several = ":" in options.submission
    for name in _candidates(options.submission):
        task = find_task(name)
        chosen = replace(options, task=task)
        try:
            dataset = _generated(task, chosen)
            submission = _load(task, dataset, chosen, False, reporter)
        except UsageError as error:
            if not several:
                raise
            refused.append(str(error))
            continue
        scoring = plan_scoring(task, chosen)
        return _Chosen(task=task, dataset=dataset, scoring=scoring, sample=True, submission=submission)
    if not refused:
        raise UsageError(f"{options.submission} answers no installed task; name one with --task")
    raise UsageError(refused[0])


def _candidates(submission: str) -> Iterator[str]:
    """Ids of tasks that `submission` may answer: for a scheme those that it names, else those of its claims first."""
    scheme, _, name = submission.partition(":")
    if name and scheme in installed(SCHEMES):
        load = load_point(installed(SCHEMES)[scheme])
        stated = getattr(sys.modules.get(load.__module__), "TASKS", ())
        yield from stated or task_names()
        return
    manifest = find_submission(submission)[1]
    claimed = [claim.task for claim in manifest.claims if claim.task in task_names()]
    for name in dict.fromkeys([*claimed, *task_names()]):
        try:
            answers = find_task(name).meta.interface.id in manifest.interfaces
        except SubmissionError:
            continue  # a task whose package lacks something must not stop the count of what answers another
        if answers:
            yield name


def _generated(task: Task, options: RunOptions) -> Dataset:
    """The task's generated sample, in the split whose facts fit the variant that is asked for."""
    when = _manifest_variant(options)
    first: Dataset | None = None
    for split in [options.split] if options.split else task.meta.splits:
        asked = replace(options, data=None, annotations=None, images=None, split=split)
        dataset = _open_generated(task, asked)
        if dataset is not None and all(dataset.facts.get(key) == value for key, value in when.items()):
            return dataset
        first = first or dataset
    if first is None:
        raise DataError(f"the generated sample of {task.meta.id} cannot be opened; name a task with --task")
    return first


def _open_generated(task: Task, options: RunOptions) -> Dataset | None:
    """A split of the generated sample; None where the sample lacks it."""
    folder = sample_folder(task, Home(options.home or default_home()).path)
    request = DataRequest(data=folder, split=options.split, with_inputs=True)
    try:
        return open_data(task, Source(request=request, sample=True), options.limit)
    except DataError:
        return None


def _manifest_variant(options: RunOptions) -> dict[str, Any]:
    """What the variant that is asked for by name, or else the manifest's default, says of its data."""
    if ":" in str(options.submission):
        return {}
    manifest = find_submission(str(options.submission))[1]
    name = options.variant or manifest.default_variant
    return dict(manifest.variant(name).when) if name else {}


# -- the submission ----------------------------------------------------------------------------------------------------
def _load(task: Task, dataset: Dataset, options: RunOptions, sample: bool, reporter: Reporter) -> Submission:
    try:
        return load_submission(task, dataset, options, sample=sample)
    except WeightsError:
        if options.weights:
            raise
    found = load_submission(task, dataset, replace(options, weights="random"), sample=sample)
    reporter.note(f"No weights of {found.name} are at hand: random ones stand in, which changes no count.")
    return found


def _stated_size(submission: Submission) -> list[int]:
    manifest: Manifest | None = submission.manifest
    return list(manifest.variant(submission.variant).input) if manifest is not None and submission.variant else []


def _on_picture(submission: Submission, size: Sequence[int]) -> Cost:
    if submission.module is None:
        raise SubmissionError(f"{submission.name} names no torch module that could be given a picture; name a --task")
    try:
        return _count_picture(deepcopy(submission.module).to("meta"), size, "meta")
    except Exception:
        # Without numbers nothing is computed; what needs them (a choice by value, an operator of one's own) is computed.
        return _count_picture(submission.module, size, submission.device)


def _count_picture(module: Any, size: Sequence[int], device: str) -> Cost:
    import torch

    from harness.measure import Stage, Workload, count_cost

    picture = torch.rand(1, *size, generator=torch.Generator().manual_seed(0)).to(device)
    stage = Stage("forward", lambda value, _: module(value))
    return count_cost(Workload(count=1, load=lambda _: picture, stages=(stage,), device=device), module)


def _on_sample(chosen: _Chosen, seed: int) -> Cost:
    from harness.measure import count_cost
    from harness.measuring import NO_MODULE

    submission = chosen.submission
    if submission.module is None:
        return NO_MODULE
    run = RunContext(
        batch_size=submission.batch_size, device=submission.device, seed=seed, settings=chosen.scoring.settings,
        advance=lambda count: None,
    )  # fmt: skip
    _adapt(chosen)
    return count_cost(chosen.task.workload(submission, chosen.dataset, run), submission.module)


def _adapt(chosen: _Chosen) -> None:
    """Show a first few samples to a method that uses their statistics; which ones changes no count."""
    adapt = getattr(chosen.submission.method, "adapt", None)
    if callable(adapt):
        few = range(min(len(chosen.dataset.ids), chosen.submission.batch_size))
        adapt(chosen.dataset.sample(index) for index in few)
