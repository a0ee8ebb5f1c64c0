"""From homes to the records that a site shows: which stand, which were replaced or taken back, which cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.genuine import why_altered, why_unusable
from harness.record import Record, encode
from harness.store import Home
from leaderboard.crowd import spread
from leaderboard.entries import Entry
from leaderboard.replacing import replaced


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is no record, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Everything in the homes. `current` leaves out what was superseded or withdrawn; `replaced` says by which record."""

    entries: Mapping[str, Entry]
    superseded: Mapping[str, str] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()

    @property
    def current(self) -> list[Entry]:
        """The results that stand, in order of id."""
        gone = self.superseded.keys() | self.withdrawn.keys()
        return [entry for id, entry in self.entries.items() if id not in gone and entry.record.kind == "result"]

    @property
    def past(self) -> list[Entry]:
        """The results that no longer stand, in order of id."""
        gone = self.superseded.keys() | self.withdrawn.keys()
        return [entry for id, entry in self.entries.items() if id in gone and entry.record.kind == "result"]


def check_homes(homes: Sequence[Path]) -> None:
    """Raise UsageError for a folder that is not there."""
    for path in homes:
        if not path.is_dir():
            raise UsageError(
                f"{path} is no folder; --home names the folder that 'harness eval' wrote (it holds records/)"
            )


def collect(homes: Sequence[Path]) -> Collection:
    """Read every record of `homes`; raises UsageError for a folder that is no home."""
    found: dict[str, Entry] = {}
    usable: list[tuple[Record, Home]] = []
    rejected: set[Rejected] = set()
    check_homes(homes)
    for path in homes:
        home = Home(path)
        for file, record in home.records():
            if not isinstance(record, Record):
                rejected.add(Rejected(file.name, _without_folder(str(record), file)))
            elif reason := why_unusable(record, file.stem):
                rejected.add(Rejected(file.name, reason))
            else:
                usable.append((record, home))
    for place, why in enumerate(_why_altered([record for record, _ in usable])):
        record, home = usable[place]
        _keep(found, Entry(record, home, why))
    entries = {id: found[id] for id in sorted(found)}
    superseded, withdrawn = replaced(entries)
    return Collection(
        entries=entries,
        superseded=superseded,
        withdrawn=withdrawn,
        rejected=tuple(sorted(rejected, key=lambda item: (item.file, item.reason))),
    )


def _why_altered(records: Sequence[Record]) -> list[str]:
    """What `why_altered` says of each: most of the time that reading a home takes."""
    parts = spread(range(len(records)), lambda places: {place: why_altered(records[place]) for place in places})
    found = {place: why for part in parts for place, why in part.items()}
    return [found[place] for place in range(len(records))]


def _without_folder(message: str, file: Path) -> str:
    return message.replace(str(file), file.name)


def _keep(found: dict[str, Entry], entry: Entry) -> None:
    """Of two copies of one record keep the one with more verifications, whatever the order of the homes."""
    known = found.get(entry.record.id)
    if known is None or _weight(entry) > _weight(known):
        found[entry.record.id] = entry


def _weight(entry: Entry) -> tuple[bool, int, bytes]:
    return not entry.altered, len(entry.record.verifications), encode(entry.record)
