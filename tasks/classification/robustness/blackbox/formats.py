"""Result files: logits as they are and under attack, and how many queries each image took, from ``.npz``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.classification.answers import file_outputs, wanted
from tasks.classification.formats import Rows, match_rows
from tasks.classification.result_files import read_arrays, stem
from tasks.classification.robustness.blackbox.interface import COLUMNS, IMAGES, QUERIES, TESTS
from tasks.classification.robustness.formats import images_of
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, CLEAN_IMAGE, KEPT_IMAGE
from tasks.classification.robustness.scores import SCORED_FROM

_SPECS: Final = {spec.name: spec for spec in (*COLUMNS, *IMAGES)}
_NEEDED: Final = (CLEAN, ADVERSARIAL, QUERIES)


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a result file; raises PredictionError naming file, image and what is wrong with it."""
    if path.suffix.lower() != ".npz":
        raise PredictionError(f"{path}: results are read from .npz")
    arrays = {name: values for name, values in read_arrays(path).items() if name in _SPECS or name == "ids"}
    lacking = [name for name in _NEEDED if name not in arrays]
    if lacking:
        raise PredictionError(f"{path} holds {', '.join(arrays) or 'nothing'}; it lacks {', '.join(lacking)}")
    rows = _rows(arrays, dataset, path)
    columns = {name: _column(_SPECS[name], values, rows, path) for name, values in arrays.items() if name in _SPECS}
    columns.setdefault(TESTS, np.zeros(len(dataset.ids), np.int32))
    _to_classes(columns, dataset, path)
    images = images_of(columns, dataset, path)
    if images is None:
        return Predictions(table=Table(dataset.ids, columns), warnings=rows.warnings, facts={SCORED_FROM: "logits"})
    columns |= {KEPT_IMAGE: images.adversarial, CLEAN_IMAGE: images.clean}
    warnings, facts = (*rows.warnings, *images.warnings), {SCORED_FROM: "images and logits"}
    return Predictions(table=Table(dataset.ids, columns), warnings=warnings, facts=facts)


def write_results(table: Table, path: Path) -> None:
    """Write every column as ``.npz``, with ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: table.dense(name) for name in table.columns}
    with path.open("wb") as stream:
        np.savez(stream, ids=np.array(table.ids, np.str_), **arrays)  # type: ignore[arg-type]


def _rows(arrays: Mapping[str, NDArray[Any]], dataset: Dataset, path: Path) -> Rows:
    """Which row is which image's."""
    counts = {name: values.shape[:1] for name, values in arrays.items()}
    if len(set(counts.values())) > 1 or () in counts.values():
        shapes = ", ".join(f"{name} {values.shape}" for name, values in arrays.items())
        raise PredictionError(f"{path}: its arrays are of different numbers of images: {shapes}")
    ids = arrays.get("ids")
    named = None if ids is None else [stem(str(one)) for one in ids.tolist()]
    return match_rows(named, len(arrays[CLEAN]), dataset, path)


def _column(spec: ColumnSpec, values: NDArray[Any], rows: Rows, path: Path) -> NDArray[Any]:
    """A column in the data set's order."""
    whole = ColumnSpec(spec.name, spec.dtype, (None, *spec.shape), finite=spec.finite)
    try:
        return whole.conform(values if rows.order is None else values[rows.order])
    except ValueError as error:
        raise PredictionError(f"{path}: {error}") from None


def _to_classes(columns: dict[str, NDArray[Any]], dataset: Dataset, path: Path) -> None:
    """Logits in the order of the data set's classes."""
    places, expected = file_outputs(dataset)
    for name in (CLEAN, ADVERSARIAL):
        if columns[name].shape[1] != expected:
            raise PredictionError(f"{path}: {name} has {columns[name].shape[1]} logits an image; {wanted(expected)}")
        if places is not None:
            columns[name] = np.ascontiguousarray(columns[name][:, places])
