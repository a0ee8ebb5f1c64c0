"""If these fail, ids that several entries share are merged in silence, or a huge box prints a warning of NumPy's."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from harness.task import DataRequest, Dataset, Scoring, Task
from tasks.detection.coco.task import Coco
from tasks.detection.tinyperson.task import TinyPerson

DOCUMENT: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}],
    "categories": [{"id": 1, "name": "person"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100, "iscrowd": 0},
        {"id": 2, "image_id": 2, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100, "iscrowd": 0},
    ],
}
SCORINGS = {
    "coco": Scoring(protocol="coco", settings={"max_detections": 100}),
    "tinyperson": Scoring(protocol="tinybenchmark-200"),
}
both = pytest.mark.parametrize("task", [Coco(), TinyPerson()], ids=lambda task: task.meta.id)


def opened(task: Task, folder: Path, **changed: Any) -> Dataset:
    path = folder / "annotations.json"
    path.write_text(json.dumps({**DOCUMENT, **changed}))
    return task.open(DataRequest(annotations=path, with_inputs=False))


def scored(task: Task, dataset: Dataset, folder: Path, *boxes: tuple[int, list[float]]) -> dict[str, float | None]:
    path = folder / "results.json"
    rows = [{"image_id": image, "category_id": 1, "bbox": box, "score": 0.5} for image, box in boxes]
    path.write_text(json.dumps(rows))
    scoring = SCORINGS[task.meta.id]
    statistics = task.score(dataset, task.read(path, dataset), scoring)
    return dict(task.aggregate(statistics, scoring.protocol))


@both
def test_entries_of_one_id_are_merged_with_a_warning(task: Task, tmp_path: Path) -> None:
    images = [*DOCUMENT["images"], {"id": 2, "file_name": "c.jpg"}, {"id": 2, "file_name": "d.jpg"}]
    dataset = opened(task, tmp_path, images=images)
    (warning,) = dataset.warnings
    assert "1 ids stand for several images, such as 2" in warning
    plain = opened(task, tmp_path)
    boxes = (1, [0.0, 0.0, 10.0, 10.0]), (2, [0.0, 0.0, 10.0, 9.0])
    assert scored(task, dataset, tmp_path, *boxes) == scored(task, plain, tmp_path, *boxes)


@both
def test_categories_of_one_id_are_named(task: Task, tmp_path: Path) -> None:
    dataset = opened(task, tmp_path, categories=[{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}])
    assert dataset.facts["categories"] == ["dog"]
    assert "1 ids stand for several categories, such as 1" in dataset.warnings[0]


def test_the_score_of_merged_images_is_that_of_pycocotools(tmp_path: Path) -> None:
    task = Coco()
    dataset = opened(task, tmp_path, images=[*DOCUMENT["images"], {"id": 1, "file_name": "c.jpg"}])
    boxes = (1, [0.0, 0.0, 10.0, 8.0]), (2, [0.0, 0.0, 10.0, 9.0]), (1, [5.0, 5.0, 10.0, 9.0])
    ours = scored(task, dataset, tmp_path, *boxes)
    path = tmp_path / "results.json"
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = COCO(str(tmp_path / "annotations.json"))
    evaluation = COCOeval(truth, truth.loadRes(str(path)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert [-1.0 if value is None else value for value in ours.values()] == evaluation.stats.tolist()


@both
def test_an_id_that_does_not_fit_is_placed(task: Task, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"images\[1\], id: it does not fit in 64 bits"):
        opened(task, tmp_path, images=[{"id": 1}, {"id": 1 << 63}])


@both
def test_a_box_beyond_double_precision_is_scored_without_a_word(task: Task, tmp_path: Path) -> None:
    dataset = opened(task, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = scored(task, dataset, tmp_path, (1, [0.0, 0.0, 1e308, 1e308]), (2, [0.0, 0.0, 10.0, 10.0]))
    assert found[task.meta.main_metric] is not None
