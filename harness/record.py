"""The record: one result, as one JSON file, under one versioned schema.

A value that does not exist is null and has a reason beside it. The schema is published as JSON Schema
(``harness schema``); floats are written so that they read back the same.
"""

import hashlib
import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from harness.record_measurements import (
    Cost,
    Energy,
    Measurements,
    Observed,
    OperatorCost,
    Quantile,
    SizeBucket,
    Span,
    Sweep,
    Throughput,
    Timing,
    Verdict,
)
from harness.record_parts import (
    Artifact,
    DetailTable,
    Evaluator,
    Flag,
    Host,
    Interval,
    Metric,
    Part,
    Run,
    Source,
    SubmissionPart,
    Submitter,
    TaskPart,
    Verification,
    Weights,
)

SCHEMA: Literal["harness-record/1"] = "harness-record/1"
Provenance = Literal["reported", "measured", "scored", "verified", "disputed"]
Setting = str | int | float | bool

__all__ = [
    "SCHEMA",
    "Artifact",
    "Cost",
    "DetailTable",
    "Energy",
    "Evaluator",
    "Flag",
    "Host",
    "Interval",
    "Measurements",
    "Metric",
    "Observed",
    "OperatorCost",
    "Part",
    "Provenance",
    "Quantile",
    "Record",
    "Run",
    "Setting",
    "SizeBucket",
    "Source",
    "Span",
    "SubmissionPart",
    "Submitter",
    "Sweep",
    "TaskPart",
    "Throughput",
    "Timing",
    "Verdict",
    "Verification",
    "Weights",
    "decode",
    "encode",
    "json_schema",
    "with_id",
]


class Record(Part, frozen=True, kw_only=True):
    """One result: submission x task x split x setting x host."""

    schema: Literal["harness-record/1"]
    id: str
    provenance: Provenance
    task: TaskPart
    submission: SubmissionPart
    settings: Annotated[dict[str, Setting], Meta(description="What splits a comparison and is not at its default.")]
    metrics: list[Metric]
    kind: Annotated[
        Literal["result", "withdrawal"], Meta(description="A withdrawal only names the records that it takes back.")
    ] = "result"
    run: Run = Run()
    source: Source | None = None
    flags: Annotated[list[Flag], Meta(description="Why it is not ranked; empty where it may be.")] = []
    tables: list[DetailTable] = []
    measurements: Measurements = Measurements()
    host: Host | None = None
    artifacts: list[Artifact] = []
    warnings: list[str] = []
    submitter: Submitter = Submitter()
    seed_group: Annotated[str, Meta(description="Shared by the runs of one method under several training seeds.")] = ""
    supersedes: Annotated[list[str], Meta(description="Ids of the records that this one replaces.")] = []
    withdraws: Annotated[list[str], Meta(description="Ids of the records that this one takes back.")] = []
    verifications: list[Verification] = []
    facts: dict[str, Any] = {}

    @property
    def main(self) -> Metric | None:
        """The main metric under the record's protocol, or None where nothing was scored."""
        for metric in self.metrics:
            if metric.name == self.task.main_metric and metric.protocol == self.task.protocol:
                return metric
        return None


def encode(record: Record) -> bytes:
    """The record as indented JSON; floats round-trip.

    Raises ValueError naming the place of a number that JSON does not have (NaN, infinity).
    """
    plain = msgspec.to_builtins(record, enc_hook=_plain)
    _refuse_non_finite(plain)
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def decode(data: bytes) -> Record:
    """A record from JSON; raises msgspec.ValidationError naming the field, or msgspec.DecodeError."""
    return msgspec.json.decode(data, type=Record)


def with_id(record: Record) -> Record:
    """The record under the id that its content gives: the same result always has the same id.

    When, where in the home and by which command it was made do not count; nor do later verifications, and for a result
    that measured nothing neither do the machine and its versions. Empty fields do not count either, so that fields that
    a later version adds change no id.
    """
    run = msgspec.structs.replace(
        record.run, started="", finished="", command=[], phases={}, resumed_samples=0, options={}
    )
    found = record.measurements
    measured = bool(found.latency or found.energy or found.throughput or found.observed)
    if not measured:
        run = msgspec.structs.replace(run, versions={})
    stable = msgspec.structs.replace(
        record, id="", provenance="scored", run=run, supersedes=[], verifications=[], warnings=[],
        host=record.host if measured else None,
        artifacts=[msgspec.structs.replace(artifact, path="") for artifact in record.artifacts],
        measurements=msgspec.structs.replace(record.measurements, peak_memory_bytes=None),
    )  # fmt: skip
    content = _strip(msgspec.json.decode(encode(decode(encode(stable)))))
    if record.settings:
        # A setting is stored only where it is not at its default, so that False and "" say something here.
        content["settings"] = msgspec.to_builtins(dict(record.settings), enc_hook=_plain)
    data = msgspec.json.encode(content, order="sorted")
    return msgspec.structs.replace(record, id=hashlib.sha256(data).hexdigest()[:16])


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a record."""
    schema = msgspec.json.schema(Record)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": SCHEMA, **schema}


def _plain(value: Any) -> Any:
    """NumPy scalars and subclasses of str (torch's version) as Python's own."""
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"a record cannot hold a {type(value).__name__}")


def _refuse_non_finite(value: Any) -> None:
    if found := _non_finite(value):
        path, number = found
        raise ValueError(f"{'.'.join(path)} is {number}; a value that does not exist is null and has a reason")


def _non_finite(value: Any) -> tuple[list[str], float] | None:
    """The first number that JSON does not have, and the way to it."""
    if isinstance(value, float):
        return None if math.isfinite(value) else ([], value)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if found := _non_finite(item):
            return [str(key), *found[0]], found[1]
    return None


def _strip(value: Any) -> Any:
    """Without empty fields, at every depth."""
    if isinstance(value, dict):
        return {
            key: _strip(item)
            for key, item in value.items()
            if item is not None and item is not False and item not in ("", [], {})
        }
    return [_strip(item) for item in value] if isinstance(value, list) else value
