"""The run: plan, predict, score, measure, record."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import numpy as np

from harness.columns import ColumnSpec, Row
from harness.errors import UsageError
from harness.files import lock
from harness.layout import Source, locate, open_data
from harness.loading import load_submission
from harness.measuring import measure
from harness.options import RunOptions
from harness.predictions import PartSink
from harness.progress import Reporter
from harness.record import Measurements, Record
from harness.recording import build_record
from harness.registry import find_task
from harness.scoring import data_digest, plan_scoring, score_predictions
from harness.store import Home, default_home
from harness.submission import Submission
from harness.task import Dataset, Predictions, RunContext, Scoring, Task

INPUT = ColumnSpec("input_sha256", "uint8", (32,))


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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A run's record, where it lies, and whether this run wrote it."""

    record: Record
    path: Path
    home: Home
    new: bool


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


def plan_run(options: RunOptions, *, sample: bool, with_inputs: bool) -> Plan:
    """Find task and data, choose how to score; raises a HarnessError of one sentence."""
    task = options.task if isinstance(options.task, Task) else find_task(str(options.task))
    home = Home(options.home or default_home())
    scoring = plan_scoring(task, options)
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


def evaluate(options: RunOptions, reporter: Reporter) -> Outcome:
    """Run a model on a task, score and measure it, and write the record; an interrupted run is gone on with."""
    phases = Phases()
    with phases("plan"):
        plan = plan_run(options, sample=True, with_inputs=True)
        if plan.source.sample:
            reporter.note(
                f"No data set is configured: this runs on the generated sample of {plan.task.meta.id}, not on the benchmark."
            )
        submission = load_submission(plan.task, plan.dataset, options, sample=plan.source.sample)
        plan = replace(plan, submission=submission)
    _refuse_random(submission)
    key = prediction_key(plan, submission)
    run_key = _run_key(plan, key)
    with lock(plan.home.lock(key), lambda: reporter.note("Another process is at the same run; waiting for it.")):
        done = plan.home.finished(run_key)
        if done is not None and not options.again:
            return Outcome(record=done, path=plan.home.record_path(done.id), home=plan.home, new=False)
        with phases("predict"):
            sink = predict(plan, submission, plan.home.predictions(key), reporter)
        predictions = Predictions(table=sink.answers(), facts=sink.facts)
        with phases("score"):
            scored = score_plan(plan, predictions, reporter)
        with phases("measure"):
            measured = (
                measure(plan.task, submission, plan.dataset, predictions, options, reporter)
                if options.measure
                else Measurements(reason="not asked for")
            )
        record = build_record(
            plan,
            scored,
            predictions,
            phases,
            measurements=measured,
            folder=plan.home.predictions(key),
            resumed=sink.resumed,
            inputs=sink.inputs(),
        )
        superseded = [done.id] if done is not None else []
        return _finish(plan, run_key, record, superseded)


def score(options: RunOptions, reporter: Reporter) -> Outcome:
    """Score a file of predictions in the benchmark's official format and write the record."""
    phases = Phases()
    path = options.predictions
    if path is None or not path.exists():
        raise UsageError(f"{path}: there is no such file or folder of predictions")
    with phases("plan"):
        plan = plan_run(options, sample=False, with_inputs=False)
    with phases("read"):
        predictions = plan.task.read(path, plan.dataset)
    digest = predictions.table.digest()
    with phases("score"):
        scored = score_plan(plan, predictions, reporter)
    with phases("store"):
        folder = plan.home.predictions(digest)
        store_predictions(folder, predictions)
        record = build_record(plan, scored, predictions, phases, folder=folder)
    done = plan.home.record_path(record.id)
    if done.exists() and not options.again:
        return Outcome(record=plan.home.find(str(done))[1], path=done, home=plan.home, new=False)
    return Outcome(record=record, path=plan.home.write_record(record), home=plan.home, new=True)


def bench(options: RunOptions, reporter: Reporter) -> Measurements:
    """Measure only; nothing is scored and no record is written."""
    plan = plan_run(options, sample=True, with_inputs=True)
    submission = load_submission(plan.task, plan.dataset, options, sample=plan.source.sample)
    return measure(plan.task, submission, plan.dataset, None, options, reporter)


def score_plan(plan: Plan, predictions: Predictions, reporter: Reporter) -> Any:
    """Score with a bar where intervals make it long."""
    with reporter.bar("scoring", 1) as advance:
        scored = score_predictions(
            plan.task,
            replace(plan.dataset, load=None),
            predictions,
            plan.scoring,
            plan.digest,
            intervals=plan.options.interval,
        )
        advance(1)
    return scored


def store_predictions(folder: Path, predictions: Predictions) -> None:
    """Keep a scored file's predictions as one part, unless they are there already."""
    if any(folder.glob("part-*.npz")):
        return
    from harness.files import write_bytes
    from harness.predictions import FACTS, save_table

    if predictions.facts:
        write_bytes(folder / FACTS, json.dumps(dict(predictions.facts), sort_keys=True).encode())
    save_table(folder / "part-000000.npz", predictions.table)


def predict(plan: Plan, submission: Submission, folder: Path, reporter: Reporter) -> "RunSink":
    """Answer every sample that has no stored answer yet."""
    sink = RunSink(plan, folder)
    pending = len(sink.pending())
    if not pending:
        return sink
    adapt = getattr(submission.method, "adapt", None)
    if callable(adapt):
        adapt(plan.dataset.sample(index) for index in range(len(plan.dataset.ids)))
    total = len(plan.dataset.ids)
    with reporter.bar("predicting", total, total - pending, plan.task.meta.unit) as bar:

        def advance(count: int) -> None:
            sink.tick()
            bar(count)

        run = RunContext(
            batch_size=submission.batch_size, device=submission.device, seed=plan.options.seed,
            settings=plan.scoring.settings, advance=advance,
        )  # fmt: skip
        dataset = replace(plan.dataset, load=sink.watched(plan.dataset.load))
        try:
            plan.task.predict(submission, dataset, sink, run)
        finally:
            sink.flush()
    return sink


class RunSink(PartSink):
    """A part sink that also keeps the digest of every input that was read."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        interface = plan.task.meta.interface
        super().__init__(folder, plan.dataset.ids, [*interface.columns, *interface.extra, INPUT])
        self._extra = [INPUT.name, *[spec.name for spec in interface.extra]]
        self._task = plan.task
        self._inputs: dict[str, bytes] = {}

    def watched(self, load: Callable[[str], Mapping[str, Any]] | None) -> Callable[[str], Mapping[str, Any]]:
        """`load`, remembering what it gave."""
        assert load is not None

        def loading(id: str) -> Mapping[str, Any]:
            inputs = load(id)
            self._inputs[id] = self._task.input_digest(inputs)
            return inputs

        return loading

    def put(self, id: str, row: Row) -> None:
        """Keep one answer with the digest of its input."""
        super().put(id, {**row, INPUT.name: np.frombuffer(self._inputs.pop(id, bytes(32)), np.uint8)})

    def answers(self) -> Any:
        """Everything that was answered, without what is stored beside it."""
        return self.table().without(self._extra)

    def inputs(self) -> str:
        """SHA-256 over (sample id, digest of its decoded input), sorted by id."""
        table = self.table()
        rows = sorted(zip(table.ids, table.dense(INPUT.name), strict=True), key=lambda row: row[0])
        digest = hashlib.sha256()
        for id, value in rows:
            digest.update(f"{id}\0{value.tobytes().hex()}\n".encode())
        return digest.hexdigest()


def prediction_key(plan: Plan, submission: Submission) -> str:
    """The digest of everything that the answers are computed from; never of who computes them."""
    if not submission.identified:
        return hashlib.sha256(uuid4().bytes).hexdigest()
    device = submission.device.partition(":")[0]
    content = {
        "submission": [submission.name, submission.code_digest, submission.variant, dict(submission.options)],
        "weights": submission.checkpoint.sha256 or submission.checkpoint.kind,
        "task": [
            plan.task.meta.id,
            plan.task.meta.version,
            plan.dataset.split,
            plan.digest,
            dict(plan.scoring.settings),
        ],
        "inputs": _data_identity(plan),
        "run": [plan.options.seed, device, submission.dtype, submission.batch_size],
    }
    return _digest(content)


def _data_identity(plan: Plan) -> list[str]:
    """Where the inputs come from: other pixels under the same truth must not share answers."""
    request = plan.source.request
    paths = [request.data, request.images] if not plan.source.sample else []
    return [str(path.resolve()) for path in paths if path is not None]


def _run_key(plan: Plan, key: str) -> str:
    options = plan.options
    content = {
        "predictions": key, "protocol": plan.scoring.protocol, "evaluator": plan.scoring.evaluator, "interval": options.interval,
        "measure": [options.measure, options.measure_s], "cores": sorted(os.sched_getaffinity(0)),
        "who": [options.submitter, options.team, options.seed_group], "claims": str(options.claims),
    }  # fmt: skip
    return _digest(content)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _finish(plan: Plan, run_key: str, record: Record, superseded: list[str]) -> Outcome:
    import msgspec

    record = msgspec.structs.replace(record, supersedes=[*record.supersedes, *superseded])
    return Outcome(record=record, path=plan.home.finish(run_key, record), home=plan.home, new=True)


def _refuse_random(submission: Submission) -> None:
    if submission.checkpoint.kind == "random":
        raise UsageError(
            f"--weights random gives {submission.name} no trained weights, so no score is recorded; "
            "'harness bench' with the same options measures its speed"
        )


def command_line() -> list[str]:
    """The command as it was typed, the program without its folder."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv and sys.argv[0] else []
