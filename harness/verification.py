"""Scoring the stored predictions of a record again and comparing every digit and digest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from harness.columns import Table
from harness.curves import curve_table
from harness.errors import HarnessError, RecordError, describe
from harness.files import write_bytes
from harness.options import RunOptions
from harness.plan import Plan, plan_run
from harness.predictions import load_facts, load_parts, load_table, merge
from harness.progress import Reporter
from harness.record import Artifact, Metric, Record, Verification, encode, with_id
from harness.recording import flags, settings, task_part, versions
from harness.registry import task_names
from harness.runs import Outcome, made_here, score_plan
from harness.scoring import Scored
from harness.settings import known
from harness.store import Home, default_home, replicate_table
from harness.task import Predictions

DATA = ("data", "annotations", "images")
PLACING = (
    "id", "version", "protocol", "split", "main_metric", "origin", "unit", "samples", "limit", "hidden", "private_labels",
    "notice",
)  # fmt: skip
"""Fields of a record's task that place it on a board."""


def verify(reference: str, options: RunOptions, reporter: Reporter) -> Outcome:
    """Score again what `reference` (an id or a path) stores; the record becomes `verified` or `disputed`.

    The data are those of the record's own run, unless `options` name others. Raises RecordError where a part is missing.
    """
    home = Home(options.home or default_home())
    path, record = home.find(reference)
    if path.parent.name == "records" and path.is_file():
        home = Home(path.parent.parent)
    if record.provenance == "reported" or not record.artifacts:
        raise RecordError(f"record {record.id} stores no predictions; only what was measured or scored can be verified")
    plan = plan_run(options_of(record, options, home), sample=record.task.origin == "sample", with_inputs=False)
    differences = _difference("data digest", record.task.data_digest, plan.digest)
    if differences:
        raise RecordError(
            f"record {record.id} was scored on other data (digest {record.task.data_digest[:12]}, here {plan.digest[:12]}); "
            "name its data with --data or --annotations"
        )
    predictions = stored_predictions(home, record, plan.task.meta.interface.extra, plan.dataset.ids)
    stored = _artifact(record, "predictions").digest
    differences = _difference("id", record.id, with_id(record).id)
    differences += _difference("predictions digest", stored, predictions.table.digest())
    differences += _scored_again(plan, home, record, predictions, reporter)
    differences += [line for artifact in record.artifacts for line in _kept(home, artifact)]
    found = Verification(
        when=datetime.now(UTC).isoformat(timespec="seconds"), by=options.submitter, equal=not differences,
        differences=differences, versions=versions(),
    )  # fmt: skip
    verdict: Any = "disputed" if differences else "verified"
    updated = msgspec.structs.replace(record, provenance=verdict, verifications=[*record.verifications, found])
    write_bytes(path, encode(updated))
    return Outcome(record=updated, path=path, home=home, new=False)


def _scored_again(plan: Plan, home: Home, record: Record, predictions: Predictions, reporter: Reporter) -> list[str]:
    """What differs; predictions that were changed may be such that no task can score them."""
    try:
        scored = score_plan(plan, predictions, reporter, weights=record.submission.weights.kind)
        if plan.task.meta.private_labels:
            _restore(home, record, scored)
        return compare(record, scored) + placed(record, plan, scored, predictions)
    except (ArithmeticError, LookupError, TypeError, ValueError, HarnessError) as error:
        if predictions.table.digest() == _artifact(record, "predictions").digest:
            raise
        return [f"the stored predictions cannot be scored: {describe(error)}"]


def _restore(home: Home, record: Record, scored: Scored) -> None:
    """Where labels are private a record travels without what would tell them; whoever has the labels has that again."""
    found = _tables(scored)
    for artifact in record.artifacts:
        table = found.get(artifact.kind)
        own = Path(artifact.kind) / f"{artifact.digest[:32]}.npz"
        if table is not None and artifact.path == str(own) and table.digest() == artifact.digest:
            home.write_table(artifact.kind, table)


def _tables(scored: Scored) -> dict[str, Table]:
    """What scoring stores beside a record, by kind."""
    found = {"replicates": replicate_table(scored.replicates), "curves": curve_table(scored.curves)}
    return found | ({} if scored.statistics is None else {"statistics": scored.statistics.table})


def _kept(home: Home, artifact: Artifact) -> list[str]:
    """What differs between an artifact of one file and what the record says of it."""
    if artifact.kind == "predictions":
        return []
    try:
        found = load_table(home.artifact(artifact)).digest()
    except RecordError as error:
        return [f"{artifact.kind}: {error}"]
    return _difference(f"digest of the stored {artifact.kind}", artifact.digest, found)


def compare(record: Record, scored: Scored) -> list[str]:
    """Every metric, interval and digest that differs, in words."""
    differences: list[str] = []
    again = {(metric.protocol, metric.name): metric for metric in scored.metrics}
    for metric in record.metrics:
        differences += _compare_metric(metric, again.pop((metric.protocol, metric.name), None))
    differences += [f"{name} ({protocol}) is not in the record" for protocol, name in again]
    tables = {table.name: table for table in scored.tables}
    for table in record.tables:
        # Tables and curves that a newer harness makes besides are no contradiction of an older record.
        differences += _difference(f"table '{table.name}'", table, tables.get(table.name))
    found = _tables(scored)
    for artifact in record.artifacts:
        if artifact.kind in found:
            differences += _difference(f"{artifact.kind} digest", artifact.digest, found[artifact.kind].digest())
    return differences


def placed(record: Record, plan: Plan, scored: Scored, predictions: Predictions) -> list[str]:
    """What differs of that which decides on which board a record stands, and whether it is ranked there."""
    differences: list[str] = []
    again = task_part(plan, scored, record.task.input_digest)
    for name in PLACING:
        differences += _difference(f"task.{name}", getattr(record.task, name), getattr(again, name))
    differences += _difference("evaluator", record.task.evaluator and record.task.evaluator.name, scored.evaluator.name)
    live = record.run.device != ""
    specs = known(plan.task.meta.settings)
    chosen = {
        name: value
        for name, value in record.settings.items()
        if not live or (name in specs and specs[name].by == "run")
    }
    expected = {name: value for name, value in settings(plan).items() if not live or specs[name].by == "run"}
    differences += _difference("settings", chosen, expected)
    lost = [flag.code for flag in flags(plan, scored, predictions) if flag not in record.flags]
    return differences + [f"the record lacks the flag '{code}'" for code in lost]


def _compare_metric(old: Metric, new: Metric | None) -> list[str]:
    name = f"{old.name} ({old.protocol})"
    if new is None:
        return [f"{name} was not found again"]
    differences = _difference(name, old.value, new.value)
    for field in ("n", "unit", "higher_is_better"):
        differences += _difference(f"{name} {field}", getattr(old, field), getattr(new, field))
    if old.interval is None or new.interval is None:
        return differences + _difference(f"{name} interval", old.interval, new.interval)
    for edge in ("low", "high", "level"):
        differences += _difference(f"{name} {edge}", getattr(old.interval, edge), getattr(new.interval, edge))
    return differences


def _difference(what: str, old: Any, new: Any) -> list[str]:
    return [] if old == new else [f"{what}: the record says {_shown(old)}, found {_shown(new)}"]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


class Kept(TypedDict, total=False):
    """The options of a run that decide what is scored, as a record keeps them."""

    task: str
    data: str
    annotations: str
    images: str
    split: str
    limit: int
    settings: dict[str, Any]
    protocol: str
    evaluator: str
    interval: bool


def options_of(record: Record, options: RunOptions, home: Home) -> RunOptions:
    """The options of the record's run, with the data that this command names."""
    stated = {name: value for name, value in record.run.options.items() if name in Kept.__annotations__}
    try:
        kept: dict[str, Any] = {"task": record.task.id, **msgspec.convert(stated, type=Kept)}
    except msgspec.ValidationError as error:
        raise RecordError(f"record {record.id}, run.options: {error}; no run has such options") from None
    if options.task:
        kept["task"] = options.task
    elif kept["task"] not in task_names() and not made_here(home, record.id):
        # Importing a folder runs its code, and a record may come from a stranger.
        raise RecordError(
            f"record {record.id} is of the task '{kept['task']}', which is not installed; name it with --task"
        )
    elif "/" in kept["task"] and not Path(kept["task"]).is_dir():
        raise RecordError(
            f"the task of record {record.id} is the folder {kept['task']}, not found from here; name it with --task"
        )
    named = {name: getattr(options, name) for name in DATA if getattr(options, name) is not None}
    if named:
        kept = {name: value for name, value in kept.items() if name not in DATA} | named
    elif record.task.origin == "sample" and "data" not in kept:
        kept["data"] = "sample"
    kept["split"] = options.split or kept.get("split") or ("" if record.task.origin == "custom" else record.task.split)
    return RunOptions(home=home.path, **kept)


def _artifact(record: Record, kind: str) -> Artifact:
    for artifact in record.artifacts:
        if artifact.kind == kind:
            return artifact
    raise RecordError(f"record {record.id} stores no {kind}")


def stored_predictions(home: Home, record: Record, extra: Any, ids: tuple[str, ...]) -> Predictions:
    """The predictions that a record refers to, for these samples; raises RecordError where they are not there."""
    folder = home.artifact(_artifact(record, "predictions"))
    tables = load_parts(folder)
    beside = {"input_sha256", *[spec.name for spec in extra]}
    live = record.run.device != ""
    merged = merge(tables, ids, str(folder)) if live or len(tables) != 1 else tables[0]
    return Predictions(table=merged.without(beside), facts=load_facts(folder))
