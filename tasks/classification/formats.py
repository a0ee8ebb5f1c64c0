"""Result files: logits, probabilities or lists of classes, from ``.npz``, ``.npy``, ``.csv`` and ``.parquet``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.classification.answers import file_outputs, reduce, wanted
from tasks.classification.interface import LABELS, LOGITS, PROBABILITIES
from tasks.classification.result_files import read_answers

_SUM_TOLERANCE: Final = 1e-2
"""How far a row of probabilities may be from 1: half precision keeps 1e-3."""
_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True)
class Rows:
    """Which row of a file answers which sample, and what was left out."""

    order: NDArray[np.int64] | None
    warnings: tuple[str, ...]


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a result file; raises PredictionError naming file, row and what is wrong with it."""
    answers = read_answers(path, list(dataset.facts["categories"]))
    rows = match_rows(answers.ids, len(answers.values), dataset, path)
    values = answers.values if rows.order is None else answers.values[rows.order]
    if answers.form == LABELS:
        return Predictions(table=Table(dataset.ids, {LABELS: _lists(values, dataset, path)}), warnings=rows.warnings)
    places, expected = file_outputs(dataset)
    if values.shape[1] != expected:
        raise PredictionError(f"{path} has {values.shape[1]} {answers.form} an image; {wanted(expected)}")
    _check_finite(values, answers.form, dataset.ids, path)
    if answers.form == PROBABILITIES:
        _check_sums(values, dataset.ids, path)
    values = np.ascontiguousarray(values if places is None else values[:, places])
    keep = int(dataset.facts["keep"])
    if keep and answers.form == LOGITS:
        return Predictions(table=Table(dataset.ids, reduce(values, dataset.truth, keep)), warnings=rows.warnings)
    warnings = (*rows.warnings, *_looks_normalised(values, answers.form, path))
    return Predictions(table=Table(dataset.ids, {answers.form: values}), warnings=warnings)


def write_results(table: Table, path: Path) -> None:
    """Write answers as ``.npz`` with their ids; what was kept of logits is written as lists of classes."""
    if "top_labels" in table.columns:
        content = {LABELS: table.dense("top_labels")}
    else:
        content = {name: table.dense(name) for name in table.columns}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        np.savez(stream, ids=np.array(table.ids, np.str_), **content)  # type: ignore[arg-type]


def match_rows(ids: Sequence[str] | None, count: int, dataset: Dataset, path: Path) -> Rows:
    """The row of every sample among `count`: by id, or by order where the file has no ids; raises PredictionError."""
    every = sorted(dataset.known_ids | frozenset(dataset.ids)) if dataset.known_ids else list(dataset.ids)
    if ids is None:
        if count not in (len(dataset.ids), len(every)):
            raise PredictionError(
                f"{path} answers {count} images, the data set has {len(every)}; give ids, or one row for each "
                "image in the order of the ids"
            )
        if count == len(dataset.ids):
            return Rows(None, ())
        return Rows(np.searchsorted(np.array(every), np.array(dataset.ids)), ())
    place: dict[str, int] = {}
    for row, id in enumerate(ids):
        if id in place:
            raise PredictionError(f"{path}: row {row} answers {id}, as row {place[id]} does; keep one of them")
        place[id] = row
    lacking = [id for id in dataset.ids if id not in place]
    if lacking:
        raise PredictionError(f"{path} lacks {len(lacking)} of {len(dataset.ids)} images, first {lacking[0]}")
    extra = sorted(set(place) - set(every))
    warnings = (
        (f"{path.name} answers {len(extra)} images that the data set does not have, first {extra[0]}",) if extra else ()
    )
    return Rows(np.array([place[id] for id in dataset.ids], np.int64), warnings)


def _lists(values: NDArray[Any], dataset: Dataset, path: Path) -> NDArray[np.int32]:
    """Lists of classes, checked and brought to the data set's order."""
    outputs = dataset.facts.get("outputs")
    count = int(dataset.facts["classes"]) if outputs is None else len(outputs)
    wrong = np.argwhere((values < 0) | (values >= count))
    if len(wrong):
        row, place = wrong[0]
        raise PredictionError(
            f"{path}: image {dataset.ids[row]} is given class {values[row, place]}; {wanted(count)}, from 0 to {count - 1}"
        )
    ordered = np.sort(values, axis=1)
    twice = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    if len(twice):
        raise PredictionError(f"{path}: image {dataset.ids[twice[0]]} is given one class twice; a list names each once")
    if outputs is None:
        return values.astype(np.int32)
    # What stands for no class stays in its place and is never right.
    translated: NDArray[np.int32] = np.array(outputs, np.int32)[values]
    return translated


def _check_finite(values: NDArray[Any], form: str, ids: Sequence[str], path: Path) -> None:
    for start in range(0, len(values), _BLOCK):
        part = values[start : start + _BLOCK]
        # A sum is not finite where one of its parts is not; sums of finite numbers that are not are looked at again.
        if not np.isfinite(part.sum(dtype=np.float64)):
            bad = np.argwhere(~np.isfinite(part))
            if len(bad):
                row, column = bad[0]
                raise PredictionError(
                    f"{path}: {form} of image {ids[start + row]} hold {part[row, column]} at output {column}; every value "
                    "must be a finite number"
                )


def _check_sums(values: NDArray[Any], ids: Sequence[str], path: Path) -> None:
    sums = values.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero((np.abs(sums - 1) > _SUM_TOLERANCE) | (values.min(axis=1) < 0))
    if len(wrong):
        row = wrong[0]
        raise PredictionError(
            f"{path}: the probabilities of image {ids[row]} sum to {sums[row]:.4f} and are at least {values[row].min():.4g}; "
            "they must be at least 0 and sum to 1 (call them logits if they are scores before the softmax)"
        )


def _looks_normalised(values: NDArray[Any], form: str, path: Path) -> tuple[str, ...]:
    """A warning where logits are probabilities: a softmax of them would be a second one."""
    if form != LOGITS or not len(values) or float(values[0].min()) < 0:
        return ()
    sums = values.sum(axis=1, dtype=np.float64)
    if values.min() < 0 or np.abs(sums - 1).max() > _SUM_TOLERANCE:
        return ()
    return (
        f"the logits in {path.name} sum to 1 in every row: they are probabilities, and nll and ece15 need them named so",
    )
