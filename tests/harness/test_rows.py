"""Answers that are handed over together are kept, or refused, as one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.columns import ColumnSpec
from harness.errors import PredictionError
from harness.predictions import PartSink

SPECS = (
    ColumnSpec("logits", "float32", (None,)),
    ColumnSpec("norms", "float64", (2,), finite=False),
    ColumnSpec("attacked", "uint8", (None,)),
    ColumnSpec("repeat", "float64"),
)
IDS = tuple(f"sample-{i}" for i in range(6))
FAULTS = (
    "none", "nan", "nan allowed", "shape", "size", "float64", "int64", "text", "lacking", "further", "scalar", "none",
)  # fmt: skip


def batch(count: int, fault: str, classes: int = 3) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "logits": np.arange(count * classes, dtype=np.float32).reshape(count, classes),
        "norms": np.ones((count, 2)), "attacked": np.ones((count, 1), np.uint8), "repeat": np.zeros(count),
    }  # fmt: skip
    match fault:
        case "nan":
            columns["logits"][-1, -1] = np.nan
        case "nan allowed":
            columns["norms"][0] = np.nan, np.inf
        case "shape":
            columns["norms"] = columns["norms"][:, :1]
        case "size":
            columns["logits"] = columns["logits"][:, :2]
        case "float64":
            columns["logits"] = columns["logits"].astype(np.float64)
        case "int64":
            columns["attacked"] = columns["attacked"].astype(np.int64)
        case "text":
            columns["repeat"] = columns["repeat"].astype(np.str_)
        case "lacking":
            del columns["repeat"]
        case "further":
            columns["more"] = np.zeros(count)
        case "scalar":
            columns["logits"] = columns["logits"][:, 0]
    return columns


def kept(folder: Path, first: list[str], together: bool) -> tuple[str, Any]:
    """The message of what is refused, or nothing, and what is stored."""
    sink, message, start = PartSink(folder, IDS, SPECS), "", 0
    try:
        for place, fault in enumerate(first):
            ids, columns = IDS[max(start - 1, 0) : 3 * (place + 1)], None
            columns = batch(len(ids), fault)
            if together:
                sink.put_all(ids, columns)
            else:
                for row, id in enumerate(ids):
                    sink.put(id, {name: column[row] for name, column in columns.items()})
            start = 3 * (place + 1)
    except PredictionError as error:
        message = str(error)
    sink.flush()
    stored = [] if len(sink.pending()) == len(IDS) else PartSink(folder, IDS, SPECS).pending()
    return message, (stored, sink.table().digest() if not sink.pending() else "")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(st.sampled_from(FAULTS), min_size=2, max_size=2))
def test_together_is_one_by_one(tmp_path_factory: pytest.TempPathFactory, faults: list[str]) -> None:
    one, other = (tmp_path_factory.mktemp("parts") for _ in range(2))
    assert kept(one, faults, together=True) == kept(other, faults, together=False)


def test_a_batch_with_one_wrong_row_names_it(tmp_path: Path) -> None:
    with pytest.raises(
        PredictionError, match="the answer to sample-2 cannot be stored: logits has a value that is not"
    ):
        PartSink(tmp_path, IDS, SPECS).put_all(IDS[:3], batch(3, "nan"))
