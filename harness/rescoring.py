"""A record's stored predictions scored in the other ways that its task names, to find the one that gives a printed number."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError, RecordError
from harness.files import write_bytes
from harness.options import RunOptions
from harness.plan import plan_run
from harness.progress import Reporter
from harness.record import Metric, Record
from harness.runs import score_plan
from harness.store import Home
from harness.task import Task
from harness.verification import options_of, stored_predictions

Way = tuple[str, Mapping[str, Any]]
"""A protocol, and settings of scoring that are not at their default."""
METRICS = msgspec.json.Decoder(list[Metric])


def otherwise(record: Record, home: Home, reporter: Reporter) -> tuple[list[Record], list[str]]:
    """The record as it would be under each other protocol and setting of its task, and what could not be tried and why.

    Its task keeps the protocol of the record, so that what differs is told. Scores are kept in the home.
    """
    found: list[Record] = []
    try:
        options = replace(options_of(record, RunOptions(task="", home=home.path), home), interval=False)
        plan = plan_run(options, sample=record.task.origin == "sample", with_inputs=False)
        if plan.digest != record.task.data_digest:
            raise RecordError(f"the data at hand are not those of record {record.id}")
        predictions = stored_predictions(home, record, plan.task.meta.interface.extra, plan.dataset.ids)
    except HarnessError as error:
        return [], [f"other protocols were not tried on record {record.id}: {error}"]
    failed = []
    ways = list(_ways(record, plan.task))
    with reporter.bar(f"other protocols of {record.task.id}", len(ways), unit="way") as advance:
        for protocol, settings in ways:
            chosen = replace(options, protocol=protocol, settings={**options.settings, **settings})
            path = home.path / "rescored" / f"{_key(record, plan.task, protocol, settings)}.json"
            try:
                metrics = _read(path)
                if metrics is None:
                    again = plan_run(chosen, sample=record.task.origin == "sample", with_inputs=False)
                    metrics = score_plan(again, predictions, Reporter()).metrics
                    write_bytes(path, msgspec.json.encode(metrics))
                found.append(msgspec.structs.replace(record, metrics=metrics, settings={**record.settings, **settings}))
            except HarnessError as error:
                failed.append(f"{protocol} {dict(settings) or ''}was not tried on record {record.id}: {error}")
            advance(1)
    return found, failed


def _ways(record: Record, task: Task) -> Iterator[Way]:
    """Every protocol that the record has no metric under; of a scored file also every other choice of a setting."""
    have = {metric.protocol for metric in record.metrics}
    for protocol in task.meta.protocols:
        if protocol.id not in have:
            yield protocol.id, {}
    if record.run.device:
        # What a live run chose decided its answers; other choices would have given others.
        return
    for spec in task.meta.settings:
        for choice in spec.choices if spec.by == "run" else ():
            if choice != record.settings.get(spec.name, spec.default):
                yield record.task.protocol, {spec.name: choice}


def _key(record: Record, task: Task, protocol: str, settings: Mapping[str, Any]) -> str:
    parts = (record.id, task.code_digest(), protocol, dict(settings))
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:32]


def _read(path: Path) -> list[Metric] | None:
    try:
        return METRICS.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
