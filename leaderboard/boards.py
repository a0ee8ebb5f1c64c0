"""Boards: which records may be compared, and why some of them are listed without a rank."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from harness.record import Metric, Record
from leaderboard.collect import Entry

SECTIONS = ("official", "custom", "sample", "limit")
RANKED_PROVENANCE = ("measured", "scored", "verified")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BoardKey:
    """What results must share to stand in one table."""

    family: str
    task: str
    split: str
    protocol: str
    main_metric: str
    settings: str
    """The settings as JSON with sorted keys."""
    origin: str
    version: str
    data_digest: str

    @property
    def id(self) -> str:
        """A name for paths, made from the key alone."""
        fields = (
            self.task,
            self.version,
            self.origin,
            self.split,
            self.protocol,
            self.main_metric,
            self.settings,
            self.data_digest,
        )
        return short_hash("\0".join(fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A comparison group and its results; `past` are results that were superseded or withdrawn."""

    key: BoardKey
    entries: tuple[Entry, ...]
    past: tuple[Entry, ...] = ()

    @property
    def any_record(self) -> Record:
        """One of the records, for what all share (titles, unit)."""
        return (self.entries or self.past)[0].record

    @property
    def section(self) -> str:
        """Where the index lists it: official, custom, sample, or limit where all are partial runs."""
        if self.key.origin == "official" and all(is_partial(entry.record) for entry in self.entries):
            return "limit"
        return self.key.origin


def short_hash(text: str) -> str:
    """Twelve hexadecimal digits that stand for `text` in paths."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def submission_id(record: Record) -> str:
    """The id of a submission's page."""
    return short_hash(record.submission.name)


def board_key(record: Record) -> BoardKey:
    """The board that a record belongs to."""
    task = record.task
    return BoardKey(
        family=task.family,
        task=task.id,
        version=task.version,
        split=task.split,
        protocol=task.protocol,
        origin=task.origin,
        main_metric=task.main_metric,
        data_digest=task.data_digest,
        settings=json.dumps(record.settings, sort_keys=True),
    )


def group(current: Iterable[Entry], past: Iterable[Entry]) -> list[Board]:
    """The boards in order of family, task, split, protocol, settings."""
    standing: dict[BoardKey, list[Entry]] = {}
    gone: dict[BoardKey, list[Entry]] = {}
    for entries, boards in ((current, standing), (past, gone)):
        for entry in entries:
            boards.setdefault(board_key(entry.record), []).append(entry)
    return [
        Board(key=key, entries=tuple(standing.get(key, ())), past=tuple(gone.get(key, ())))
        for key in sorted(standing.keys() | gone.keys())
    ]


def is_partial(record: Record) -> bool:
    """Whether only the first samples were answered (``--limit``)."""
    return record.task.limit is not None or any(flag.code == "limit" for flag in record.flags)


def main_metric(record: Record) -> Metric | None:
    """The metric that the record's board ranks."""
    return record.main


def why_unranked(entry: Entry) -> str:
    """Why a result is listed without a rank, as half a sentence; empty where it may be ranked."""
    record = entry.record
    metric = main_metric(record)
    if record.task.origin == "sample":
        return "the generated sample is no benchmark"
    if record.provenance not in RANKED_PROVENANCE:
        return record.provenance
    if entry.altered:
        return entry.altered
    if record.submission.weights.kind == "random":
        return "random weights"
    if is_partial(record):
        return f"only {record.task.samples} samples were taken"
    flags = [flag.text or flag.code for flag in record.flags if flag.scope == "score"]
    if flags:
        return "; ".join(flags)
    if metric is None or metric.value is None:
        return f"no score ({metric.reason})" if metric and metric.reason else "no score"
    return "" if metric.interval else metric.reason or "no interval"


def speed_flags(record: Record, scope: str) -> str:
    """Why speed or energy is not compared; empty where it may be."""
    flags = [flag.text or flag.code for flag in record.flags if flag.scope == scope]
    if record.submission.emulated and not flags:
        flags = [f"{record.submission.emulated} arithmetic is emulated in floating point"]
    return "; ".join(flags)
