"""Which records the words of ``harness compare`` mean: ids, paths, or names of submissions on one board."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import RecordError, UsageError
from harness.record import Record
from harness.sides import Side, method_key, training
from harness.store import Home
from harness.summary import method_name
from harness.text import clean

Group = tuple[str, str, str, str, str, str]
"""What records named by their submission must share: task, version, split, data digest, protocol, settings."""


@dataclass(frozen=True, slots=True)
class Board:
    """Which board is meant, as far as a user says; empty fields say nothing."""

    task: str = ""
    split: str = ""
    protocol: str = ""

    def holds(self, record: Record) -> bool:
        """Whether the record may be on it."""
        part = record.task
        wanted = ((self.task, part.id), (self.split, part.split), (self.protocol, part.protocol))
        return all(stated in ("", own) for stated, own in wanted)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.task, self.split, self.protocol)))


def choose(home: Home, references: Sequence[str], board: Board) -> list[Side]:
    """What every reference stands for.

    An id, its beginning or a path names a record. A submission's name, or ``NAME:VARIANT``, names its newest result on the
    board that all of them share, together with the other runs of its seed group, as the board ranks them; raises UsageError
    where there is none or more than one.
    """
    if len(references) < 2:
        raise UsageError("one record alone cannot be compared; name at least two")
    exact = [_exact(home, reference) for reference in references]
    if all(exact):
        return [Side((found,)) for found in exact if found is not None]
    standing = _standing(home, board)
    candidates = [
        [found[0]] if found else [record for record in standing if reference in _names(record)]
        for found, reference in zip(exact, references, strict=True)
    ]
    for reference, records in zip(references, candidates, strict=True):
        if not records:
            of = f" of {clean(str(board), 120)}" if str(board) else ""
            raise UsageError(f"{home.path} has no record{of} called '{clean(reference, 80)}', by id or by submission")
    group = _shared_group(candidates)
    return [
        Side((found,)) if found else _newest([r for r in records if _group(r) == group], home)
        for found, records in zip(exact, candidates, strict=True)
    ]


def _newest(records: Sequence[Record], home: Home) -> Side:
    """The newest record and, where it belongs to a seed group, the newest of every other training of the group."""
    newest, *older = sorted(records, key=_age, reverse=True)
    runs = {training(newest): newest}
    if newest.seed_group and _counts(newest):
        for record in older:
            if _counts(record) and method_key(record) == method_key(newest):
                runs.setdefault(training(record), record)
    return Side(tuple((record, home) for record in runs.values()))


def _counts(record: Record) -> bool:
    """Whether a result may stand for its method: not reported, disputed or flagged, nor of a part or random weights."""
    whole = record.task.limit is None and record.submission.weights.kind != "random"
    flagged = any(flag.scope == "score" for flag in record.flags)
    return whole and not flagged and record.provenance in ("measured", "scored", "verified")


def _exact(home: Home, reference: str) -> tuple[Record, Home] | None:
    if not (reference.endswith(".json") or "/" in reference or re.fullmatch("[0-9a-f]{4,16}", reference)):
        return None
    try:
        path, record = home.find(reference)
    except RecordError:
        if re.fullmatch("[0-9a-f]{4,16}", reference) and not list(home.path.glob(f"records/{reference}*.json")):
            return None  # it may still be a submission's name
        raise
    own = path.parent.name == "records" and Path(reference) == path
    return record, Home(path.parent.parent) if own else home


def _standing(home: Home, board: Board) -> list[Record]:
    """The results of a home that none of the same submission and submitter replaces."""
    records = [record for _, record in home.records() if isinstance(record, Record)]
    gone = {(id, _owner(record)) for record in records for id in (*record.supersedes, *record.withdraws)}
    return [
        record for record in records
        if record.kind == "result" and board.holds(record) and (record.id, _owner(record)) not in gone
    ]  # fmt: skip


def _owner(record: Record) -> tuple[str, str, str]:
    return record.submission.name, record.submitter.name, record.submitter.team


def _names(record: Record) -> tuple[str, ...]:
    part = record.submission
    return part.name, method_name(record), f"{part.name}:{part.variant}"


def _group(record: Record) -> Group:
    task = record.task
    return (
        task.id, task.version, task.split, task.data_digest, task.protocol, json.dumps(record.settings, sort_keys=True)
    )  # fmt: skip


def _age(record: Record) -> tuple[str, str]:
    return record.run.finished, record.id


def _shared_group(candidates: Sequence[Sequence[Record]]) -> Group:
    """The one group in which every reference has a record; of several the benchmark's own goes before others."""
    groups = [{_group(record) for record in records} for records in candidates]
    shared = sorted(set.intersection(*groups))
    if not shared:
        raise UsageError(
            "the submissions have no records on the same data under the same protocol and settings; score them on one data set"
        )
    official = {_group(record) for records in candidates for record in records if record.task.origin == "official"}
    preferred = [group for group in shared if group in official] or shared
    if len(preferred) > 1:
        named = "; ".join(f"{clean(g[0], 40)} {clean(g[2], 40)} {clean(g[4], 40)} {g[3][:8]}" for g in preferred[:4])
        raise UsageError(
            f"the submissions share {len(preferred)} boards ({named}); "
            "name one with --task, --split and --protocol, or the records by their ids"
        )
    return preferred[0]
