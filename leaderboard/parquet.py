"""Rows as Parquet, where pyarrow is installed (MLflow brings it)."""

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from harness.errors import HarnessError
from harness.text import clean


def has_parquet() -> bool:
    """Whether Parquet can be written here."""
    return find_spec("pyarrow") is not None


def to_parquet(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as one Parquet file; numbers stay numbers, a column of numbers and text becomes text.

    Raises HarnessError where pyarrow is missing.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise HarnessError("Parquet needs the package pyarrow; pip install pyarrow, or choose --format csv") from None

    columns = {field: _column([row.get(field) for row in rows], pyarrow) for field in fields}
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), stream, compression="zstd")
    return stream.getvalue()


def _column(values: Sequence[Any], pyarrow: Any) -> Any:
    stated = [value for value in values if value is not None]
    if stated and all(isinstance(value, bool) for value in stated):
        return pyarrow.array(values, pyarrow.bool_())
    if stated and all(type(value) is int and abs(value) < 1 << 63 for value in stated):
        return pyarrow.array(values, pyarrow.int64())
    if stated and all(type(value) is float or (type(value) is int and abs(value) <= 1 << 53) for value in stated):
        return pyarrow.array([None if value is None else float(value) for value in values], pyarrow.float64())
    texts = [None if value is None else clean(str(value), 20_000) for value in values]
    return pyarrow.array(texts, pyarrow.string())
