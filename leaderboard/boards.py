"""Boards: which records may be compared, and why some of them are listed without a rank."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from harness.record import Metric, Record
from harness.statistics import MINIMUM_UNITS
from leaderboard.entries import Entry, age_key
from leaderboard.seed_groups import SeedGroup, listed_runs

SECTIONS = ("official", "custom", "sample", "limit")
MOST_UNITS = 1 << 53
"""No data set has more; a larger number is a stranger's, and no float holds it."""
LARGEST_SCORE = 1e100
"""Beyond this a score counts as undefined: its square would overflow, and take the ranks of all others with it."""
RANKED_PROVENANCE = ("measured", "scored", "verified")
UNSTATED = ("", "unstated")
"""What stands in a claim's record in the place of what its source does not say."""


@dataclass(frozen=True, kw_only=True, order=True)
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

    @cached_property
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


@dataclass(frozen=True, kw_only=True)
class Board:
    """A comparison group and its results."""

    key: BoardKey
    any_record: Record
    """A record for what all should share (titles, unit): of the task as most of them state it."""
    entries: tuple[Entry, ...]
    """The results that the tables list."""
    repeats: tuple[Entry, ...] = ()
    """Results that only say again what a listed one says."""
    same_as: Mapping[str, str] = field(default_factory=dict)
    """Id of a repeat -> id of the listed result."""
    seed_groups: Mapping[str, SeedGroup] = field(default_factory=dict)
    """Id of a result -> the runs under several training seeds that are ranked together in its name."""
    past: tuple[Entry, ...] = ()
    """Results that were superseded or withdrawn."""
    claimed: tuple[Entry, ...] = ()
    """Claims of papers that are listed here too; their own board is another."""

    @property
    def listed(self) -> tuple[Entry, ...]:
        """Everything that the tables list."""
        return self.entries + self.claimed

    @property
    def standing(self) -> tuple[Entry, ...]:
        """The listed results and their repeats: all that were not taken back."""
        return self.entries + self.repeats

    @property
    def listed_as(self) -> dict[str, str]:
        """Id of a result that is not ranked by itself -> id of the one that is ranked in its place."""
        return {**self.same_as, **listed_runs(self.seed_groups)}

    @cached_property
    def section(self) -> str:
        """Where the index lists it: official, custom, sample, or limit where all are partial runs."""
        made = [entry.record for entry in self.entries if entry.record.provenance != "reported"]
        if self.key.origin == "official" and made and all(map(is_partial, made)):
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


def find_repeats(entries: Sequence[Entry]) -> dict[str, str]:
    """Id -> id of the result to list in its place: one submitter's same answers of one method with the same scores.

    Listed is what may be ranked, then what was timed, then what was timed well, then what is verified, then the newest.
    """
    groups: dict[bytes, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_answers(entry), []).append(entry)
    found: dict[str, str] = {}
    for same in groups.values():
        listed = max(same, key=_worth).record.id
        found |= {entry.record.id: listed for entry in same if entry.record.id != listed}
    return found


def _answers(entry: Entry) -> bytes:
    record = entry.record
    answers = next((item.digest for item in record.artifacts if item.kind == "predictions"), "")
    if entry.altered or not answers:
        return record.id.encode()
    part = record.submission
    identity = (part.name, part.variant, record.submitter, answers, record.metrics)
    return msgspec.json.encode(identity, order="sorted")


def _worth(entry: Entry) -> tuple[bool, bool, bool, bool, tuple[float, str]]:
    record = entry.record
    timed = record.measurements.latency
    stable = any(timing.verdict == "stable" for timing in timed)
    return not why_unranked(entry), bool(timed), stable, record.provenance == "verified", age_key(record)


def unstated(record: Record) -> list[str]:
    """What a paper's claim leaves open of what the results of one table share. (No paper states a digest of its data.)"""
    stated = {"protocol": record.task.protocol, "split": record.task.split}
    return [name for name, value in stated.items() if value in UNSTATED]


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
        missing = unstated(record) if record.provenance == "reported" else []
        return f"{record.provenance}, {' and '.join(missing)} unstated" if missing else record.provenance
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
    if not abs(metric.value) < LARGEST_SCORE:
        return f"no score of a benchmark is beyond {LARGEST_SCORE:.0e}"
    if not MINIMUM_UNITS <= metric.n <= MOST_UNITS:
        return metric.reason or f"it states {metric.n} resampled units"
    return "" if metric.interval else metric.reason or "no interval"


def speed_flags(record: Record, scope: str) -> str:
    """Why speed or energy is not compared; empty where it may be."""
    flags = [flag.text or flag.code for flag in record.flags if flag.scope == scope]
    if record.submission.emulated and not flags:
        flags = [f"{record.submission.emulated} arithmetic is emulated in floating point"]
    return "; ".join(flags)
