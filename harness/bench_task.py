"""Whose images a submission is timed on where no task is named."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.options import RunOptions
from harness.progress import Reporter
from harness.registry import SCHEMES, TASKS, find_submission, find_task, installed, load_point

if TYPE_CHECKING:
    from harness.manifest import Manifest


def with_task(options: RunOptions, reporter: Reporter) -> RunOptions:
    """`options` with a task that the submission answers, which is said; raises UsageError where none is found."""
    spec = options.submission
    if not isinstance(spec, str):
        raise UsageError("name a task: a Python object does not say which it answers")
    scheme, _, name = spec.partition(":")
    task = (
        _of_scheme(scheme, name, spec)
        if name and scheme in installed(SCHEMES)
        else _of_manifest(find_submission(spec)[1])
    )
    reporter.note(f"No task is named: {spec} is timed on the images of {task} (--task takes another).")
    return replace(options, task=task)


def _of_scheme(scheme: str, name: str, spec: str) -> str:
    """What the scheme's module says by its function ``task_for(name)``."""
    module = sys.modules[load_point(installed(SCHEMES)[scheme]).__module__]
    suggest = getattr(module, "task_for", None)
    found = suggest(name) if suggest is not None else ""
    if not found:
        raise UsageError(f"{spec} answers several kinds of tasks, or any; name one with --task")
    return str(found)


def _of_manifest(manifest: "Manifest") -> str:
    """A task of one of its interfaces: one that it has a variant for on the sample, one of its claims, else the first."""
    for name in _candidates(manifest):
        if name in installed(TASKS) and find_task(name).meta.interface.id in manifest.interfaces:
            return name
    raise UsageError(f"no installed task asks for {' or '.join(manifest.interfaces)}; name one with --task")


def _candidates(manifest: "Manifest") -> Iterator[str]:
    for variant in manifest.variants:
        yield from variant.sample_of
    for claim in manifest.claims:
        yield claim.task
    yield from installed(TASKS)
