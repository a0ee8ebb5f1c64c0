"""The task as the engine sees it: the official numbers, one's own data, live answers, what is refused."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness.errors import DataError, HarnessError, PredictionError, SubmissionError, UsageError
from harness.submission import Submission
from harness.task import DataRequest, Dataset, Predictions, Sample, Scoring, Statistics
from tasks.detection.coco.data import to_results
from tasks.detection.coco.formats import write_results
from tasks.detection.coco.task import Coco

SCORING = Scoring(protocol="coco", settings={"max_detections": 100, "test_time_augmentation": "none"})


@pytest.fixture(scope="session")
def task() -> Coco:
    return Coco()


@pytest.fixture(scope="session")
def sample_root(task: Coco, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco-sample")
    task.write_sample(root)
    return root


@pytest.fixture(scope="session")
def sample(task: Coco, sample_root: Path) -> Dataset:
    return task.open(DataRequest(data=sample_root))


@pytest.fixture(scope="module")
def fake(task: Coco, shared: Path) -> tuple[Dataset, Predictions]:
    """cocoapi's own fake results on 100 images of val2014."""
    folder = shared / "data" / "coco"
    request = DataRequest(annotations=folder / "instances_val2014_100.json", with_inputs=False)
    dataset = task.open(request)
    return dataset, task.read(folder / "instances_val2014_fakebbox100_results.json", dataset)


@pytest.fixture(scope="module")
def gold(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "gold" / "detection.json").read_text())["coco_bbox_val2014_fake100"]
    return found


@pytest.fixture(scope="module")
def statistics(task: Coco, fake: tuple[Dataset, Predictions]) -> Statistics:
    return task.score(*fake, SCORING)


def answers(dataset: Dataset, **noise: float) -> Predictions:
    """The truth itself as predictions, every box moved by as many pixels as its score falls."""
    rng = np.random.default_rng(0)
    columns = {}
    boxes = dataset.truth.ragged("boxes_xywh")
    shift = rng.exponential(noise.get("shift", 1e-9), (len(boxes.values), 1))
    columns["boxes_xywh"] = type(boxes)(boxes.values + shift * [1, 1, 0, 0], boxes.offsets)
    columns["scores"] = type(boxes)(np.exp(-shift[:, 0] / 20), boxes.offsets)
    columns["category_id"] = dataset.truth.ragged("category_id")
    return Predictions(table=type(dataset.truth)(dataset.ids, columns))


def results_file(folder: Path, entries: list[dict[str, Any]]) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps(entries))
    return path


def one_box(dataset: Dataset, **changed: Any) -> dict[str, Any]:
    first = {"image_id": int(dataset.ids[0]), "category_id": dataset.facts["category_ids"][0]}
    return first | {"bbox": [0, 0, 10, 10], "score": 0.5} | changed


# -- the official numbers ------------------------------------------------------------------------------------------


def test_the_twelve_numbers_are_official_to_the_last_digit(
    task: Coco, statistics: Statistics, gold: dict[str, Any]
) -> None:
    assert dict(task.aggregate(statistics, "coco")) == gold["stats"]


def test_so_is_the_ap_of_every_category(task: Coco, statistics: Statistics, gold: dict[str, Any]) -> None:
    table = next(table for table in task.tables(statistics, "coco") if table.name == "categories")
    assert table.columns[:3] == ("category", "annotations", "AP")
    official = {name: None if value == -1 else value for name, value in gold["per_category_AP"].items()}
    assert {row[0]: row[2] for row in table.rows} == official


def test_pycocotools_itself_can_be_asked(task: Coco, fake: tuple[Dataset, Predictions], gold: dict[str, Any]) -> None:
    scoring = Scoring(protocol="coco", settings=SCORING.settings, evaluator="pycocotools")
    assert dict(task.reference(*fake, scoring)) == gold["stats"]


def test_replicates_of_the_data_themselves_are_the_score(task: Coco, statistics: Statistics) -> None:
    names = [spec.name for spec in task.metrics(SCORING)]
    found = task.replicates(statistics, "coco", np.ones((1, 100), np.uint16), names)
    assert {name: values[0] for name, values in found.items()} == task.aggregate(statistics, "coco")


def test_results_written_and_read_again_score_the_same(
    task: Coco, fake: tuple[Dataset, Predictions], tmp_path: Path
) -> None:
    dataset, predictions = fake
    task.write(predictions, dataset, tmp_path / "again.zip")
    assert task.read(tmp_path / "again.zip", dataset).table.digest() == predictions.table.digest()


def test_another_limit_on_detections_names_its_recall(task: Coco, fake: tuple[Dataset, Predictions]) -> None:
    scoring = Scoring(protocol="coco", settings={"max_detections": 300})
    found = task.aggregate(task.score(*fake, scoring), "coco")
    assert list(found) == [spec.name for spec in task.metrics(scoring)]
    assert "AR300" in found
    assert "AR100" not in found
    assert found["AP"] is not None
    for settings in ({"max_detections": 9},):
        with pytest.raises(UsageError, match="at least 11"):
            task.metrics(Scoring(protocol="coco", settings=settings))
    with pytest.raises(UsageError, match="max_detections"):
        task.reference(*fake, Scoring(protocol="coco", settings={"max_detections": 300}, evaluator="pycocotools"))


def test_all_limits_may_be_given_and_the_last_one_is_that_of_ap(task: Coco, fake: tuple[Dataset, Predictions]) -> None:
    """Officially AP would be -1 without the limit 100."""
    found = task.aggregate(task.score(*fake, Scoring(protocol="coco", settings={"max_detections": "2,5"})), "coco")
    official = task.aggregate(task.score(*fake, SCORING), "coco")
    assert list(found) == ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR2", "AR5", "ARs", "ARm", "ARl"]
    assert None not in found.values()
    assert official["AR1"] < found["AR2"] < found["AR5"] < official["AR10"]
    titles = [spec.title for spec in task.metrics(Scoring(protocol="coco", settings={"max_detections": "2,5"}))]
    assert "average recall with 2 detections per image and category" in titles


def test_sizes_have_a_table(task: Coco, statistics: Statistics, gold: dict[str, Any]) -> None:
    table = next(table for table in task.tables(statistics, "coco") if table.name == "sizes")
    assert table.columns == ("size", "annotations", "AP", "AP50", "AP75", "AR100")
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert [rows["all"][name] for name in ("AP", "AP50", "AP75", "AR100")] == [
        gold["stats"][name] for name in ("AP", "AP50", "AP75", "AR100")
    ]
    for size, letter in (("small", "s"), ("medium", "m"), ("large", "l")):
        assert rows[size]["AP"] == gold["stats"][f"AP{letter}"]
        assert rows[size]["AR100"] == gold["stats"][f"AR{letter}"]
    # Both ends of a range are inclusive, so that the ranges may count an annotation twice, but none less than once.
    assert sum(rows[size]["annotations"] for size in ("small", "medium", "large")) >= rows["all"]["annotations"] > 0


def test_a_number_without_annotations_says_why(task: Coco, sample: Dataset) -> None:
    large = sample.take([i for i in range(len(sample.ids)) if (sample.truth.row(i)["area"] > 1024).all()])
    statistics = task.score(large, answers(large), SCORING)
    assert task.aggregate(statistics, "coco")["APs"] is None
    assert task.undefined("APs", statistics) == "there is no small annotation that counts in these images"


# -- data ----------------------------------------------------------------------------------------------------------


def test_the_sample_is_found_and_perfect_answers_are_nearly_perfect(task: Coco, sample: Dataset) -> None:
    found = task.aggregate(task.score(sample, answers(sample), SCORING), "coco")
    assert all(value is not None and value > 0.99 for name, value in found.items() if name not in ("AR1", "AR10"))


def test_images_of_the_sample_are_decoded(sample: Dataset) -> None:
    image = sample.sample(0).inputs["image"]
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert sample.split == "val2017"


def test_the_same_data_from_a_folder_and_from_zips_have_the_same_truth(
    task: Coco, sample: Dataset, sample_root: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in sorted((sample_root / "val2017").iterdir()):
            archive.write(path, f"anywhere/{path.name}")
    with zipfile.ZipFile(tmp_path / "annotations.zip", "w") as archive:
        archive.write(sample_root / "annotations" / "instances_val2017.json", "annotations/instances_val2017.json")
    found = task.open(DataRequest(annotations=tmp_path / "annotations.zip", images=tmp_path / "images.zip"))
    assert found.truth.digest() == sample.truth.digest()
    assert found.identity == sample.identity
    assert np.array_equal(found.sample(5).inputs["image"], sample.sample(5).inputs["image"])
    assert found.custom
    assert found.split == "custom"


def test_a_zip_whose_image_cannot_be_unpacked_is_named(task: Coco, sample_root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((sample_root / "val2017").iterdir()):
            archive.writestr(path.name, bytes(1000))
    data = bytearray((tmp_path / "images.zip").read_bytes())
    first = 30 + len(path.name)
    data[first : first + 5] = b"\xff" * 5
    (tmp_path / "images.zip").write_bytes(data)
    dataset = task.open(DataRequest(data=sample_root, images=tmp_path / "images.zip"))
    with pytest.raises(DataError, match=r"images\.zip/.*\.png is damaged .*copy the archive again"):
        dataset.sample(0)


def test_annotations_in_a_folder(task: Coco, sample_root: Path) -> None:
    request = DataRequest(annotations=sample_root, images=sample_root / "val2017")
    assert len(task.open(request).ids) == 60


def test_all_images_are_looked_for_before_the_first_is_needed(task: Coco, sample_root: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    with pytest.raises(DataError, match="60 of 60 images are missing"):
        task.open(DataRequest(data=sample_root, images=images))
    with pytest.raises(DataError, match="--images"):
        task.open(DataRequest(annotations=sample_root / "annotations" / "instances_val2017.json"))


def test_an_image_that_cannot_be_read_is_named(task: Coco, sample_root: Path, sample: Dataset, tmp_path: Path) -> None:
    for path in (sample_root / "val2017").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:100])
    dataset = task.open(DataRequest(data=sample_root, images=tmp_path))
    with pytest.raises(DataError, match=r"\.png is no image that can be read"):
        dataset.sample(0)


def test_a_folder_without_the_layout_shows_the_expected_tree(task: Coco, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"annotations/instances_val2017\.json"):
        task.open(DataRequest(data=tmp_path))


# -- results files -------------------------------------------------------------------------------------------------


def test_an_empty_list_scores_zero(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    predictions = task.read(results_file(tmp_path, []), sample)
    found = task.aggregate(task.score(sample, predictions, SCORING), "coco")
    assert set(found.values()) == {0.0}
    assert "60 of 60 images have no predictions" in predictions.warnings[0]


def test_an_unknown_image_is_refused(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    path = results_file(tmp_path, [one_box(sample), one_box(sample, image_id=3)])
    with pytest.raises(PredictionError, match=r"entry 1, image_id: 3 is not in the data set \(1 such entries\)"):
        task.read(path, sample)


def test_images_beyond_the_limit_are_left_out(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    limited = task.limit(sample, 2)
    other = int(sample.ids[7])
    predictions = task.read(results_file(tmp_path, [one_box(sample), one_box(sample, image_id=other)]), limited)
    assert np.diff(predictions.table.ragged("scores").offsets).tolist() == [1, 0]
    with pytest.raises(PredictionError, match="image_id: 3 "):
        task.read(results_file(tmp_path, [one_box(sample, image_id=3)]), limited)


def test_unknown_categories_are_dropped_with_a_warning(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    entries = [one_box(sample, category_id=k) for k in (4, 1, 4, 77)]
    predictions = task.read(results_file(tmp_path, entries), sample)
    assert len(predictions.table.ragged("scores").values) == 1
    assert "3 detections of unknown categories (4, 77) are left out" in predictions.warnings[0]


def test_detections_keep_their_order_inside_an_image(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    """Equal scores are ranked in file order: another order is another official score."""
    first, second = (int(id) for id in sample.ids[:2])
    order = [(second, 0.1), (first, 0.2), (second, 0.3), (first, 0.4)]
    predictions = task.read(
        results_file(tmp_path, [one_box(sample, image_id=image, score=score) for image, score in order]), sample
    )
    assert predictions.table.ragged("scores").values.tolist() == [0.2, 0.4, 0.1, 0.3]


def test_predictions_written_as_results_come_back(task: Coco, sample: Dataset, tmp_path: Path) -> None:
    predictions = answers(sample, shift=5.0)
    write_results(tmp_path / "all.json.gz", to_results(predictions.table, sample))
    assert task.read(tmp_path / "all.json.gz", sample).table.digest() == predictions.table.digest()


# -- live answers --------------------------------------------------------------------------------------------------


class Detector:
    """A method whose labels are in an order of its own, with one class that the data do not have."""

    classes = ("star", "zebra", "disc")


def encoded(task: Coco, dataset: Dataset, answer: Any, method: Any = None) -> dict[str, np.ndarray]:
    encode = task.encoder(Submission(name="detector", method=method or Detector()), dataset)
    return dict(encode(answer, Sample(dataset.ids[0], {})))


def test_labels_become_category_ids_by_name(task: Coco, sample: Dataset) -> None:
    answer = {
        "boxes_xyxy": np.array([[1, 2, 4, 8], [0, 0, 1, 1], [5, 5, 6, 7]], np.float32),
        "scores": [0.5, 0.4, 0.3],
        "labels": np.array([0, 1, 2]),
    }
    row = encoded(task, sample, answer)
    assert row["boxes_xywh"].tolist() == [[1, 2, 3, 6], [5, 5, 1, 2]]
    assert row["scores"].tolist() == [0.5, 0.3]
    assert row["category_id"].tolist() == [8, 1]


def test_boxes_given_as_corner_and_size_are_kept_to_the_last_digit(task: Coco, sample: Dataset) -> None:
    answer = {"boxes_xywh": [[0.1, 0.2, 0.3, 0.7]], "scores": [1.0], "labels": [0]}
    assert encoded(task, sample, answer)["boxes_xywh"].tolist() == [[0.1, 0.2, 0.3, 0.7]]


def test_no_detection_is_an_answer(task: Coco, sample: Dataset) -> None:
    row = encoded(task, sample, {"boxes_xyxy": np.empty((0, 4)), "scores": [], "labels": []})
    assert row["boxes_xywh"].shape == (0, 4)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"scores": [float("nan")]}, "scores hold a number that is not finite"),
        ({"boxes_xyxy": [[5, 5, 4, 9]]}, "negative width"),
        ({"boxes_xyxy": [[5, 5, 9]]}, "shape"),
        ({"boxes_xyxy": [["a", 5, 9, 9]]}, "no array of numbers"),
        ({"scores": [0.5, 0.5]}, "1 boxes, 2 scores"),
        ({"labels": [3]}, "0 to 2"),
        ({"labels": [-1]}, "0 to 2"),
        ({"labels": [0.5]}, "integers"),
    ],
)
def test_a_bad_answer_names_image_and_field(task: Coco, sample: Dataset, changed: dict[str, Any], words: str) -> None:
    answer = {"boxes_xyxy": [[1, 2, 3, 4]], "scores": [0.5], "labels": [0]} | changed
    with pytest.raises(PredictionError, match=words) as caught:
        encoded(task, sample, answer)
    assert f"image {sample.ids[0]}" in str(caught.value)


def test_answers_of_another_kind_are_refused(task: Coco, sample: Dataset) -> None:
    with pytest.raises(PredictionError, match="must hold boxes_xyxy, scores and labels; it is: boxes"):
        encoded(task, sample, {"boxes": []})
    with pytest.raises(PredictionError, match="it is: list"):
        encoded(task, sample, [1, 2])


@pytest.mark.parametrize("classes", [(), ("zebra", "lion", "bear", "dog")])
def test_a_detector_of_other_classes_does_not_run(task: Coco, sample: Dataset, classes: tuple[str, ...]) -> None:
    method = type("Other", (), {"classes": classes})()
    with pytest.raises(SubmissionError, match="classes") as caught:
        encoded(task, sample, {}, method)
    assert isinstance(caught.value, HarnessError)


def test_grey_images_are_given_as_rgb(task: Coco, sample_root: Path, sample: Dataset, tmp_path: Path) -> None:
    for path in (sample_root / "val2017").iterdir():
        Image.new("L", (8, 6), 77).save(tmp_path / path.name)
    image = task.open(DataRequest(data=sample_root, images=tmp_path)).sample(0).inputs["image"]
    assert image.shape == (6, 8, 3)
    assert (image == 77).all()


def test_the_worst_images_are_those_that_miss_most(task: Coco, sample: Dataset) -> None:
    found = task.worst(task.score(sample, answers(sample, shift=10.0), SCORING), "coco")
    assert found.shape == (60,)
    assert found.min() >= 0
    assert found.sum() > 0
    assert task.worst(task.score(sample, answers(sample), SCORING), "coco").sum() == 0
