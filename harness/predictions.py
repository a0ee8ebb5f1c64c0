"""Predictions on disk: columns in parts, each written whole; resume; merge.

A folder of parts belongs to one key: the digest of everything that the answers were computed from.
"""

import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from harness.columns import Array, Column, ColumnSpec, Ragged, Row, Table, build_table, concatenate
from harness.errors import PredictionError, RecordError
from harness.files import write_atomic, write_bytes
from harness.npz import read_npz
from harness.rows import all_fit, check_row, sizes_of

PART = "part-*.npz"
FACTS = "facts.json"
OFFSETS = "#offsets"
IDS = "#ids"


def save_table(path: Path, table: Table) -> None:
    """Write a table as one ``.npz`` (NumPy's own format, no pickles), whole or not at all."""
    arrays: dict[str, Any] = {IDS: np.array(table.ids, dtype=np.str_)}
    for name, column in table.columns.items():
        if isinstance(column, Ragged):
            arrays[name], arrays[name + OFFSETS] = column.values, column.offsets
        else:
            arrays[name] = column

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            try:
                np.savez(stream, **arrays)
            except ValueError as error:
                # On a full disk zipfile complains about its open handle and hides why.
                raise error.__context__ if isinstance(error.__context__, OSError) else error from None

    write_atomic(path, write)


def load_table(path: Path) -> Table:
    """Read a table from anybody; raises RecordError naming the file if it is missing, damaged or more than it shows."""
    try:
        with path.open("rb") as stream:
            return _table(read_npz(stream))
    except (OSError, ValueError, TypeError, EOFError, LookupError, AttributeError, RuntimeError) as error:
        raise _damaged(path, error) from None
    except (zipfile.BadZipFile, zlib.error, struct.error, OverflowError, MemoryError) as error:
        raise _damaged(path, error) from None


def _table(arrays: dict[str, Any]) -> Table:
    ids = arrays.pop(IDS)
    if ids.dtype.kind != "U" or ids.ndim != 1:
        raise ValueError(f"its ids are {ids.dtype} of shape {ids.shape}, not a row of text")
    offsets = {name: value for name, value in arrays.items() if name.endswith(OFFSETS)}
    for name, value in offsets.items():
        if value.dtype != np.int64 or value.ndim != 1:
            raise ValueError(f"{name} is {value.dtype} of shape {value.shape}, not a row of int64")
    columns: dict[str, Column] = {
        name: Ragged(value, offsets[name + OFFSETS]) if name + OFFSETS in offsets else value
        for name, value in arrays.items()
        if name not in offsets
    }
    return Table(tuple(ids.tolist()), columns)


def _damaged(path: Path, error: Exception) -> RecordError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
    reason = reason if reason.isprintable() else ascii(reason)
    what = "is missing" if isinstance(error, FileNotFoundError) else f"is damaged ({reason})"
    return RecordError(f"{path} {what}; remove it if it is there and run the command that makes it again")


def load_parts(folder: Path) -> list[Table]:
    """Every part in a folder, in order of their names."""
    return [load_table(path) for path in sorted(folder.glob(PART))]


def merge(tables: Sequence[Table], ids: Sequence[str], where: str) -> Table:
    """One table in the order of `ids`; raises RecordError unless every id is there exactly once."""
    if not tables:
        raise RecordError(f"{where} holds no predictions; run the command that makes them again")
    table = concatenate(tables)
    if table.ids == tuple(ids):
        return table
    position = {id: index for index, id in enumerate(table.ids)}
    if len(position) < len(table.ids):
        raise RecordError(f"{where} answers some samples twice; remove the folder and run again")
    missing = [id for id in ids if id not in position]
    if missing:
        raise RecordError(
            f"{where} lacks {len(missing)} of {len(ids)} samples, first {missing[0]}; run the same command again"
        )
    return table.take([position[id] for id in ids])


class PartSink:
    """Keeps answers and writes them as parts; knows what earlier runs have answered."""

    def __init__(self, folder: Path, ids: Sequence[str], specs: Sequence[ColumnSpec], *, every_s: float = 5.0) -> None:
        self._folder, self._ids, self._specs, self._every_s = folder, tuple(ids), tuple(specs), every_s
        self._rows: dict[str, Row] = {}
        _remove_partial(folder)
        self._parts = load_parts(folder)
        if any(set(part.columns) != {spec.name for spec in self._specs} for part in self._parts):
            raise RecordError(
                f"{folder} holds answers in another layout; remove the folder and run the same command again"
            )
        self._facts = load_facts(folder)
        self._last = monotonic()
        self._answered = {id for part in self._parts for id in part.ids}
        self._sizes = sizes_of(self._parts, self._specs)
        self.resumed = sum(len(part) for part in self._parts)
        """How many samples an earlier run had answered."""

    def pending(self) -> Sequence[int]:
        """Indices of the samples without an answer, in order."""
        return [index for index, id in enumerate(self._ids) if id not in self._answered]

    def put(self, id: str, row: Row) -> None:
        """Keep one answer; a second one to the same sample, in a batch that was stored in part, is left out.

        Raises PredictionError naming the sample where the row does not fit the columns or the rows before it.
        """
        if id in self._answered:
            return
        try:
            check_row(row, self._specs, self._sizes)
        except ValueError as error:
            raise PredictionError(f"the answer to {id} cannot be stored: {error}") from None
        self._rows[id] = row
        self._answered.add(id)

    def put_all(self, ids: Sequence[str], columns: Mapping[str, Array]) -> None:
        """Keep the answers to several samples, whose rows are those of dense columns (n, ...): as `put` of each, in less time."""
        rows = [{name: column[place] for name, column in columns.items()} for place in range(len(ids))]
        if not all_fit(columns, self._specs, self._sizes):
            for id, row in zip(ids, rows, strict=True):
                PartSink.put(self, id, row)
            return
        new = {id: row for id, row in zip(ids, rows, strict=True) if id not in self._answered}
        self._rows.update(new)
        self._answered.update(new)

    def note(self, key: str, value: Any) -> None:
        """Keep a JSON value that belongs to all answers."""
        self._facts[key] = value
        write_bytes(self._folder / FACTS, json.dumps(self._facts, sort_keys=True).encode())

    @property
    def facts(self) -> Mapping[str, Any]:
        """Everything that was noted, by this run or an earlier one."""
        return dict(self._facts)

    def tick(self) -> None:
        """Write a part if the last one is old enough; called where a batch is complete."""
        if monotonic() - self._last >= self._every_s:
            self.flush()

    def flush(self) -> None:
        """Write what has come since the last part."""
        self._last = monotonic()
        if not self._rows:
            return
        part = build_table(self._rows, list(self._rows.values()), self._specs)
        save_table(self._folder / f"part-{_next(self._folder):06d}.npz", part)
        self._parts.append(part)
        self._rows = {}

    def table(self) -> Table:
        """Everything that was answered, in the data set's order."""
        self.flush()
        return merge(self._parts, self._ids, str(self._folder))


def load_facts(folder: Path) -> dict[str, Any]:
    """What was noted beside the parts in a folder."""
    path = folder / FACTS
    try:
        facts = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from None
    if not isinstance(facts, dict):
        raise _damaged(path, ValueError("it holds no JSON object"))
    return facts


def _remove_partial(folder: Path) -> None:
    """Remove what a kill left half-written; the folder is this process's own."""
    for path in folder.glob(".*.partial"):
        path.unlink(missing_ok=True)


def _next(folder: Path) -> int:
    names = sorted(path.stem for path in folder.glob(PART))
    return int(names[-1].split("-")[1]) + 1 if names else 0
