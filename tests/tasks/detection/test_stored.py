"""If these fail, predictions of a stranger's record reach compiled code unchecked."""

from pathlib import Path

import numpy as np
import pytest

from harness.columns import Ragged, Table
from harness.errors import PredictionError
from harness.task import DataRequest, Dataset, Predictions, Scoring, Task
from tasks.detection.coco.task import Coco
from tasks.detection.fddb.task import Fddb
from tasks.detection.interface import PREDICTIONS
from tasks.detection.tinyperson.task import TinyPerson
from tasks.detection.voc.declaration import PREDICTIONS as VOC_PREDICTIONS
from tasks.detection.voc.task import Voc
from tasks.detection.widerface.task import WiderFace

TASKS = (Coco(), TinyPerson(), Voc(2007), WiderFace(), Fddb())


@pytest.fixture(scope="module", params=TASKS, ids=lambda task: task.meta.id)
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Dataset]:
    task = request.param
    folder = tmp_path_factory.mktemp(task.meta.id)
    task.write_sample(folder)
    return task, task.open(DataRequest(data=folder, with_inputs=False))


def stored(task: Task, dataset: Dataset) -> dict[str, Ragged]:
    """One detection an image."""
    offsets = np.arange(len(dataset.ids) + 1)
    n, category = len(dataset.ids), dataset.facts["category_ids"][0]
    boxes = VOC_PREDICTIONS[0].name if isinstance(task, Voc) else PREDICTIONS[0].name
    columns = {
        boxes: np.tile([5.0, 6.0, 20.0, 30.0], (n, 1)),
        "scores": np.linspace(1, 0.5, n),
        "category_id": np.full(n, category, np.int64),
    }
    return {name: Ragged(values, offsets) for name, values in columns.items()}


def score(task: Task, dataset: Dataset, table: Table) -> None:
    protocol = task.meta.protocols[0].id
    scoring = Scoring(protocol=protocol)
    task.aggregate(task.score(dataset, Predictions(table=table), scoring), protocol)


def test_what_is_laid_out_well_is_scored(sample: tuple[Task, Dataset]) -> None:
    task, dataset = sample
    score(task, dataset, Table(dataset.ids, stored(task, dataset)))


@pytest.mark.parametrize("column", ["boxes", "scores", "category_id"])
def test_what_is_not_is_refused(sample: tuple[Task, Dataset], column: str) -> None:
    task, dataset = sample
    columns = stored(task, dataset)
    name = next(name for name in columns if name.startswith(column))
    values, offsets = columns[name].values, columns[name].offsets
    wrong = {
        "short": Ragged(values[:-1], np.minimum(offsets, len(values) - 1)),
        "dtype": Ragged(values.astype(np.float32), offsets),
        "shape": Ragged(np.stack([values, values], axis=-1), offsets),
        "dense": values,
    }
    if values.dtype.kind == "f":
        wrong["nan"] = Ragged(np.full_like(values, np.nan), offsets)
    else:
        wrong["unknown"] = Ragged(np.full_like(values, 1 << 40), offsets)
    tables = [Table(dataset.ids, {**columns, name: change}) for change in wrong.values()]
    tables.append(Table(dataset.ids, {other: kept for other, kept in columns.items() if other != name}))
    for table in tables:
        with pytest.raises(PredictionError, match="are no detections of"):
            score(task, dataset, table)


def test_answers_to_other_images_are_refused(sample: tuple[Task, Dataset]) -> None:
    task, dataset = sample
    table = Table(tuple(reversed(dataset.ids)), stored(task, dataset))
    with pytest.raises(PredictionError, match="they answer other images"):
        score(task, dataset, table)


def test_ellipses_are_checked_too(tmp_path: Path) -> None:
    task = Fddb()
    task.write_sample(tmp_path)
    dataset = task.open(DataRequest(data=tmp_path, with_inputs=False))
    scores = stored(task, dataset)["scores"]
    numbers = np.full((len(dataset.ids), 5), 20.0)
    score(task, dataset, Table(dataset.ids, {"scores": scores, "ellipses": Ragged(numbers, scores.offsets)}))
    bad = Ragged(np.full_like(numbers, np.inf), scores.offsets)
    with pytest.raises(PredictionError, match="ellipses has a value that is not finite"):
        score(task, dataset, Table(dataset.ids, {"scores": scores, "ellipses": bad}))
