"""A record with its home, and the order in which results were made."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from harness.record import Record
from harness.store import Home


@dataclass(frozen=True, slots=True)
class Entry:
    """A record and the home that keeps its artifacts."""

    record: Record
    home: Home
    altered: str = ""
    """Why its id is not that of its content; empty where it is."""


def age_key(record: Record) -> tuple[float, str]:
    """Sorts records from old to new, ties by id.

    When a run ended is free text of its submitter: what is no ISO 8601 date counts as oldest of all.
    """
    try:
        moment = datetime.fromisoformat(record.run.finished)
    except ValueError:
        return -inf, record.id
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), record.id
