"""``harness withdraw``: taking a result back. The record stays; a second one says that it no longer stands, and why."""

from datetime import UTC, datetime
from pathlib import Path

from harness.errors import UsageError
from harness.plan import command_line
from harness.record import Measurements, Record, Run, with_id
from harness.recording import versions
from harness.store import Home

REASON = "reason"
"""The fact of a withdrawal that says why."""


def withdraw(home: Home, reference: str, reason: str) -> tuple[Record, Path]:
    """Write the withdrawal of the record that `reference` names; raises UsageError where it cannot be withdrawn.

    It is handed in by whom the record was, since nobody else's would count.
    """
    path, record = home.find(reference)
    if path.parent.name == "records":
        home = Home(path.parent.parent)
    if not reason.strip():
        raise UsageError("--reason: say in a few words why the result is withdrawn; readers of the board will ask")
    if record.kind == "withdrawal":
        raise UsageError(f"record {record.id} is itself a withdrawal; a result that stands again is handed in again")
    for _, other in home.records():
        if isinstance(other, Record) and other.kind == "withdrawal" and record.id in other.withdraws:
            raise UsageError(f"record {record.id} was withdrawn already, by record {other.id}")
    made = with_id(_withdrawal(record, reason.strip()))
    return made, home.write_record(made)


def _withdrawal(record: Record, reason: str) -> Record:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    run = Run(started=now, finished=now, command=command_line(), versions=versions())
    return Record(
        schema=record.schema, id="", kind="withdrawal", provenance="scored", task=record.task, submission=record.submission,
        settings=record.settings, metrics=[], run=run, measurements=Measurements(reason="a withdrawal measures nothing"),
        submitter=record.submitter, withdraws=[record.id], facts={REASON: reason},
    )  # fmt: skip
