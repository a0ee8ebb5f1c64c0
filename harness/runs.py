"""The runs: evaluate a model, score a file, measure only."""

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from harness.answering import adapt, predict
from harness.bench_task import with_task
from harness.conversion import converted
from harness.errors import RecordError, UsageError
from harness.files import lock, write_bytes
from harness.loading import check_settings, load_submission
from harness.measure.execution import check_threads, threads_given_back
from harness.options import RunOptions
from harness.ownership import with_declared
from harness.plan import Phases, Plan, plan_run, prediction_key, run_key
from harness.predictions import FACTS, save_table
from harness.progress import Reporter
from harness.record import Measurements, Record
from harness.recording import RANDOM_WEIGHTS, build_record, check_stated
from harness.replicating import RESAMPLES
from harness.scoring import Scored, protocols, score_predictions, withhold_scores
from harness.settings import known
from harness.store import Home, read_record
from harness.submission import Submission
from harness.task import Predictions

if TYPE_CHECKING:
    from harness.measure.comparison import Comparison

NOT_ASKED = Measurements(reason="not asked for")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A run's record, where it lies, and whether this run wrote it."""

    record: Record
    path: Path
    home: Home
    new: bool


@threads_given_back()
def evaluate(options: RunOptions, reporter: Reporter) -> Outcome:
    """Run a model on a task, score and measure it, and write the record; an interrupted run is gone on with."""
    phases = Phases()
    with phases("plan"):
        plan, submission = _plan_live(options, reporter)
        check_stated(plan)
        _check_random(submission, options)
        key = prediction_key(plan, submission)
        finish_key = run_key(plan, key, submission)
    with (
        lock(plan.home.lock(key), lambda: reporter.note("Another process is at the same run; waiting for it.")),
        _measuring(plan, submission, reporter) as measuring,
    ):
        done = plan.home.finished(finish_key)
        if done is not None and not options.again:
            return Outcome(record=done, path=plan.home.record_path(done.id), home=plan.home, new=False)
        with phases("predict"):
            adapt(plan, submission)
            folder = plan.home.predictions(key)
            sink = predict(plan, submission, folder, reporter, measuring.between)
            table, inputs = sink.answers()
            predictions = Predictions(table=table, facts=sink.facts)
        with phases("score"):
            scored = score_plan(plan, predictions, reporter, weights=submission.checkpoint.kind)
        with phases("measure"):
            observed = list(plan.task.observed(sink.beside()))
            measured = msgspec.structs.replace(measuring.finish(predictions), observed=observed)
        record = build_record(
            plan, scored, predictions, phases, measurements=measured, folder=folder, resumed=sink.resumed, inputs=inputs
        )
        superseded = [done.id] if done is not None and done.id != record.id else []
        return _finish(plan, finish_key, record, superseded)


class _Measuring(Protocol):
    """What measures while a run goes on and when it is over."""

    @property
    def between(self) -> Callable[[float], None]:
        """Called between batches with the share that is answered."""

    def finish(self, predictions: Predictions) -> Measurements:
        """Everything that was measured, once all is answered."""


class _NotAsked:
    def between(self, share: float) -> None:
        pass

    def finish(self, predictions: Predictions) -> Measurements:
        return NOT_ASKED


def _measuring(plan: Plan, submission: Submission, reporter: Reporter) -> AbstractContextManager[_Measuring]:
    if not plan.options.measure:
        return nullcontext(_NotAsked())
    from harness.measuring import measuring  # a predictions file is scored without it

    return measuring(plan, submission, reporter)


def _plan_live(options: RunOptions, reporter: Reporter) -> tuple[Plan, Submission]:
    """Task, data and the loaded submission."""
    check_threads(options.threads)
    plan = plan_run(options, sample=True, with_inputs=True)
    loaded = load_submission(plan.task, plan.dataset, options, sample=plan.source.sample)
    submission = converted(loaded, options)
    if plan.source.sample:
        why = "No data set is configured: this" if options.data is None else "This"
        reporter.note(f"{why} runs on the generated sample of {plan.task.meta.id}, not on the benchmark.")
    return replace(plan, submission=submission), submission


def score(options: RunOptions, reporter: Reporter) -> Outcome:
    """Score a file of predictions in the benchmark's official format and write the record."""
    phases = Phases()
    path = options.predictions
    if path is None:
        raise UsageError("no file or folder of predictions is named")
    with phases("plan"):
        options = with_declared(options)
        plan = plan_run(options, sample=False, with_inputs=False)
        check_settings(options, set(known(plan.task.meta.settings)), plan.task.meta.id)
        check_stated(plan)
    with phases("read"):
        predictions = plan.task.read(path, plan.dataset)
    digest = _stored_under(predictions)
    with phases("score"):
        scored = score_plan(plan, predictions, reporter)
    with phases("store"):
        folder = plan.home.predictions(digest)
        store_predictions(folder, predictions)
        record = build_record(plan, scored, predictions, phases, folder=folder)
    done = plan.home.record_path(record.id)
    _mark(plan.home, record.id)
    if done.exists() and not options.again and not options.supersedes:
        # The warnings are this run's: they name this run's files.
        old = msgspec.structs.replace(plan.home.find(str(done))[1], warnings=record.warnings)
        return Outcome(record=old, path=done, home=plan.home, new=False)
    record = _with_verifications(plan.home, record)
    return Outcome(record=record, path=plan.home.write_record(record), home=plan.home, new=True)


@threads_given_back()
def bench(options: RunOptions, reporter: Reporter) -> Measurements:
    """Measure only; nothing is scored and no record is written. Without a task, one that the submission fits is taken."""
    from harness.measuring import measure_alone

    plan, submission = plan_bench(options, reporter)
    return measure_alone(plan, submission, reporter)


def bench_against(first: RunOptions, second: RunOptions, reporter: Reporter) -> "Comparison":
    """Two submissions on the same images, timed in turns; nothing is scored and no record is written."""
    from harness.comparing import compare_submissions

    with threads_given_back():
        one = plan_bench(first, reporter)
    with threads_given_back():
        other = plan_bench(replace(second, task=one[0].options.task), reporter)
    return compare_submissions(one, other, reporter)


def plan_bench(options: RunOptions, reporter: Reporter) -> tuple[Plan, Submission]:
    """What `bench` times, loaded; where no task is named, whose images are used is said."""
    if options.task == "":
        options = with_task(options, reporter)
    plan, submission = _plan_live(options, reporter)
    adapt(plan, submission)
    return plan, submission


def made_here(home: Home, id: str) -> bool:
    """Whether this home's own runs wrote the record `id`, rather than somebody who handed it in."""
    return bool(re.fullmatch("[0-9a-f]{16}", id)) and (home.path / "runs" / f"made-{id}").is_file()


def _mark(home: Home, id: str) -> None:
    write_bytes(home.path / "runs" / f"made-{id}", b"")


def score_plan(plan: Plan, predictions: Predictions, reporter: Reporter, *, weights: str = "") -> Scored:
    """Score with a bar where intervals make it long; what `random` weights answered has no scores."""
    if weights == "random":
        return withhold_scores(plan.task, plan.dataset, predictions, plan.scoring, RANDOM_WEIGHTS)
    total = RESAMPLES * len(protocols(plan.task, plan.scoring)) if plan.options.interval else 1
    with reporter.bar("scoring", total, unit="resample") as advance:
        return score_predictions(
            plan.task,
            replace(plan.dataset, load=None),
            predictions,
            plan.scoring,
            plan.digest,
            intervals=plan.options.interval,
            advance=advance,
        )


def store_predictions(folder: Path, predictions: Predictions) -> None:
    """Keep a scored file's predictions as one part, unless they are there already."""
    if any(folder.glob("part-*.npz")):
        return
    if predictions.facts:
        write_bytes(folder / FACTS, json.dumps(dict(predictions.facts), sort_keys=True).encode())
    save_table(folder / "part-000000.npz", predictions.table)


def _stored_under(predictions: Predictions) -> str:
    """The key of a scored file's predictions: their digest, and what belongs to all of them."""
    digest = predictions.table.digest()
    if not predictions.facts:
        return digest
    facts = json.dumps(dict(predictions.facts), sort_keys=True)
    return hashlib.sha256(f"{digest}\0{facts}".encode()).hexdigest()


def _finish(plan: Plan, run_key: str, record: Record, superseded: list[str]) -> Outcome:
    record = msgspec.structs.replace(record, supersedes=[*record.supersedes, *superseded])
    record = _with_verifications(plan.home, record)
    _mark(plan.home, record.id)
    return Outcome(record=record, path=plan.home.finish(run_key, record), home=plan.home, new=True)


def _with_verifications(home: Home, record: Record) -> Record:
    """The same result found once more keeps what was verified of it."""
    try:
        old = read_record(home.record_path(record.id))
    except RecordError:
        return record
    return msgspec.structs.replace(record, provenance=old.provenance, verifications=old.verifications)


def _check_random(submission: Submission, options: RunOptions) -> None:
    if submission.checkpoint.kind == "random" and not options.measure:
        raise UsageError(
            "--weights random is run for its speed only, and --no-measure leaves that out; give one of them"
        )
