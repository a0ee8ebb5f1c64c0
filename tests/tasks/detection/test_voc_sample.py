"""If these fail, two machines no longer speak of the same VOC sample, or live answers are scored as other boxes."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from harness.columns import build_table
from harness.errors import PredictionError
from harness.scoring import data_digest
from harness.submission import Submission
from harness.task import DataRequest, Dataset, Encoder, Predictions, Sample, Scoring
from tasks.detection.scenes import CATEGORIES
from tasks.detection.voc.declaration import PREDICTIONS
from tasks.detection.voc.task import Voc, voc2007, voc2012

DIGESTS = {
    2007: "4540f99e2cfd206d185560fa2714084099039847f69b58ccaf0ef3168bebff7e",
    2012: "f76d180272f644c402bb29acf6c62d4ca1a42fa134ac3d94e8e6b46fe7f595ec",
}
CLASSES = ("background", *CATEGORIES)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("voc_sample")
    for task in (voc2007(), voc2012()):
        task.write_sample(root)
    return root


@pytest.fixture(scope="module")
def dataset(sample: Path) -> Dataset:
    return voc2007().open(DataRequest(data=sample))


@pytest.mark.parametrize("year", [2007, 2012])
def test_the_sample_is_the_same_everywhere(sample: Path, year: int) -> None:
    dataset = Voc(year).open(DataRequest(data=sample))
    digest = hashlib.sha256(data_digest(dataset).encode())
    for path in sorted((sample / f"VOC{year}").rglob("*")):
        digest.update(path.read_bytes() if path.suffix in (".xml", ".txt") else b"")
    for index in range(len(dataset.ids)):
        digest.update(dataset.sample(index).inputs["image"].tobytes())
    assert digest.hexdigest() == DIGESTS[year]
    assert (len(dataset.ids), dataset.custom, dataset.split) == (60, True, "test" if year == 2007 else "val")
    assert dataset.facts["categories"] == sorted(CATEGORIES)
    difficult = dataset.truth.ragged("difficult").values
    assert 0 < difficult.sum() < len(difficult) / 10


def test_boxes_lie_inside_their_images(dataset: Dataset) -> None:
    for index in range(len(dataset.ids)):
        height, width = dataset.sample(index).inputs["image"].shape[:2]
        boxes = dataset.truth.row(index)["boxes_xyxy"]
        assert (boxes >= 1).all()
        assert (boxes <= [width, height, width, height]).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()


def encoder(dataset: Dataset) -> Encoder:
    submission = SimpleNamespace(name="mine", classes=CLASSES)
    return voc2007().encoder(cast(Submission, submission), dataset)


def answer(boxes: Any, labels: Any, form: str = "boxes_xyxy") -> dict[str, Any]:
    return {form: np.array(boxes, np.float32), "scores": np.linspace(0.9, 0.1, len(boxes)), "labels": np.array(labels)}


def test_live_corners_become_pixels_counted_from_1(dataset: Dataset) -> None:
    """Detectron2's rule, and to the last bit: 0.1 + 1 in double precision of the single-precision 0.1."""
    encode, sample = encoder(dataset), Sample(dataset.ids[0], {})
    row = encode(answer([[0, 0, 10, 20], [0.1, 3.7, 50.3, 60.1], [1, 1, 2, 2]], [1, 6, 0]), sample)
    small = [float(np.float32(value)) for value in (0.1, 3.7, 50.3, 60.1)]
    assert row["boxes_xyxy"].tolist() == [[1, 1, 10, 20], [small[0] + 1, small[1] + 1, *small[2:]]]
    assert row["category_id"].tolist() == [sorted(CATEGORIES).index(CATEGORIES[k]) for k in (0, 5)]
    sized = encode(answer([[0, 0, 10, 20]], [1], "boxes_xywh"), sample)
    assert sized["boxes_xyxy"].tolist() == [[1, 1, 10, 20]]
    with pytest.raises(PredictionError, match=r"image 000001: box 0 has a negative width"):
        encode(answer([[5, 5, 4, 9]], [1]), sample)


def perfect(dataset: Dataset) -> Predictions:
    """Every object answered as a detector would answer it, all with one score."""
    encode, rows = encoder(dataset), []
    names = dataset.facts["categories"]
    for index, id in enumerate(dataset.ids):
        truth = dataset.truth.row(index)
        boxes = truth["boxes_xyxy"] - [1, 1, 0, 0]
        labels = [CLASSES.index(names[k]) for k in truth["category"]]
        found = {"boxes_xyxy": boxes, "scores": np.full(len(boxes), 0.5), "labels": np.array(labels, np.int64)}
        rows.append(encode(found, Sample(id, {})))
    return Predictions(table=build_table(dataset.ids, rows, PREDICTIONS))


@pytest.mark.parametrize("protocol", [spec.id for spec in voc2007().meta.protocols])
def test_what_is_perfect_scores_1_and_reads_back_the_same(dataset: Dataset, tmp_path: Path, protocol: str) -> None:
    task, live = voc2007(), perfect(dataset)
    task.write(live, dataset, tmp_path / "results.zip")
    for predictions in (live, task.read(tmp_path / "results.zip", dataset)):
        found = task.aggregate(task.score(dataset, predictions, Scoring(protocol=protocol)), protocol)
        full = 100.0 if protocol == "detectron2" else 1.0
        assert list(found.values()) == pytest.approx([full] * len(found), abs=1e-6)


def test_equal_scores_of_live_answers_go_image_after_image(dataset: Dataset, tmp_path: Path) -> None:
    """So that the files written of them are scored the same."""
    task, encode = voc2007(), encoder(dataset)
    rng = np.random.default_rng(3)
    rows = []
    for index, id in enumerate(dataset.ids):
        boxes = dataset.truth.row(index)["boxes_xyxy"]
        corner = rng.integers(0, 40, (6, 2))
        found = np.concatenate([boxes - [1, 1, 0, 0], np.concatenate([corner, corner + 30], 1)])[rng.permutation(6)]
        scores = rng.choice([0.5, 0.25], 6)
        rows.append(encode({"boxes_xyxy": found, "scores": scores, "labels": rng.integers(1, 7, 6)}, Sample(id, {})))
    live = Predictions(table=build_table(dataset.ids, rows, PREDICTIONS))
    task.write(live, dataset, tmp_path / "results")
    found = [
        task.aggregate(task.score(dataset, predictions, Scoring(protocol="voc2012/area")), "voc2012/area")
        for predictions in (live, task.read(tmp_path / "results", dataset))
    ]
    assert found[0] == found[1]
    assert 0 < (found[0]["mAP"] or 0) < 1
