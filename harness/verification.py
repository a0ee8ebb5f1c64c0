"""Scoring the stored predictions of a record again and comparing every digit and digest."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import RecordError
from harness.options import RunOptions
from harness.plan import plan_run
from harness.predictions import load_facts, load_parts, merge
from harness.progress import Reporter
from harness.record import Metric, Record, Verification
from harness.recording import versions
from harness.runs import Outcome, score_plan
from harness.scoring import Scored
from harness.store import Home, default_home
from harness.task import Predictions

DATA = ("data", "annotations", "images")


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
    plan = plan_run(_options(record, options, home), sample=record.task.origin == "sample", with_inputs=False)
    differences = _difference("data digest", record.task.data_digest, plan.digest)
    if differences:
        raise RecordError(
            f"record {record.id} was scored on other data (digest {record.task.data_digest[:12]}, here {plan.digest[:12]}); "
            "name its data with --data or --annotations"
        )
    predictions = _stored(home, record, plan.task.meta.interface.extra, plan.dataset.ids)
    differences = _difference("predictions digest", _artifact(record, "predictions").digest, predictions.table.digest())
    scored = score_plan(plan, predictions, reporter)
    differences += compare(record, scored)
    found = Verification(
        when=datetime.now(UTC).isoformat(timespec="seconds"), by=options.submitter, equal=not differences,
        differences=differences, versions=versions(),
    )  # fmt: skip
    verdict: Any = "disputed" if differences else "verified"
    updated = msgspec.structs.replace(record, provenance=verdict, verifications=[*record.verifications, found])
    return Outcome(record=updated, path=home.write_record(updated), home=home, new=False)


def compare(record: Record, scored: Scored) -> list[str]:
    """Every metric, interval and digest that differs, in words."""
    differences: list[str] = []
    again = {(metric.protocol, metric.name): metric for metric in scored.metrics}
    for metric in record.metrics:
        differences += _compare_metric(metric, again.pop((metric.protocol, metric.name), None))
    differences += [f"{name} ({protocol}) is not in the record" for protocol, name in again]
    for artifact in record.artifacts:
        if artifact.kind == "statistics":
            differences += _difference("statistics digest", artifact.digest, scored.statistics.table.digest())
    return differences


def _compare_metric(old: Metric, new: Metric | None) -> list[str]:
    name = f"{old.name} ({old.protocol})"
    if new is None:
        return [f"{name} was not found again"]
    differences = _difference(name, old.value, new.value) + _difference(f"{name} n", old.n, new.n)
    if old.interval is not None and new.interval is not None:
        differences += _difference(f"{name} low", old.interval.low, new.interval.low)
        differences += _difference(f"{name} high", old.interval.high, new.interval.high)
    return differences


def _difference(what: str, old: Any, new: Any) -> list[str]:
    return [] if old == new else [f"{what}: the record says {old!r}, found {new!r}"]


def _options(record: Record, options: RunOptions, home: Home) -> RunOptions:
    """The options of the record's run, with the data that this command names."""
    kept = {
        name: value
        for name, value in record.run.options.items()
        if name in ("data", "annotations", "images", "split", "limit", "settings", "protocol", "evaluator", "interval")
    }
    named = {name: getattr(options, name) for name in DATA if getattr(options, name) is not None}
    if named:
        kept = {name: value for name, value in kept.items() if name not in DATA} | named
    elif record.task.origin == "sample":
        kept["data"] = "sample"
    kept["split"] = options.split or kept.get("split") or ("" if record.task.origin == "custom" else record.task.split)
    return RunOptions(task=record.run.options.get("task", record.task.id), home=home.path, **kept)


def _artifact(record: Record, kind: str) -> Any:
    for artifact in record.artifacts:
        if artifact.kind == kind:
            return artifact
    raise RecordError(f"record {record.id} stores no {kind}")


def _stored(home: Home, record: Record, extra: Any, ids: tuple[str, ...]) -> Predictions:
    folder = home.path / Path(_artifact(record, "predictions").path)
    if not folder.resolve().is_relative_to(home.path.resolve()):
        raise RecordError(f"record {record.id} points outside its home: {folder}")
    tables = load_parts(folder)
    beside = {"input_sha256", *[spec.name for spec in extra]}
    live = record.run.device != ""
    merged = merge(tables, ids, str(folder)) if live or len(tables) != 1 else tables[0]
    return Predictions(table=merged.without(beside), facts=load_facts(folder))
