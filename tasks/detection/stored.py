"""Stored predictions, checked before compiled code sees them: a record may be a stranger's."""

from collections.abc import Sequence

import numpy as np

from harness.columns import ColumnSpec, Table
from harness.errors import PredictionError
from harness.task import Dataset


def check_stored(table: Table, dataset: Dataset, specs: Sequence[ColumnSpec], benchmark: str) -> None:
    """Raise PredictionError unless `table` holds detections of the data set, laid out as `specs` say; copies nothing.

    What is checked: ids, dtypes, shapes, rows of one group, finite numbers, known categories.
    """
    try:
        if table.ids != dataset.ids:
            raise ValueError("they answer other images than the data set has")
        _check_columns(table, specs)
        _check_categories(table, dataset, specs)
    except (LookupError, ValueError) as reason:
        raise PredictionError(f"these predictions are no detections of {benchmark}: {reason}") from None


def _check_columns(table: Table, specs: Sequence[ColumnSpec]) -> None:
    first: dict[str, str] = {}
    for spec in specs:
        column = table.ragged(spec.name)
        if column.values.dtype != np.dtype(spec.dtype) or column.values.shape[1:] != spec.shape:
            raise ValueError(f"{spec.name} is {column.values.dtype} of shape {column.values.shape}")
        if spec.finite and column.values.dtype.kind == "f" and not np.isfinite(column.values).all():
            raise ValueError(f"{spec.name} has a value that is not finite")
        other = first.setdefault(spec.group or spec.name, spec.name)
        if not np.array_equal(column.offsets, table.ragged(other).offsets):
            raise ValueError(f"{spec.name} has other rows than {other}")


def _check_categories(table: Table, dataset: Dataset, specs: Sequence[ColumnSpec]) -> None:
    if not any(spec.name == "category_id" for spec in specs):
        return
    found = np.unique(table.ragged("category_id").values)
    unknown = np.setdiff1d(found, np.array(dataset.facts["category_ids"], np.int64))
    if len(unknown):
        raise ValueError(f"category_id has {unknown[0]}, which the data set does not have")
