"""Whether an answer is laid out as its columns say, and as the answers before it."""

from collections.abc import Iterable, Sequence

import numpy as np

from harness.columns import ColumnSpec, Ragged, Row, Table

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
