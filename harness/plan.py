"""What is known before the first sample runs: task, data, how to score, and the keys of what is stored."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from harness.errors import UsageError
from harness.layout import Source, locate, open_data
from harness.options import RunOptions
from harness.recording import host, required, versions
from harness.registry import FOLDER, find_task
from harness.scoring import data_digest, plan_scoring
from harness.store import Home, default_home
from harness.submission import Checkpoint, Submission
from harness.task import Dataset, Scoring, Task


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is known before the first sample runs."""

    task: Task
    source: Source
    dataset: Dataset
    scoring: Scoring
    options: RunOptions
    home: Home
    digest: str
    """The data digest."""
    submission: Submission | None = None


@dataclass
class Phases:
    """Seconds of every phase, and when the run began."""

    seconds: dict[str, float] = field(default_factory=dict)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time what happens inside under `name`."""
        begin = perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + perf_counter() - begin, 3)


PROBED = 64
"""How many inputs are read to see that a data set is still the one that stored answers belong to."""


def plan_run(options: RunOptions, *, sample: bool, with_inputs: bool) -> Plan:
    """Find task and data, choose how to score; raises a HarnessError of one sentence."""
    task = options.task if isinstance(options.task, Task) else find_task(str(options.task))
    home = Home(options.home or default_home())
    scoring = plan_scoring(task, options)
    if options.predictions is not None and not options.predictions.exists():
        raise UsageError(f"{options.predictions}: there is no such file or folder of predictions")
    source = locate(task, options, home.path, sample=sample, with_inputs=with_inputs)
    request = replace(source.request, protocol=scoring.protocol, settings=scoring.settings)
    source = replace(source, request=request)
    dataset = open_data(task, source, options.limit)
    return Plan(
        task=task,
        source=source,
        dataset=dataset,
        scoring=scoring,
        options=options,
        home=home,
        digest=data_digest(dataset),
    )


def prediction_key(plan: Plan, submission: Submission) -> str:
    """The digest of everything that the answers are computed from; never of who computes them."""
    if not submission.identified:
        return hashlib.sha256(uuid4().bytes).hexdigest()
    device = submission.device.partition(":")[0]
    content = {
        "submission": [submission.name, submission.code_digest, submission.variant, dict(submission.options)],
        "weights": _weights_identity(submission.checkpoint),
        "classes": submission.classes,
        "task": [
            plan.task.meta.id,
            plan.task.meta.version,
            plan.dataset.split,
            plan.digest,
            dict(plan.scoring.settings),
            dict(plan.dataset.facts),
            # An installed task says by its version when answers change; one in a folder is being written.
            plan.task.code_digest() if type(plan.task).__module__.startswith(FOLDER) else "",
        ],
        "inputs": _data_identity(plan),
        "run": [plan.options.seed, device, submission.dtype, submission.batch_size],
        "versions": versions(required(submission)),
    }
    return _digest(content)


def _weights_identity(checkpoint: Checkpoint) -> list[str]:
    """One file may hold several networks, and a library publishes many."""
    return [checkpoint.sha256 or f"{checkpoint.kind} {checkpoint.name}", checkpoint.key]


def _data_identity(plan: Plan) -> list[str]:
    """Where the inputs come from: other pixels under the same truth must not share answers."""
    request = plan.source.request
    own = plan.home.path.resolve() / "samples"
    paths = [path.resolve() for path in (request.data, request.images) if path is not None]
    named = [str(path) for path in paths if not path.is_relative_to(own)]
    return [*named, *_probed(plan)] if named else []


def _probed(plan: Plan) -> list[str]:
    """Digests of the decoded inputs of all samples of a small data set, of some, evenly spread, of a large one."""
    count = len(plan.dataset.ids)
    chosen = range(count) if count <= PROBED else sorted({i * count // PROBED for i in range(PROBED)})
    return [plan.task.input_digest(plan.dataset.sample(index).inputs).hex() for index in chosen]


def run_key(plan: Plan, key: str, submission: Submission) -> str:
    """The digest of everything that one record answers: its predictions, how they are scored and measured, and where."""
    options = plan.options
    claims = options.claims.read_bytes() if options.claims is not None else b""
    content = {
        "host": host(submission).host_id, "manifest": submission.manifest_digest, "supersedes": options.supersedes,
        "settings": dict(submission.settings),
        "task": plan.task.code_digest(), "predictions": key,
        "protocol": plan.scoring.protocol, "evaluator": plan.scoring.evaluator, "interval": options.interval,
        "measure": [options.measure, options.measure_s], "cores": sorted(os.sched_getaffinity(0)),
        "who": [options.submitter, options.team, options.seed_group], "claims": hashlib.sha256(claims).hexdigest(),
    }  # fmt: skip
    return _digest(content)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def command_line() -> list[str]:
    """The command as it was typed, the program without its folder."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv and sys.argv[0] else []
