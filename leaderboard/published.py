"""The records that were published before: those of a folder, or of a commit of the folder's git repository."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import UsageError
from harness.record import Record, decode


@dataclass(frozen=True, slots=True)
class Published:
    """File name -> record; files that are no records are left out, since they were never shown."""

    records: Mapping[str, Record]


def published(against: str, folder: Path) -> Published:
    """What `against`, a folder or a commit, holds of `folder`; raises UsageError where it is neither."""
    other = Path(against)
    if other.is_dir():
        records = other if other.name == "records" else other / "records"
        if not records.is_dir():
            raise UsageError(f"--against {against}: the folder holds no records")
        return Published(_readable((path.name, path.read_bytes()) for path in sorted(records.glob("*.json"))))
    records = folder if folder.name == "records" else folder / "records"
    return Published(_readable(_committed(against, records)))


def _readable(files: Iterator[tuple[str, bytes]]) -> dict[str, Record]:
    found = {}
    for name, data in files:
        try:
            found[name] = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return found


def _committed(commit: str, records: Path) -> Iterator[tuple[str, bytes]]:
    """Every JSON file of the folder as the commit has it."""
    if commit.startswith("-"):
        raise UsageError(f"--against {commit}: it is neither a folder nor a commit")
    revision = _git(records, ["rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], commit).decode().strip()
    listing = _git(records, ["ls-tree", "-z", "--name-only", revision, "./"], commit)
    for name in filter(None, listing.decode("utf-8", "surrogateescape").split("\0")):
        if name.endswith(".json") and "/" not in name:
            yield name, _git(records, ["cat-file", "blob", f"{revision}:./{name}"], commit)


def _git(folder: Path, words: list[str], commit: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except FileNotFoundError:
        raise UsageError(f"--against {commit}: there is no such folder, and git is not installed") from None
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").splitlines() or [f"{folder} has no such commit"])[0]
        raise UsageError(f"--against {commit}: it is neither a folder nor a commit ({reason})")
    return done.stdout
