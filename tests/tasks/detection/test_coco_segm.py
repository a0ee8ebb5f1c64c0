"""Masks as a user hands them in: if these fail, files of masks are scored otherwise than pycocotools scores them."""

import contextlib
import copy
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as official
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from harness.columns import Ragged, Table
from harness.errors import DataError, PredictionError
from harness.scoring import data_digest
from harness.submission import Submission
from harness.task import DataRequest, Dataset, Predictions, Sample, Scoring
from tasks.detection.coco.sample import write_sample
from tasks.detection.coco.task import Coco

SEGM = {"iou_type": "segm", "max_detections": 100}
TASK = Coco()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coco-segm")
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def sample(root: Path) -> Dataset:
    return TASK.open(DataRequest(data=root, settings=SEGM))


@pytest.fixture
def document(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "annotations" / "instances_val2017.json").read_text())
    return found


def quiet(annotations: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(annotations)


def moved_masks(annotations: Path, seed: int, *, boxes: bool = False) -> list[dict[str, Any]]:
    """Results: the annotations' masks moved by a few pixels, some twice, some of another category, scores tied."""
    truth, rng, results = quiet(annotations), np.random.default_rng(seed), []
    for entry in truth.dataset["annotations"]:
        pixels = truth.annToMask(entry)
        for _ in range(rng.integers(0, 4)):
            shifted = np.roll(pixels, rng.integers(-4, 5, 2), axis=(0, 1))
            code = official.encode(np.asfortranarray(shifted))
            category = entry["category_id"] if rng.random() < 0.8 else int(rng.choice(truth.getCatIds()))
            results.append(
                {
                    "image_id": entry["image_id"],
                    "category_id": category,
                    "score": float(rng.integers(0, 9) / 8),
                    "segmentation": {"size": code["size"], "counts": code["counts"].decode()},
                }
            )
            if boxes:
                results[-1]["bbox"] = (np.array(entry["bbox"]) + rng.integers(0, 9, 4)).tolist()
    return results


def official_stats(annotations: Path, results: Path) -> list[float | None]:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotations)
        evaluator = COCOeval(truth, truth.loadRes(str(results)), "segm")
        evaluator.evaluate(), evaluator.accumulate(), evaluator.summarize()
    return [None if value == -1 else value for value in evaluator.stats.tolist()]


def scored(dataset: Dataset, predictions: Predictions, evaluator: str = "harness") -> list[float | None]:
    scoring = Scoring(protocol="coco", settings=SEGM, evaluator=evaluator)
    if evaluator != "harness":
        return list(TASK.reference(dataset, predictions, scoring).values())
    return list(TASK.aggregate(TASK.score(dataset, predictions, scoring), "coco").values())


def results_file(folder: Path, entries: Any) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps(entries))
    return path


# -- the official numbers ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("boxes", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_files_are_scored_as_pycocotools_scores_them(
    root: Path, sample: Dataset, tmp_path: Path, seed: int, boxes: bool
) -> None:
    """With boxes beside the masks size ranges look at the boxes, which moves the official numbers."""
    annotations = root / "annotations" / "instances_val2017.json"
    path = results_file(tmp_path, moved_masks(annotations, seed, boxes=boxes))
    predictions = TASK.read(path, sample)
    assert (
        scored(sample, predictions) == scored(sample, predictions, "pycocotools") == official_stats(annotations, path)
    )
    assert any("boxes beside the masks" in warning for warning in predictions.warnings) == boxes
    TASK.write(predictions, sample, tmp_path / "again.json")
    assert TASK.read(tmp_path / "again.json", sample).table.digest() == predictions.table.digest()


def test_real_polygons_and_crowds_are_scored_as_pycocotools_scores_them(shared: Path, tmp_path: Path) -> None:
    annotations = shared / "data" / "coco" / "instances_val2014_100.json"
    dataset = TASK.open(DataRequest(annotations=annotations, with_inputs=False, settings=SEGM))
    path = results_file(tmp_path, moved_masks(annotations, 3))
    predictions = TASK.read(path, dataset)
    assert scored(dataset, predictions) == official_stats(annotations, path)
    table = next(
        t for t in TASK.tables(TASK.score(dataset, predictions, Scoring(protocol="coco", settings=SEGM)), "coco")
    )
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(annotations)
        evaluator = COCOeval(truth, truth.loadRes(str(path)), "segm")
        evaluator.evaluate(), evaluator.accumulate()
    for index, row in enumerate(table.rows):
        cells = evaluator.eval["precision"][:, :, index, 0, -1]
        assert row[2] == (float(np.mean(cells[cells > -1])) if (cells > -1).any() else None)


# -- truth -------------------------------------------------------------------------------------------------------------
def test_boxes_have_the_digest_that_they_had(root: Path, sample: Dataset) -> None:
    """Masks are read only where they are compared, and then they are part of what may be compared."""
    boxes = TASK.open(DataRequest(data=root))
    assert set(boxes.truth.columns) == {"boxes_xywh", "category_id", "area", "crowd", "nameless"}
    assert "iou_type" not in boxes.facts and sample.facts["iou_type"] == "segm"
    assert data_digest(boxes) == data_digest(TASK.open(DataRequest(data=root, settings={"iou_type": "bbox"})))
    assert data_digest(boxes) != data_digest(sample)
    assert data_digest(boxes) == "70f1bf55be29395a8484b59e0165225d5bf3e17991194f006554ad6eb8391f2b"


def test_masks_of_one_truth_are_the_same_in_every_form(
    sample: Dataset, document: dict[str, Any], tmp_path: Path
) -> None:
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    crowds = 0
    for entry in document["annotations"]:
        size = sizes[entry["image_id"]]
        if isinstance(entry["segmentation"], dict):
            crowds += 1
            code = official.frPyObjects(entry["segmentation"], *size)
        else:
            code = official.merge(official.frPyObjects(entry["segmentation"], *size))
        entry["segmentation"] = {"size": list(size), "counts": code["counts"].decode()}
    (tmp_path / "codes.json").write_text(json.dumps(document))
    other = TASK.open(DataRequest(annotations=tmp_path / "codes.json", with_inputs=False, settings=SEGM))
    assert crowds > 0 and other.truth.digest() == sample.truth.digest()
    limited = TASK.limit(other, 5)
    assert limited.truth.row_digest(4) == sample.truth.row_digest(4)


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ([], "holds no polygon"),
        ([[1, 2, 3, 4, 5]], "a polygon has 5 numbers"),
        ([[1, 2]], "a polygon has 2 numbers"),
        ([[1, 2, 3, 4]], "a polygon has 4 numbers"),
        ([[1, 2, 3, 4], [1, 2, 3, 4, 5, 6]], "a polygon has 4 numbers"),
        ([[1, 2, 3, 1e9, 5, 6]], "far outside the image"),
        ([1, 2, 3], "expected a list, found"),
        ({"size": [3, 3], "counts": [9]}, r"its size is \[3, 3\], the image has"),
        ({"counts": [9]}, "'size' is missing"),
        ({"size": "image", "counts": [9]}, "do not fill"),
        ({"size": "image", "counts": [-5, 9]}, "do not fill"),
        ({"size": "image", "counts": "zzz"}, "no(ne)? of a run-length code|its counts"),
        ({"size": "image", "counts": "é"}, "a character that is none"),
        ({"size": "image", "counts": "1"}, "do not fill"),
        (None, "expected an object or a list, found null"),
    ],
)
def test_segmentations_that_cannot_be_drawn_are_named(
    document: dict[str, Any], tmp_path: Path, segmentation: Any, words: str
) -> None:
    changed = copy.deepcopy(document)
    entry = changed["annotations"][3]
    image = next(image for image in changed["images"] if image["id"] == entry["image_id"])
    if isinstance(segmentation, dict) and segmentation.get("size") == "image":
        segmentation = {**segmentation, "size": [image["height"], image["width"]]}
    entry["segmentation"] = segmentation
    (tmp_path / "instances.json").write_text(json.dumps(changed))
    request = DataRequest(annotations=tmp_path / "instances.json", with_inputs=False, settings=SEGM)
    with pytest.raises(DataError, match=words) as caught:
        TASK.open(request)
    assert "annotations[3], segmentation" in str(caught.value)
    assert len(TASK.open(DataRequest(annotations=tmp_path / "instances.json", with_inputs=False)).ids) == 60


def test_images_without_sizes_cannot_hold_masks(document: dict[str, Any], tmp_path: Path) -> None:
    for size in (None, 0, 1 << 22):
        document["images"][2]["height"] = size
        if size is None:
            del document["images"][2]["height"]
        (tmp_path / "instances.json").write_text(json.dumps(document))
        with pytest.raises(DataError, match=r"images\[2\]"):
            TASK.open(DataRequest(annotations=tmp_path / "instances.json", with_inputs=False, settings=SEGM))


# -- results -----------------------------------------------------------------------------------------------------------
def entry(dataset: Dataset, **changed: Any) -> dict[str, Any]:
    height, width = dataset.truth.dense("size")[0].tolist()
    code = {"size": [height, width], "counts": [5, 9, height * width - 14]}
    first = {"image_id": int(dataset.ids[0]), "category_id": dataset.facts["category_ids"][0], "score": 0.5}
    return {**first, "segmentation": {**code, **changed.pop("code", {})}, **changed}


def test_runs_may_be_uncompressed(sample: Dataset, tmp_path: Path) -> None:
    plain = TASK.read(results_file(tmp_path, [entry(sample)]), sample)
    code = plain.table.ragged("mask_codes").row(0).tobytes().decode()
    packed = TASK.read(results_file(tmp_path, [entry(sample, code={"counts": code})]), sample)
    assert plain.table.digest() == packed.table.digest()
    assert plain.table.ragged("area").values.tolist() == [9] and plain.table.ragged("boxes_xywh").values[0][3] == 9


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": {"size": [2, 2], "counts": [4]}}, r"entry 1, segmentation: its size is \[2, 2\], image 1000 has \["),
        ({"code": {"counts": [1, 2, 3]}}, "entry 1, segmentation: its runs do not fill the"),
        ({"code": {"counts": "_zz"}}, "entry 1, segmentation: its counts"),
        ({"code": {"counts": "5]"}}, "entry 1, segmentation: its counts|its runs"),
        ({"code": {"size": [0, 5]}}, "its size is 0 x 5"),
        ({"code": {"size": [1 << 20, 1 << 20]}}, "pixels are possible"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6]]}, "entry 1, segmentation: expected an object, found a list"),
        ({"score": float("nan")}, "NaN"),
        ({"image_id": 3}, "entry 1, image_id: 3 is not in the data set"),
    ],
)
def test_bad_masks_are_one_sentence(sample: Dataset, tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(PredictionError, match=words):
        TASK.read(results_file(tmp_path, [entry(sample), entry(sample, **changed)]), sample)


def test_a_box_beside_the_first_mask_asks_for_all(sample: Dataset, tmp_path: Path) -> None:
    boxed = entry(sample, bbox=[1, 2, 3, 4])
    with pytest.raises(PredictionError, match="entry 1, bbox: the first entry has a box"):
        TASK.read(results_file(tmp_path, [boxed, entry(sample)]), sample)
    with pytest.raises(PredictionError, match=r"entry 0, bbox: .* is negative"):
        TASK.read(results_file(tmp_path, [entry(sample, bbox=[1, 2, -3, 4])]), sample)
    assert TASK.read(results_file(tmp_path, [entry(sample, bbox=[]), boxed]), sample).warnings[0].count("images") == 1


def test_an_empty_list_scores_zero(sample: Dataset, tmp_path: Path) -> None:
    assert set(scored(sample, TASK.read(results_file(tmp_path, []), sample))) == {0.0}


@pytest.mark.parametrize("column", ["scores", "category_id", "boxes_xywh", "area", "mask_length", "mask_codes"])
def test_stored_predictions_of_another_layout_never_reach_compiled_code(
    root: Path, sample: Dataset, tmp_path: Path, column: str
) -> None:
    """They may be a stranger's: an array that is too short would be read beyond its end."""
    path = results_file(tmp_path, moved_masks(root / "annotations" / "instances_val2017.json", 0))
    table = TASK.read(path, sample).table
    cut = table.ragged(column)
    short = np.minimum(cut.offsets, len(cut.values) - 2)
    wrong = {
        "cut": Ragged(cut.values[:-2], short),
        "kind": Ragged(cut.values.astype(np.float32), cut.offsets),
        "lost": None,
    }
    for change in wrong.values():
        columns = {name: value for name, value in table.columns.items() if name != column}
        columns |= {column: change} if change is not None else {}
        with pytest.raises(PredictionError, match="no detections of COCO"):
            scored(sample, Predictions(table=Table(table.ids, columns)))
    with pytest.raises(PredictionError, match="other images"):
        scored(sample, Predictions(table=table.take(range(30))))
    negative = Ragged(table.ragged("mask_length").values * -1, table.ragged("scores").offsets)
    with pytest.raises(PredictionError, match="lengths of its masks"):
        scored(sample, Predictions(table=Table(table.ids, {**table.columns, "mask_length": negative})))


def test_results_of_the_other_kind_are_told(
    cli: Callable[..., Any], root: Path, sample: Dataset, tmp_path: Path
) -> None:
    masks = results_file(tmp_path, [entry(sample)])
    assert "--iou-type segm" in cli("score", "--task", "coco", "--data", root, masks).sentence()
    boxes = results_file(tmp_path, [{**entry(sample, bbox=[1, 2, 3, 4]), "segmentation": None}])
    boxes.write_text(boxes.read_text().replace(', "segmentation": null', "").replace('"segmentation": null, ', ""))
    assert "--iou-type bbox" in cli("score", "--task", "coco", "--data", root, boxes, "--iou-type", "segm").sentence()


def test_masks_have_a_board_of_their_own(cli: Callable[..., Any], root: Path, sample: Dataset, tmp_path: Path) -> None:
    both = results_file(tmp_path, moved_masks(root / "annotations" / "instances_val2017.json", 1, boxes=True))
    command = ("score", "--task", "coco", "--data", root, both, "--no-log", "--json")
    boxes, masks = cli(*command).json(), cli(*command, "--iou-type", "segm").json()
    assert boxes["settings"] == {} and masks["settings"] == {"iou_type": "segm"}
    assert boxes["task"]["data_digest"] != masks["task"]["data_digest"]
    assert boxes["metrics"][0]["value"] != masks["metrics"][0]["value"]
    for record in (boxes, masks):
        assert cli("verify", record["id"], "--json").json()["provenance"] == "verified"
    assert "bbox, segm" in cli(*command, "--iou-type", "keypoints").sentence(2)


# -- live answers ------------------------------------------------------------------------------------------------------
def encoded(dataset: Dataset, answer: Any) -> dict[str, np.ndarray]:
    method = type("Segmenter", (), {"classes": ("star", "zebra", "disc")})()
    encode = TASK.encoder(Submission(name="segmenter", method=method), dataset)
    return dict(encode(answer, Sample(dataset.ids[0], {})))


def live(dataset: Dataset, **changed: Any) -> dict[str, Any]:
    height, width = dataset.truth.dense("size")[0].tolist()
    pixels = np.zeros((3, height, width), bool)
    pixels[0, 2:5, 3:9] = pixels[1, :, 0] = pixels[2, 1, 1] = True
    boxes = np.tile([0.0, 0.0, 50.0, 50.0], (3, 1))
    return {"boxes_xyxy": boxes, "scores": [0.5, 0.4, 0.3], "labels": [0, 1, 2], "masks": pixels} | changed


def test_a_live_answer_is_stored_as_its_results_would_be(sample: Dataset) -> None:
    """Boxes and areas are those of the masks, and detections of unknown classes take their masks with them."""
    row = encoded(sample, live(sample))
    assert row["boxes_xywh"].tolist() == [[3, 2, 6, 3], [1, 1, 1, 1]] and row["area"].tolist() == [18, 1]
    codes = official.encode(np.asfortranarray(live(sample)["masks"].transpose(1, 2, 0), np.uint8))
    assert encoded(sample, live(sample, masks=codes))["mask_codes"].tobytes() == codes[0]["counts"] + codes[2]["counts"]
    assert {spec.name for spec in TASK.columns(sample)} == set(row)
    none = {"boxes_xyxy": np.zeros((0, 4)), "scores": [], "labels": []}
    for masks in ([], np.zeros((0, *sample.truth.dense("size")[0]), bool)):
        assert len(encoded(sample, none | {"masks": masks})["area"]) == 0


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (None, "holds no masks, and --iou-type segm compares masks"),
        (np.zeros((3, 4, 5), bool), r"masks have shape \(3, 4, 5\), expected \(k, "),
        ("float", "masks are float64, expected bool"),
        ("two", "2 masks and 3 labels"),
        ([{"size": [4, 5], "counts": [20]}] * 3, r"mask 0: its size is \[4, 5\], the image has"),
        ([{"counts": [20]}] * 3, "a run-length code has size and counts"),
        ("runs", "mask 0: its runs do not fill"),
    ],
)
def test_bad_live_masks_name_the_image(sample: Dataset, masks: Any, words: str) -> None:
    good, size = live(sample)["masks"], sample.truth.dense("size")[0].tolist()
    named = {"float": good.astype(float), "two": good[:2], "runs": [{"size": size, "counts": [5]}] * 3}
    masks = named.get(masks, masks) if isinstance(masks, str) else masks
    with pytest.raises(PredictionError, match=words) as caught:
        encoded(sample, live(sample, masks=masks))
    assert f"image {sample.ids[0]}" in str(caught.value)
