"""Result files: logits as they are and under attack, and how many queries each image took, from ``.npz``."""

from pathlib import Path
from typing import Final

import numpy as np

from harness.columns import Table
from harness.task import Dataset, Predictions
from tasks.classification.robustness.blackbox.interface import COLUMNS, IMAGES, QUERIES, TESTS
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, CLEAN_IMAGE, KEPT_IMAGE
from tasks.classification.robustness.result_arrays import arrays_of, column, images_of, rows_of, to_classes
from tasks.classification.robustness.scores import SCORED_FROM

_SPECS: Final = {spec.name: spec for spec in (*COLUMNS, *IMAGES)}
_NEEDED: Final = (CLEAN, ADVERSARIAL, QUERIES)


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a result file; raises PredictionError naming file, image and what is wrong with it."""
    arrays = arrays_of(path, _NEEDED)
    rows = rows_of(arrays, _SPECS, dataset, path)
    columns = {
        name: column(_SPECS[name], values, rows.order, path) for name, values in arrays.items() if name in _SPECS
    }
    columns.setdefault(TESTS, np.zeros(len(dataset.ids), np.int32))
    to_classes(columns, dataset, path)
    images = images_of(columns, dataset, path)
    if images is None:
        return Predictions(table=Table(dataset.ids, columns), warnings=rows.warnings, facts={SCORED_FROM: "logits"})
    columns |= {KEPT_IMAGE: images.adversarial, CLEAN_IMAGE: images.clean}
    warnings, facts = (*rows.warnings, *images.warnings), {SCORED_FROM: "images and logits"}
    return Predictions(table=Table(dataset.ids, columns), warnings=warnings, facts=facts)
