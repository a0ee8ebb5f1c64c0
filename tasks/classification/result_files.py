"""The arrays in a result file, by what they mean."""

import csv
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import PredictionError
from harness.npz import check_npz
from tasks.classification.interface import LABELS, LOGITS, PROBABILITIES

ALIASES: Final = {
    LOGITS: ("logits", "logit", "scores", "outputs"),
    PROBABILITIES: ("probabilities", "probability", "probs", "prob", "softmax"),
    LABELS: ("labels", "label", "predictions", "prediction", "top", "topk", "class"),
}
"""Form -> names of its arrays, and what the names of its columns begin with."""
IDS: Final = ("ids", "id", "image", "images", "file", "files", "filename", "filenames", "names")
_READ_ERRORS: Final = (
    OSError, ValueError, EOFError, LookupError, RuntimeError, MemoryError, OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Values (n, k) of one form, and whose they are where the file says so."""

    form: str
    values: NDArray[Any]
    ids: tuple[str, ...] | None


def read_answers(path: Path, classes: Sequence[str]) -> Answers:
    """What a file holds; `classes` are names that lists may be written in. Raises PredictionError naming the file."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        values = _numbers(_loaded(path), path)
        return Answers(form_of(values), _matrix(values, path), None)
    if suffix == ".npz":
        return _from_arrays(read_arrays(path), path)
    if suffix in (".csv", ".tsv", ".txt"):
        return _from_columns(_csv(path, "," if suffix == ".csv" else "\t"), path, classes)
    if suffix == ".parquet":
        return _from_columns(_parquet(path), path, classes)
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
        raise _unreadable(path, error) from None


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of an ``.npz`` file by name; raises PredictionError naming the file."""
    try:
        with path.open("rb") as stream:
            check_npz(stream)
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
    except _READ_ERRORS as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: BaseException) -> PredictionError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    return PredictionError(f"{path} cannot be read ({reason}); save it with numpy.save or numpy.savez")


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


def stem(name: str) -> str:
    """An id, or the name of an image's file."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    return stem if dot and suffix.lower() in ("jpeg", "jpg", "png") else last


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


def _csv(path: Path, delimiter: str) -> dict[str, list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=delimiter))
    except (OSError, ValueError, csv.Error) as error:
        raise PredictionError(f"{path} is no table that can be read ({error})") from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise PredictionError(f"{path} holds no answers: a line of column names (id, label_1, ...) and a line an image")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(rows[0]):
            raise PredictionError(f"{path}, line {number} has {len(row)} fields, line 1 has {len(rows[0])}")
    return {name.strip(): list(column) for name, column in zip(rows[0], zip(*rows[1:], strict=True), strict=True)}


def _parquet(path: Path) -> dict[str, Any]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise PredictionError(f"{path}: .parquet needs pyarrow (pip install pyarrow), or save it as .npz") from None
    try:
        table = parquet.read_table(path)
    except Exception as error:
        # pyarrow's errors have no common base.
        raise _unreadable(path, error) from None
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _from_columns(columns: dict[str, Any], path: Path, classes: Sequence[str]) -> Answers:
    """Answers in named columns: ``label_1``, ``logit_0`` and so on, or one column of lists."""
    ids = next((name for name in columns if name.lower() in IDS), None)
    named = {name: _form(name) for name in columns if name != ids}
    forms = {form for form in named.values() if form}
    if len(forms) != 1:
        shown = ", ".join(list(columns)[:6])
        raise PredictionError(
            f"{path} has the columns {shown}; it must have id and those of one of {', '.join(ALIASES)}"
        )
    form = forms.pop()
    chosen = [columns[name] for name, of in named.items() if of == form]
    if len(chosen) == 1 and isinstance(chosen[0][0], list):
        chosen = list(zip(*chosen[0], strict=False))
    values = np.stack([_column(column, form, path, classes) for column in chosen], axis=1)
    return Answers(form, values, None if ids is None else tuple(stem(str(one)) for one in columns[ids]))


def _form(name: str) -> str:
    word = name.lower().rstrip("0123456789").rstrip("_- ")
    return next((form for form, names in ALIASES.items() if word in names), "")


def _column(column: Sequence[Any], form: str, path: Path, classes: Sequence[str]) -> NDArray[Any]:
    place = {name: index for index, name in enumerate(classes)} if form == LABELS else {}
    kind: Any = int if form == LABELS else float
    values = []
    for row, value in enumerate(column):
        text = value.strip() if isinstance(value, str) else value
        try:
            values.append(place[text] if text in place else kind(text))
        except (TypeError, ValueError, OverflowError):
            raise PredictionError(f"{path}, answer {row + 1}: '{str(text)[:40]}' is none of the {form}") from None
    try:
        return np.array(values, np.int64 if form == LABELS else np.float64)
    except OverflowError:
        raise PredictionError(f"{path} holds a class that is no index") from None
