"""``harness import``: a packed record of somebody else's, taken in only after checking.

Everything in the file may be forged. Taken in is a record of this schema whose id is that of its content, with predictions
whose digest it states; where its data are at hand it is scored again first, so that it is `verified` or `disputed` from then on.
What others say to have verified counts for nothing here.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from harness.archives import TEXT_LIMIT, Archive
from harness.columns import Table
from harness.errors import HarnessError, RecordError, describe
from harness.files import disk_error, write_bytes
from harness.genuine import why_altered, why_unusable
from harness.options import RunOptions
from harness.packing import BESIDE, FACTS, MEMBERS, PREDICTIONS, RECORD
from harness.predictions import load_facts, load_table, save_table
from harness.progress import Reporter
from harness.record import Artifact, Record, decode
from harness.store import Home, default_home
from harness.verification import verify

RECORD_LIMIT = 64 << 20
"""Bytes that a record may have."""
ELSEWHERE = ("data", "annotations", "images", "predictions", "claims")
"""Options of a run that are paths on the machine that it ran on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """A record that was taken in, or was there already."""

    record: Record
    path: Path
    new: bool
    rescored: bool
    note: str = ""
    """Why it was not scored again; empty where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    record: Record
    tables: Mapping[str, Table]
    facts: bytes


def take_in(path: Path, options: RunOptions, reporter: Reporter) -> TakenIn:
    """Check a packed record and put it into the home; raises RecordError where it is refused, and then nothing is kept."""
    home = Home(options.home or default_home())
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".incoming-", dir=home.path)
    except OSError as error:
        raise disk_error(home.path, error) from None
    with folder:
        staged = Home(Path(folder.name))
        content = _read(path, staged)
        known = home.record_path(content.record.id)
        if known.exists():
            return TakenIn(record=home.find(str(known))[1], path=known, new=False, rescored=False)
        record, note = content.record, ""
        if content.tables:
            staged.write_record(_place(staged, content))
            record, note = _scored_again(staged, content.record, options, reporter)
            content = replace(content, tables={**_restored(staged, content), **content.tables})
    record = _place(home, replace(content, record=record))
    return TakenIn(
        record=record, path=home.write_record(record), new=True, rescored=not note and bool(content.tables), note=note
    )


def _read(path: Path, staged: Home) -> _Content:
    """What the file holds, every digest checked."""
    archive = Archive(path, RecordError)
    names = archive.names()
    odd = [name for name in names if name not in MEMBERS]
    if odd or RECORD not in names:
        what = f"holds {odd[0]!a}" if odd else f"has no {RECORD}"
        raise RecordError(f"{path} {what}: it is no packed record; 'harness pack RECORD' makes one")
    record = _record(path, archive.read(RECORD, RECORD_LIMIT))
    tables = {}
    for artifact in record.artifacts:
        member = f"{artifact.kind}.npz"
        if artifact.kind in tables or artifact.kind not in (PREDICTIONS, *BESIDE):
            raise RecordError(f"{path}: the record names {artifact.kind[:40]!a} twice or is of a newer harness")
        if member in names:
            tables[artifact.kind] = _table(path, artifact, archive.read(member, TEXT_LIMIT), staged)
    unnamed = [name for name in names if name.endswith(".npz") and name.removesuffix(".npz") not in tables]
    if unnamed:
        raise RecordError(f"{path} holds {unnamed[0]}, which its record does not name")
    if PREDICTIONS not in tables and record.kind == "result" and record.provenance != "reported":
        raise RecordError(f"{path} holds no predictions; a result that nobody can check is not taken in")
    return _Content(record=record, tables=tables, facts=_facts(path, archive, names, staged))


def _record(path: Path, data: bytes) -> Record:
    try:
        record = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{path}/{RECORD} is no record of this schema: {error}") from None
    reason = why_unusable(record, record.id) or why_altered(record)
    if reason:
        raise RecordError(f"{path}/{RECORD} is not as it was written: {reason}")
    return _own_words(record)


def _own_words(record: Record) -> Record:
    """The record without what only the sender vouches for: verifications that found it equal, and paths of its machine."""
    provenance: Any = record.provenance
    if provenance == "verified":
        provenance = "measured" if record.run.device else "scored"
    options = {name: value for name, value in record.run.options.items() if name not in ELSEWHERE}
    return msgspec.structs.replace(
        record, provenance=provenance, run=msgspec.structs.replace(record.run, options=options),
        verifications=[found for found in record.verifications if not found.equal],
    )  # fmt: skip


def _table(path: Path, artifact: Artifact, data: bytes, staged: Home) -> Table:
    file = staged.path / "table.npz"
    write_bytes(file, data)
    try:
        table = load_table(file)
        same = table.digest() == artifact.digest
    except (RecordError, ValueError, TypeError) as error:
        reason = str(error).replace(str(file), f"{artifact.kind}.npz").partition("; remove it")[0]
        raise RecordError(f"{path}: {reason}; it is not taken in") from None
    if not same:
        raise RecordError(
            f"{path}: its {artifact.kind} are not those that the record was written with; it is not taken in"
        )
    return table


def _facts(path: Path, archive: Archive, names: tuple[str, ...], staged: Home) -> bytes:
    if FACTS not in names:
        return b""
    data = archive.read(FACTS, RECORD_LIMIT)
    write_bytes(staged.path / "checked" / FACTS, data)
    try:
        load_facts(staged.path / "checked")
    except RecordError:
        raise RecordError(f"{path}/{FACTS} holds no JSON object; it is not taken in") from None
    return data


def _place(home: Home, content: _Content) -> Record:
    """Write what lies beside the record; gives the record with the paths there. No path of the file's is used."""
    artifacts = []
    for artifact in content.record.artifacts:
        table = content.tables.get(artifact.kind)
        if artifact.kind == PREDICTIONS and table is not None:
            folder = home.predictions(f"imported-{content.record.id}")
            if not any(folder.glob("part-*.npz")):
                if content.facts:
                    write_bytes(folder / FACTS, content.facts)
                save_table(folder / "part-000000.npz", table)
            artifacts.append(msgspec.structs.replace(artifact, path=str(folder.relative_to(home.path))))
        elif table is not None:
            artifacts.append(home.write_table(artifact.kind, table))
        else:
            path = f"{artifact.kind}/{artifact.digest[:32]}.npz"
            artifacts.append(msgspec.structs.replace(artifact, path=path if artifact.digest.isalnum() else ""))
    return msgspec.structs.replace(content.record, artifacts=artifacts)


def _restored(staged: Home, content: _Content) -> dict[str, Table]:
    """What the file lacks and scoring has made again."""
    found = {}
    for artifact in content.record.artifacts:
        path = staged.path / artifact.kind / f"{artifact.digest[:32]}.npz"
        if artifact.kind not in content.tables and artifact.digest.isalnum() and path.is_file():
            found[artifact.kind] = load_table(path)
    return found


def _scored_again(staged: Home, record: Record, options: RunOptions, reporter: Reporter) -> tuple[Record, str]:
    """The record as a second scoring finds it, or unchanged with the reason why it could not be scored again."""
    try:
        found = verify(str(staged.record_path(record.id)), replace(options, home=staged.path), reporter).record
    except HarnessError as error:
        return record, str(error).replace(str(staged.path), "the file")
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(
            f"record {record.id} holds predictions that its task cannot score: {describe(error)}"
        ) from None
    return msgspec.structs.replace(record, provenance=found.provenance, verifications=found.verifications), ""
