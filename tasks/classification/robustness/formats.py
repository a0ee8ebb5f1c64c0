"""Result files: logits as they are and under attack, and adversarial images, from ``.npz``.

With images, each is compared with its original: that of the data set, or the file's own where the network crops otherwise.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.classification.robustness.interface import (
    ADVERSARIAL,
    ATTACKED,
    CLEAN,
    CLEAN_IMAGE,
    COLUMNS,
    DISTANCE,
    IMAGES,
    KEPT_ATTACK,
    KEPT_IMAGE,
)
from tasks.classification.robustness.metrics import answered
from tasks.classification.robustness.result_arrays import arrays_of, column, images_of, rows_of, to_classes, write_table
from tasks.classification.robustness.scores import SCORED_FROM, bounds
from tasks.classification.robustness.stored_images import refuse_outside

ATTACKS: Final = "attacks"
_SPECS: Final = {spec.name: spec for spec in (*COLUMNS, *IMAGES)}


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a result file; raises PredictionError naming file, image and what is wrong with it."""
    arrays = arrays_of(path, (CLEAN, ADVERSARIAL))
    if arrays[ADVERSARIAL].ndim == 2:
        # Of one attack alone.
        arrays[ADVERSARIAL] = arrays[ADVERSARIAL][:, None]
    rows = rows_of(arrays, _SPECS, dataset, path)
    columns = {
        name: column(_SPECS[name], values, rows.order, path) for name, values in arrays.items() if name in _SPECS
    }
    to_classes(columns, dataset, path)
    columns.setdefault(ATTACKED, _right(columns, dataset)[:, None].repeat(columns[ADVERSARIAL].shape[1], axis=1))
    _check_attacks(arrays, columns, dataset, path)
    images = images_of(columns, dataset, path)
    if images is None:
        return Predictions(table=Table(dataset.ids, columns), warnings=rows.warnings, facts={SCORED_FROM: "logits"})
    distances = refuse_outside(images.adversarial, images.clean, bounds(dataset), dataset.ids, f"{path}: the image")
    columns |= {KEPT_IMAGE: images.adversarial, CLEAN_IMAGE: images.clean}
    if KEPT_ATTACK not in columns:
        last = columns[ADVERSARIAL].shape[1] - 1
        columns[KEPT_ATTACK] = np.where(columns[ATTACKED][:, last] > 0, last, -1).astype(np.int32)
    if DISTANCE not in columns and columns[ADVERSARIAL].shape[1] == 1:
        columns[DISTANCE] = distances[:, None] * columns[ATTACKED]
    facts = {SCORED_FROM: "images and logits"}
    return Predictions(table=Table(dataset.ids, columns), warnings=(*rows.warnings, *images.warnings), facts=facts)


def write_results(table: Table, dataset: Dataset, path: Path) -> None:
    """Write every column as ``.npz``, with ids and the names of the attacks."""
    write_table(table, path, list(dataset.facts[ATTACKS]))


def _right(columns: Mapping[str, NDArray[Any]], dataset: Dataset) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = (answered(columns[CLEAN]) == dataset.truth.dense("label")).astype(np.uint8)
    return found


def _check_attacks(
    arrays: Mapping[str, NDArray[Any]], columns: Mapping[str, NDArray[Any]], dataset: Dataset, path: Path
) -> None:
    chosen, count = list(dataset.facts[ATTACKS]), columns[ADVERSARIAL].shape[1]
    named = [str(one) for one in np.atleast_1d(arrays[ATTACKS])] if ATTACKS in arrays else []
    if (named and named != chosen) or count not in (1, len(chosen)):
        theirs = ", ".join(named) or f"{count} attacks without names"
        raise PredictionError(
            f"{path} holds {theirs}, but the run is of {', '.join(chosen)}; name the same with --attack"
        )
