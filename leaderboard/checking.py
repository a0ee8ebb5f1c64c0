"""``harness leaderboard check``: whether a folder of records may be published, for those who review pull requests.

Against what was published before, nothing may have gone or changed in silence: a result is withdrawn or superseded by a new
record, and a verification is added to the old ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.columns import Table, concatenate
from harness.errors import HarnessError, RecordError, UsageError
from harness.genuine import why_altered, why_unusable
from harness.predictions import load_parts, load_table
from harness.record import Artifact, Record
from harness.store import Home, read_record
from leaderboard.boards import BoardKey, board_key, find_repeats, main_metric
from leaderboard.entries import Entry, age_key
from leaderboard.published import Published
from leaderboard.standings import system_of

CALLED_OFF = ("supersedes", "withdraws")
FIXED = ("supersedes", "submitter", "warnings", "run")
"""What an id does not cover and still may not change in what was published."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that must be mended before the records are published."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


def check(folder: Path, published: Published | None = None) -> tuple[int, list[Problem]]:
    """How many records `folder` holds (a home, or its ``records``), and every problem in order of files.

    Raises UsageError for a folder that holds no records.
    """
    home = Home(folder.parent if folder.name == "records" else folder)
    files = sorted((home.path / "records").glob("*"))
    if not (home.path / "records").is_dir():
        raise UsageError(f"{folder} holds no records; name a home, which has a folder 'records', or that folder")
    problems: list[Problem] = []
    entries: dict[str, Entry] = {}
    for file in files:
        read = _read(file, home)
        if isinstance(read, Entry):
            entries[file.name] = read
            problems += [Problem(file.name, text) for text in (*_artifacts(read), *_own_verification(read.record))]
        else:
            problems.append(Problem(file.name, read))
    problems += _repeated(entries)
    problems += _unheard(entries, published.records if published else {})
    if published is not None:
        problems += _against(entries, {file.name for file in files}, published)
    return len(entries), sorted(set(problems))


def _read(file: Path, home: Home) -> Entry | str:
    """The entry in a file, or why it is none."""
    if file.is_symlink() or not file.is_file() or file.suffix != ".json":
        return "it is no record: the folder holds files ID.json only"
    try:
        record = read_record(file)
    except RecordError as error:
        return str(error).replace(str(file), "it")
    reason = why_unusable(record, file.stem) or why_altered(record)
    return reason or Entry(record, home)


def _own_verification(record: Record) -> Iterator[str]:
    """Verified means by a second party."""
    by = record.verifications[-1].by if record.provenance == "verified" else ""
    if by and by == record.submitter.name:
        yield "it was verified by its own submitter; somebody else has to ('harness pack' and 'harness import' carry it there)"


def _artifacts(entry: Entry) -> Iterator[str]:
    """What is wrong with the files beside a record; those that are not there do not count."""
    for artifact in entry.record.artifacts:
        try:
            path = entry.home.artifact(artifact)
        except RecordError as error:
            yield str(error)
            continue
        if path.exists():
            yield from _artifact(entry, artifact, path)


def _artifact(entry: Entry, artifact: Artifact, path: Path) -> Iterator[str]:
    if entry.record.task.private_labels and artifact.kind != "predictions":
        yield f"its {artifact.kind} may not be published: the labels are private, and they would tell them"
    try:
        found = _table(artifact, path)
    except (HarnessError, ValueError, TypeError, LookupError) as error:
        yield f"its {artifact.kind} cannot be read ({str(error).partition(';')[0]})"
        return
    if found is not None and found.digest() != artifact.digest:
        yield f"its {artifact.kind} are not those that it was written with"


def _table(artifact: Artifact, path: Path) -> Table | None:
    """The stored table; None where only the data set tells in what order the predictions' digest is over them."""
    if artifact.kind != "predictions":
        return load_table(path)
    parts = load_parts(path)
    whole = concatenate(parts) if parts else None
    live = whole is not None and (len(parts) > 1 or "input_sha256" in whole.columns)
    return None if live else whole


def _repeated(entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """Results that say again what another says, and time nothing besides."""
    boards: dict[BoardKey, list[Entry]] = {}
    for entry in _standing(entries.values()):
        boards.setdefault(board_key(entry.record), []).append(entry)
    for group in boards.values():
        named = {entry.record.id: entry.record for entry in group}
        for id, listed in find_repeats(group).items():
            if not (named[id].measurements.latency or named[id].measurements.energy):
                yield Problem(
                    f"{id}.json", f"it says again what {listed}.json says: the same answers by the same submitter"
                )


def _standing(entries: Iterable[Entry]) -> list[Entry]:
    """The results that no other record of the folder replaces."""
    found = list(entries)
    gone = {id for entry in found for field in CALLED_OFF for id in getattr(entry.record, field)}
    return [entry for entry in found if entry.record.kind == "result" and entry.record.id not in gone]


def _unheard(entries: Mapping[str, Entry], published: Mapping[str, Record]) -> Iterator[Problem]:
    """New results of a system that give another score than its published or older one and do not say that they replace it."""
    systems: dict[tuple[BoardKey, str], Entry] = {}
    for entry in sorted(_standing(entries.values()), key=lambda entry: age_key(entry.record)):
        record = entry.record
        old = systems.setdefault((board_key(record), system_of(record)), entry)
        # Of two, the one that is not published yet has to say it.
        new, old = (old, entry) if f"{record.id}.json" in published else (entry, old)
        one, other = _score(new.record), _score(old.record)
        if new is not old and one != other:
            text = f"it gives {one} where {old.record.id}.json of the same system gives {other}, and supersedes it not"
            yield Problem(f"{new.record.id}.json", text)


def _score(record: Record) -> str:
    metric = main_metric(record)
    return "no score" if metric is None or metric.value is None else f"{record.task.main_metric} = {metric.value!r}"


def _against(entries: Mapping[str, Entry], files: set[str], published: Published) -> Iterator[Problem]:
    """What was published and is gone or different."""
    for name, old in published.records.items():
        if name not in files:
            yield Problem(
                name, "it was published and is gone; 'harness withdraw' takes a result back and keeps its history"
            )
        elif name in entries:
            yield from (Problem(name, text) for text in _changes(old, entries[name].record))


def _changes(old: Record, new: Record) -> Iterator[str]:
    """What differs between a record that was published and the one of the same id."""
    for field in FIXED:
        if getattr(old, field) != getattr(new, field):
            yield f"its {field} changed after it was published; keep the file as it was, or hand in a new record"
    kept = [msgspec.to_builtins(found) for found in old.verifications]
    have = [msgspec.to_builtins(found) for found in new.verifications]
    if have[: len(kept)] != kept:
        yield "a verification that was published is gone or changed"
    if old.provenance != new.provenance and len(have) <= len(kept):
        yield f"it was published as {old.provenance} and is {new.provenance} without a verification that says so"
