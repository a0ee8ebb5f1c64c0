"""What an earlier build made of which records, so that a page is made again only where what it shows has changed.

Kept beside the site in a hidden file that the server does not show. Losing it costs time only.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

import harness
import leaderboard
from harness.files import folder_digest, write_bytes
from leaderboard.boards import Board
from leaderboard.collect import Collection
from leaderboard.entries import Entry

FILE = ".built.json"
FORMAT = "harness-site-memory/1"
DRAWN_WITH = ("jinja2", "matplotlib", "numpy")


class Made(msgspec.Struct, frozen=True):
    """A unit of the site (a record's page with its files): what it was made from, what it wrote, what it gave back."""

    digest: str
    files: list[str]
    gave: msgspec.Raw = msgspec.Raw(b"null")


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    maker: str
    units: dict[str, Made]


class Memory:
    """Units of the earlier build by name, and those of this one."""

    def __init__(self, folder: Path, known: bytes) -> None:
        """`known` stands for what every page may say that is not in records: the papers that are installed."""
        self._path = folder / FILE
        self._maker = _maker(known)
        self._before = self._read()
        self.units: dict[str, Made] = {}

    def _read(self) -> dict[str, Made]:
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}
        return kept.units if (kept.format, kept.maker) == (FORMAT, self._maker) else {}

    def known(self, name: str, digest: str) -> Made | None:
        """The unit as it was made from the same, or None."""
        found = self._before.get(name)
        return found if found is not None and found.digest == digest else None

    def write(self) -> None:
        """Keep what this build made for the next one."""
        kept = _Kept(format=FORMAT, maker=self._maker, units=dict(sorted(self.units.items())))
        data = msgspec.json.encode(kept)
        with contextlib.suppress(OSError):
            if self._path.read_bytes() == data:
                return
        write_bytes(self._path, data)


def _maker(known: bytes) -> str:
    """The code that makes pages, what it draws with, and what else it knows."""
    from importlib.metadata import version

    digest = hashlib.sha256(known)
    for package in (harness, leaderboard):
        digest.update(folder_digest(Path(package.__path__[0])).encode())
    digest.update("".join(map(version, DRAWN_WITH)).encode())
    return digest.hexdigest()


class Digests:
    """What the units of one build are made from."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._entries: dict[str, bytes] = {}

    def entry(self, entry: Entry) -> bytes:
        """Of a record, of how its files lie, and of what is said about it elsewhere."""
        record = entry.record
        if record.id not in self._entries:
            digest = hashlib.sha256(msgspec.json.encode([record, entry.altered]))
            for artifact in record.artifacts:
                digest.update(_status(entry.home.path, artifact.path))
            for target in (*record.supersedes, *record.withdraws):
                known = self._collection.entries.get(target)
                digest.update(b"shown" if known and known.record.kind == "result" else b"not shown")
            for replaced in (self._collection.superseded, self._collection.withdrawn):
                digest.update(replaced.get(record.id, "-").encode())
            self._entries[record.id] = digest.digest()
        return self._entries[record.id]

    def board(self, board: Board) -> str:
        """Of everything on a board."""
        groups = (board.entries, board.repeats, board.past, board.claimed)
        parts = [board.key.id.encode(), *[b"".join(map(self.entry, group)) for group in groups]]
        return joined(parts)


def joined(parts: Iterable[bytes]) -> str:
    """One digest of several parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]


def _status(home: Path, path: str) -> bytes:
    try:
        found = os.stat(os.path.join(home, path))  # noqa: PTH116, PTH118  thirty thousand times, where Path is slow
    except (OSError, ValueError):
        return b"none"
    return f"{found.st_size} {found.st_mtime_ns}".encode()
