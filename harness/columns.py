"""Columns over an ordered list of ids: the one form of predictions, truth and statistics.

A column is *dense*, one row an id, shape ``(n, ...)``; or *ragged*, any number of rows an id, kept as flat ``values`` of
shape ``(total, ...)`` and ``offsets`` of shape ``(n + 1,)``, int64. No dictionaries, no Python objects a row.
"""

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Row = Mapping[str, Array]
"""What one id has in every column: ``(...)`` for a dense column, ``(k, ...)`` for a ragged one."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """How one column is laid out.

    ``shape`` is the shape of one row without the ragged axis; None stands for a size that the submission chooses (an
    embedding's length) and that is the same in all rows. ``ragged`` columns of one ``group`` have the same number of rows
    for each id (boxes, scores and labels of one image). Floats must be finite unless ``finite`` is False.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] = ()
    ragged: bool = False
    group: str = ""
    description: str = ""
    finite: bool = True

    def conform(self, value: Any) -> Array:
        """`value` as an array of this dtype and row shape; raises ValueError with the reason in words."""
        array = np.asarray(value)
        rows = array.shape[1:] if self.ragged else array.shape
        wanted = np.dtype(self.dtype)
        if self.ragged and array.shape == (0,):
            return np.empty((0, *[size or 0 for size in self.shape]), wanted)
        fits = len(rows) == len(self.shape) and all(w is None or w == s for w, s in zip(self.shape, rows, strict=True))
        if (self.ragged and array.ndim == 0) or not fits:
            expected = ", ".join("any" if size is None else str(size) for size in self.shape)
            expected = f"({', '.join(filter(None, ['k' if self.ragged else '', expected]))})"
            raise ValueError(f"{self.name} has shape {array.shape}, expected {expected}")
        integers = array.dtype.kind in "iu" and wanted.kind in "iu"
        if array.size and not integers and not np.can_cast(array.dtype, wanted, "same_kind"):
            raise ValueError(f"{self.name} has dtype {array.dtype}, expected {wanted}")
        return self._checked(array, wanted)

    def _checked(self, array: Array, wanted: "np.dtype[Any]") -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            cast = np.array(array, wanted, order="C")
        if wanted.kind in "iu" and not np.array_equal(cast, array):
            raise ValueError(f"{self.name} has values outside {wanted}")
        if wanted.kind == "f" and self.finite and not np.isfinite(cast).all():
            raise ValueError(f"{self.name} has a value that is not finite")
        return cast


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Rows of varying number: id ``i`` has ``values[offsets[i]:offsets[i + 1]]``."""

    values: Array
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        edges = self.offsets
        if not len(edges) or edges[0] != 0 or edges[-1] != len(self.values) or (np.diff(edges) < 0).any():
            raise ValueError(f"offsets do not rise from 0 to the number of values, {len(self.values)}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def row(self, index: int) -> Array:
        """The rows of id `index`, shape ``(k, ...)``, a view."""
        row: Array = self.values[self.offsets[index] : self.offsets[index + 1]]
        return row

    def take(self, indices: NDArray[np.int64]) -> "Ragged":
        """The same for a selection of ids, in the order given."""
        counts = np.diff(self.offsets)[indices]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        flat = np.repeat(self.offsets[indices] - offsets[:-1], counts) + np.arange(offsets[-1])
        return Ragged(self.values[flat], offsets)


Column = Array | Ragged

_FED = 1 << 18
"""Numbers that are brought to one form and digested at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named columns over `ids`, unique strings in a fixed order."""

    ids: tuple[str, ...]
    columns: Mapping[str, Column]
    _position: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if len(column) != len(self.ids):
                raise ValueError(f"column {name} has {len(column)} rows for {len(self.ids)} ids")

    def __len__(self) -> int:
        return len(self.ids)

    def dense(self, name: str) -> Array:
        """The dense column `name`, shape ``(n, ...)``."""
        column = self.columns[name]
        if isinstance(column, Ragged):
            raise KeyError(f"{name} is ragged")
        return column

    def ragged(self, name: str) -> Ragged:
        """The ragged column `name`."""
        column = self.columns[name]
        if not isinstance(column, Ragged):
            raise KeyError(f"{name} is dense")
        return column

    def position(self, id: str) -> int:
        """Where `id` stands; KeyError if it does not."""
        if not self._position:
            self._position.update({name: index for index, name in enumerate(self.ids)})
        return self._position[id]

    def row(self, index: int) -> dict[str, Array]:
        """Every column's row of one id, views."""
        return {
            name: column.row(index) if isinstance(column, Ragged) else column[index]
            for name, column in self.columns.items()
        }

    def take(self, indices: Sequence[int] | NDArray[np.int64]) -> "Table":
        """The table of a selection of ids, in the order given."""
        chosen = np.asarray(indices, np.int64)
        columns = {
            name: column.take(chosen) if isinstance(column, Ragged) else column[chosen]
            for name, column in self.columns.items()
        }
        return Table(tuple(self.ids[i] for i in chosen), columns)

    def row_digest(self, index: int) -> str:
        """SHA-256 over one id's canonical content: column names in order, dtypes, shapes, little-endian bytes."""
        return digest_row(
            self.row(index), {name for name, column in self.columns.items() if isinstance(column, Ragged)}
        ).hex()

    def without(self, names: Iterable[str]) -> "Table":
        """The table without some columns."""
        left_out = set(names)
        return Table(self.ids, {name: column for name, column in self.columns.items() if name not in left_out})

    def digest(self) -> str:
        """SHA-256 over ids and columns, the same however the table was stored or cut into parts."""
        digest = hashlib.sha256("\0".join(self.ids).encode())
        for name, column in sorted(self.columns.items()):
            if isinstance(column, Ragged):
                _feed(digest, f"{name}#offsets", column.offsets)
                _feed(digest, name, column.values)
            else:
                _feed(digest, name, column)
        return digest.hexdigest()


def digest_row(row: Row, ragged: Container[str] = ()) -> bytes:
    """SHA-256, 32 bytes, over one id's values by name, those of `ragged` columns told apart: what `Table.row_digest` gives."""
    digest = hashlib.sha256()
    for name, value in sorted(row.items()):
        _feed(digest, f"{name}\0{'ragged' if name in ragged else 'dense'}", np.asarray(value))
    return digest.digest()


def _feed(digest: "hashlib._Hash", name: str, array: Array) -> None:
    """Feed an array so that machines agree: little-endian, one NaN, no negative zero, text as UTF-8."""
    if array.dtype.kind in "US":
        lengths = np.char.str_len(array)
        digest.update(f"\0{name}\0text\0{array.shape}\0{lengths.tolist()}\0".encode())
        digest.update("".join(array.reshape(-1).astype(np.str_).tolist()).encode())
        return
    data = np.ascontiguousarray(array)
    if data.dtype.byteorder == ">":
        data = data.astype(data.dtype.newbyteorder("<"))
    digest.update(f"\0{name}\0{data.dtype.str.lstrip('<|=')}\0{array.shape}\0".encode())
    if not data.size:
        return
    flat = data.reshape(-1)
    if data.dtype.kind != "f":
        digest.update(flat.view(np.uint8).data)
        return
    # In pieces: a column may be most of the memory, or lie on disk.
    for start in range(0, len(flat), _FED):
        piece = flat[start : start + _FED] + flat.dtype.type(0)
        piece[np.isnan(piece)] = np.nan
        digest.update(piece.view(np.uint8).data)


def _joined(arrays: Sequence[Array]) -> Array:
    """The rows of all arrays; an empty one may not know the size that a submission chooses."""
    return np.concatenate([array for array in arrays if len(array)] or arrays[:1])


def build_table(ids: Iterable[str], rows: Sequence[Row], specs: Sequence[ColumnSpec]) -> Table:
    """A table from one row mapping an id, laid out as `specs` say."""
    columns: dict[str, Column] = {}
    for spec in specs:
        values = [row[spec.name] for row in rows]
        empty = (0, *[size or 0 for size in spec.shape])
        if not spec.ragged:
            columns[spec.name] = np.stack(values) if values else np.empty(empty, spec.dtype)
            continue
        offsets = np.concatenate([[0], np.cumsum([len(v) for v in values], dtype=np.int64)]).astype(np.int64)
        flat = _joined(values) if values else np.empty(empty, spec.dtype)
        columns[spec.name] = Ragged(flat, offsets)
    return Table(tuple(ids), columns)


def concatenate(tables: Sequence[Table]) -> Table:
    """Tables with the same columns and different ids, one after the other."""
    columns: dict[str, Column] = {}
    for name, first in tables[0].columns.items():
        if isinstance(first, Ragged):
            parts = [table.ragged(name) for table in tables]
            counts = np.concatenate([np.diff(part.offsets) for part in parts])
            offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            columns[name] = Ragged(_joined([part.values for part in parts]), offsets)
        else:
            columns[name] = np.concatenate([table.dense(name) for table in tables])
    return Table(tuple(id for table in tables for id in table.ids), columns)
