"""Whether an answer is laid out as its columns say, and as the answers before it."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness.columns import Array, ColumnSpec, Ragged, Row, Table

Sizes = dict[str, tuple[int, ...]]
"""The row shape that a submission has chosen, for every column that leaves it a choice."""


def check_row(row: Row, specs: Sequence[ColumnSpec], sizes: Sizes) -> None:
    """Raise ValueError where `row` is not laid out as `specs` say, or not as the rows before it; fills `sizes`."""
    if set(row) != {spec.name for spec in specs}:
        raise ValueError(f"it has the columns {', '.join(sorted(row))}; expected {', '.join(s.name for s in specs)}")
    counts: dict[str, tuple[str, int]] = {}
    for spec in specs:
        array = np.asarray(row[spec.name])
        if spec.conform(array).dtype.kind not in "US" and array.dtype != np.dtype(spec.dtype):
            raise ValueError(f"{spec.name} has dtype {array.dtype}, expected {spec.dtype}")
        if None in spec.shape and array.size:
            shape = array.shape[1:] if spec.ragged else array.shape
            if sizes.setdefault(spec.name, shape) != shape:
                raise ValueError(f"{spec.name} has rows of shape {shape}, those before it {sizes[spec.name]}")
        if spec.ragged and spec.group:
            other, count = counts.setdefault(spec.group, (spec.name, len(array)))
            if count != len(array):
                raise ValueError(f"{spec.name} has {len(array)} rows, {other} has {count}")


def all_fit(columns: Mapping[str, Array], specs: Sequence[ColumnSpec], sizes: Sizes) -> bool:
    """Whether `check_row` would take every row of dense columns (n, ...); fills `sizes` if so.

    Looks at whole columns, so that many small rows cost no more than one.
    """
    if set(columns) != {spec.name for spec in specs}:
        return False
    found: Sizes = {}
    for spec in specs:
        column = columns[spec.name]
        shape = column.shape[1:]
        fits = len(shape) == len(spec.shape) and all(w in (None, s) for w, s in zip(spec.shape, shape, strict=True))
        if spec.ragged or column.dtype != np.dtype(spec.dtype) or not fits:
            return False
        if spec.finite and column.dtype.kind == "f" and not np.isfinite(column).all():
            return False
        if None in spec.shape and column.size:
            found[spec.name] = shape
    if any(sizes.get(name, shape) != shape for name, shape in found.items()):
        return False
    sizes.update(found)
    return True


def sizes_of(tables: Iterable[Table], specs: Sequence[ColumnSpec]) -> Sizes:
    """The row shapes that stored tables have, for the columns that leave a choice."""
    sizes: Sizes = {}
    for table in tables:
        for spec in specs:
            column = table.columns[spec.name]
            values = column.values if isinstance(column, Ragged) else column
            if None in spec.shape and values.size:
                sizes.setdefault(spec.name, values.shape[1:])
    return sizes
