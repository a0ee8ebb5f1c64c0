"""The arrays in a result file, by what they mean."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import PredictionError
from harness.npz import check_npz
from tasks.classification.interface import LABELS, LOGITS, PROBABILITIES
from tasks.classification.result_tables import (
    ALIASES,
    IDS,
    Answers,
    from_columns,
    read_csv,
    read_parquet,
    stem,
    unreadable,
)

_READ_ERRORS: Final = (
    OSError, ValueError, EOFError, LookupError, RuntimeError, MemoryError, OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read_answers(path: Path, classes: Sequence[str]) -> Answers:
    """What a file holds; `classes` are names that lists may be written in. Raises PredictionError naming the file."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        values = _numbers(_loaded(path), path)
        return Answers(form_of(values), _matrix(values, path), None)
    if suffix == ".npz":
        return _from_arrays(read_arrays(path), path)
    if suffix in (".csv", ".tsv", ".txt"):
        return from_columns(read_csv(path, "," if suffix == ".csv" else "\t"), path, classes)
    if suffix == ".parquet":
        return from_columns(read_parquet(path), path, classes)
    raise PredictionError(f"{path}: answers are read from .npz, .npy, .csv and .parquet")


def form_of(values: NDArray[Any]) -> str:
    """What numbers without a name are: whole ones are classes, rows of at least 0 that sum to 1 probabilities, else logits."""
    if values.dtype.kind in "iu":
        return LABELS
    if not values.size or float(values.min()) < 0:
        return LOGITS
    sums = values.sum(axis=-1, dtype=np.float64)
    return PROBABILITIES if bool((np.abs(sums - 1) < 1e-2).all()) else LOGITS


def _loaded(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except _READ_ERRORS as error:
        raise unreadable(path, error) from None


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of an ``.npz`` file by name; raises PredictionError naming the file."""
    try:
        with path.open("rb") as stream:
            check_npz(stream)
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
    except _READ_ERRORS as error:
        raise unreadable(path, error) from None


def _from_arrays(arrays: dict[str, Any], path: Path) -> Answers:
    there = {form: [name for name in names if name in arrays] for form, names in ALIASES.items()}
    found = [(form, name) for form, names in there.items() for name in names]
    if len(found) != 1:
        shown = ", ".join(arrays) or "nothing"
        raise PredictionError(f"{path} holds {shown}; it must hold one of {', '.join(ALIASES)}, and may hold ids")
    form, name = found[0]
    ids = next((arrays[key] for key in IDS if key in arrays), None)
    values = _matrix(_numbers(arrays[name], path), path)
    if form == LABELS and values.dtype.kind not in "iu":
        raise PredictionError(f"{path}: labels are {values.dtype}; they must be whole numbers, best first")
    if ids is not None and (ids.ndim != 1 or len(ids) != len(values)):
        raise PredictionError(f"{path} holds {ids.shape} ids for {len(values)} answers")
    return Answers(form, values, None if ids is None else tuple(stem(str(one)) for one in ids.tolist()))


def _numbers(values: Any, path: Path) -> NDArray[Any]:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf" or values.ndim not in (1, 2):
        shape = getattr(values, "shape", "")
        raise PredictionError(
            f"{path} holds {getattr(values, 'dtype', 'no array')} {shape}; answers are numbers (n, k)"
        )
    return values


def _matrix(values: NDArray[Any], path: Path) -> NDArray[Any]:
    """One row an image; single labels become lists of one."""
    found = values[:, None] if values.ndim == 1 else values
    if not found.shape[1]:
        raise PredictionError(f"{path} holds answers without any values, shape {values.shape}")
    return found
