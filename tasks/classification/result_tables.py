"""The answers in a table: ``.csv``, ``.tsv`` and ``.parquet``, a line an image, in named columns."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import PredictionError
from tasks.classification.interface import LABELS, LOGITS, PROBABILITIES

ALIASES: Final = {
    LOGITS: ("logits", "logit", "scores", "outputs"),
    PROBABILITIES: ("probabilities", "probability", "probs", "prob", "softmax"),
    LABELS: ("labels", "label", "predictions", "prediction", "top", "topk", "class"),
}
"""Form -> names of its arrays, and what the names of its columns begin with."""
IDS: Final = ("ids", "id", "image", "images", "file", "files", "filename", "filenames", "names")
_NUMBER: Final = re.compile(r"\d+$", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Values (n, k) of one form, and whose they are where the file says so."""

    form: str
    values: NDArray[Any]
    ids: tuple[str, ...] | None


def stem(name: str) -> str:
    """An id, or the name of an image's file."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = last.rpartition(".")
    return stem if dot and suffix.lower() in ("jpeg", "jpg", "png") else last


def unreadable(path: Path, error: BaseException) -> PredictionError:
    """The error for a file that a library cannot read."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    return PredictionError(f"{path} cannot be read ({reason}); save it with numpy.save or numpy.savez")


def read_csv(path: Path, delimiter: str) -> dict[str, list[str]]:
    """Columns of text by name; raises PredictionError naming the line."""
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=delimiter))
    except (OSError, ValueError, csv.Error) as error:
        raise PredictionError(f"{path} is no table that can be read ({error})") from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        raise PredictionError(f"{path} holds no answers: a line of column names (id, label_1, ...) and a line an image")
    head = [name.strip() for name in rows[0]]
    if len(set(head)) < len(head):
        raise PredictionError(f"{path}, line 1 names a column twice; their names must differ (label_1, label_2, ...)")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            raise PredictionError(f"{path}, line {number} has {len(row)} fields, line 1 has {len(head)}")
    return {name: list(column) for name, column in zip(head, zip(*rows[1:], strict=True), strict=True)}


def read_parquet(path: Path) -> dict[str, Any]:
    """Columns of values or lists by name; raises PredictionError."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise PredictionError(f"{path}: .parquet needs pyarrow (pip install pyarrow), or save it as .npz") from None
    try:
        table = parquet.read_table(path)
    except Exception as error:
        # pyarrow's errors have no common base.
        raise unreadable(path, error) from None
    return {name: table.column(name).to_pylist() for name in table.column_names}


def from_columns(columns: dict[str, Any], path: Path, classes: Sequence[str]) -> Answers:
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
    chosen: Sequence[Sequence[Any]] = [
        columns[name] for name in _in_order([n for n in named if named[n] == form], path)
    ]
    if len(chosen) == 1 and any(isinstance(value, list) for value in chosen[0]):
        chosen = _of_lists(chosen[0], path)
    values = np.stack([_column(column, form, path, classes) for column in chosen], axis=1)
    return Answers(form, values, None if ids is None else tuple(stem(str(one)) for one in columns[ids]))


def _form(name: str) -> str:
    word = name.lower().rstrip("0123456789").rstrip("_- ")
    return next((form for form, names in ALIASES.items() if word in names), "")


def _in_order(names: Sequence[str], path: Path) -> list[str]:
    """The columns of one form by the numbers behind their names; raises PredictionError where one is lacking or there twice."""
    if len(names) == 1:
        return list(names)
    ends = {name: _NUMBER.search(name) for name in names}
    bare = [name for name, end in ends.items() if end is None]
    if bare:
        raise PredictionError(
            f"{path}: the column {bare[0]} has no number, such as {bare[0]}_1, and {len(names)} are of its kind"
        )
    numbers = {name: int(end[0]) for name, end in ends.items() if end is not None}
    ordered = sorted(names, key=numbers.__getitem__)
    for before, after in pairwise(ordered):
        if numbers[after] != numbers[before] + 1:
            raise PredictionError(
                f"{path}: the column {before} is followed by {after}; every number must be there once"
            )
    if numbers[ordered[0]] > 1:
        raise PredictionError(f"{path}: its columns begin with {ordered[0]}; they must begin with 0 or 1")
    return ordered


def _of_lists(rows: Sequence[Any], path: Path) -> list[tuple[Any, ...]]:
    """The columns of a column of lists; raises PredictionError where these differ in length."""
    length = len(rows[0]) if isinstance(rows[0], list) else 0
    for row, values in enumerate(rows, 1):
        if not isinstance(values, list) or len(values) != length or not values:
            found = f"{len(values)} values" if isinstance(values, list) else f"'{str(values)[:40]}'"
            raise PredictionError(f"{path}, answer {row} holds {found}; every answer must be a list of the same length")
    return list(zip(*rows, strict=True))


def _column(column: Sequence[Any], form: str, path: Path, classes: Sequence[str]) -> NDArray[Any]:
    place = {name: index for index, name in enumerate(classes)} if form == LABELS else {}
    kind: Any = _index if form == LABELS else float
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


def _index(value: Any) -> int:
    """A class; a list of probabilities under the name of labels would be cut to zeros by `int`."""
    index = int(value)
    if not isinstance(value, str) and index != value:
        raise ValueError(value)
    return index
