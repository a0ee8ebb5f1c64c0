"""`tinyperson` as a user meets it: results files, pieces, live runs, and one sentence for every bad input."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import evaluate
from harness.task import DataRequest, Sample
from tasks.detection.tinyperson.cutting import cut_annotations
from tasks.detection.tinyperson.sample import write_sample
from tasks.detection.tinyperson.task import TinyPerson

Command = Callable[..., Any]
ANNOTATIONS = Path("tiny_set", "mini_annotations", "tiny_set_test_all.json")


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tinyperson")
    write_sample(root)
    return root


@pytest.fixture(scope="module")
def document(sample_root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sample_root / ANNOTATIONS).read_text())
    return found


def perfect(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations that count, as results."""
    return [
        {name: a[name] for name in ("image_id", "category_id", "bbox")} | {"score": 0.5}
        for a in document["annotations"]
        if not (a["ignore"] or a["uncertain"])
    ]


def values(record: dict[str, Any]) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in record["metrics"]}


def test_the_numbers_of_the_real_results_in_one_archive(cli: Command, shared: Path) -> None:
    archive = shared / "data" / "tinyperson" / "wider_every8_as_coco.zip"
    options = "--json", "--no-log", "--protocol", "tov-1000"
    record = cli("score", "--task", "tinyperson", "--annotations", archive, archive, *options).json()
    found = values(record)
    assert len(found) == 60
    assert found["AP50_tiny"] == 0.6577105963733073
    assert found["MR50_tiny"] == 0.5855301477649855
    assert record["task"]["split"] == "custom"
    assert record["task"]["main_metric"] == "AP50_tiny"


def test_the_annotations_themselves_are_perfect_results(
    cli: Command, sample_root: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "results.json").write_text(json.dumps(perfect(document)))
    record = cli("score", "--task", "tinyperson", "--data", sample_root, "results.json", "--json", "--no-log").json()
    for name, value in values(record).items():
        assert value == (0.0 if name.startswith("MR") else pytest.approx(1.0)), name


def test_results_for_pieces_are_merged(
    cli: Command, sample_root: Path, document: dict[str, Any], tmp_path: Path
) -> None:
    pieces = cut_annotations(document, (160, 120), 60)
    (tmp_path / "pieces.json").write_text(json.dumps(pieces))
    (tmp_path / "results.json").write_text(json.dumps(perfect(pieces)))
    options = "--sub-images", "pieces.json", "--json", "--no-log"
    record = cli("score", "--task", "tinyperson", "--data", sample_root, "results.json", *options).json()
    # Persons that no piece holds whole come in two halves; all others are found where they are.
    assert values(record)["AP50_tiny"] > 0.95
    assert values(record)["MR50_tiny1"] < 0.05
    assert cli("verify", record["id"]).status == 0
    done = cli("score", "--task", "tinyperson", "--data", sample_root, "results.json")
    assert "is not in the data set" in done.sentence()


GOOD = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps([GOOD])[:-5], "ends in the middle"),
        ("{}", "expected a list"),
        ([{**GOOD, "score": float("nan")}], "NaN"),
        ([{**GOOD, "bbox": [1, 2, -3, 4]}], "negative"),
        ([{**GOOD, "image_id": 5000}], "image_id: 5000 is not in the data set"),
        ([{"image_id": 1}], "is missing"),
    ],
)
def test_bad_results_end_in_one_sentence(
    cli: Command, sample_root: Path, tmp_path: Path, content: Any, words: str
) -> None:
    (tmp_path / "results.json").write_text(content if isinstance(content, str) else json.dumps(content))
    assert words in cli("score", "--task", "tinyperson", "--data", sample_root, "results.json").sentence()


def broken(document: dict[str, Any], **changes: Any) -> str:
    first = {**document["annotations"][0], **changes}
    kept = {name: value for name, value in first.items() if value != "absent"}
    return json.dumps({**document, "annotations": [kept, *document["annotations"][1:]]})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"area": "absent"}, "annotations[0]: the field 'area' is missing"),
        ({"ignore": "yes"}, "annotations[0], ignore: expected"),
        ({"area": -1}, "annotations[0], area: -1.0 is negative"),
        ({"size": -2.0}, "annotations[0], size: -2.0 is negative"),
        ({"id": 2}, "annotation ids are used more than once"),
        ({"bbox": [1, 2, 3]}, "expected a list of 4 numbers"),
        ({"bbox": [1, 2, 0, 3], "vis": [1, 2, 1, 1]}, "vis: the box has no area"),
    ],
)
def test_bad_annotations_end_in_one_sentence(
    cli: Command, document: dict[str, Any], tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    (tmp_path / "bad.json").write_text(broken(document, **changes))
    (tmp_path / "results.json").write_text("[]")
    assert words in cli("score", "--task", "tinyperson", "--annotations", "bad.json", "results.json").sentence()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--sub-images", "nowhere.json"], 1, "nowhere.json"),
        (["--sub-images", "results.json"], 1, "expected an object"),
        (["--cut", "640x512"], 2, "--cut is for live runs"),
        (["--cut", "640"], 2, "expected WIDTHxHEIGHT"),
        (["--cut", "90x90"], 2, "cannot overlap by 100"),
        (["--merge-iou", "2"], 2, "between 0 and 1"),
    ],
)
def test_settings_that_cannot_be_are_told(
    cli: Command, sample_root: Path, tmp_path: Path, options: list[str], status: int, words: str
) -> None:
    (tmp_path / "results.json").write_text(json.dumps([GOOD]))
    done = cli("score", "--task", "tinyperson", "--data", sample_root, "results.json", *options)
    assert words in done.sentence(status)


def test_an_archive_of_two_lists_is_refused(cli: Command, sample_root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.json", "[]")
        archive.writestr("b.json", "[]")
    assert "holds 2 JSON files" in cli("score", "--task", "tinyperson", "--data", sample_root, "two.zip").sentence()


def test_a_folder_without_the_layout_shows_it(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("[]")
    done = cli("score", "--task", "tinyperson", "--data", tmp_path, "results.json")
    assert "mini_annotations/tiny_set_test_all.json" in done.err


class Spots:
    """A detector of what stands off from its surroundings: every pixel far from the median of its row is a box."""

    classes = ("person",)

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def prepare(self, sample: Sample) -> Any:
        image = sample.inputs["image"].astype(np.int64)
        self.seen.append(image.shape[:2])
        return np.abs(image - np.median(image, axis=1, keepdims=True)).sum(axis=2) > 150

    def forward(self, inputs: Any) -> Any:
        return inputs

    def finish(self, raw: Any, sample: Sample) -> Any:
        y, x = np.nonzero(raw[::4, ::4])
        boxes = np.stack([4.0 * x, 4.0 * y, 4.0 * x + 4, 4.0 * y + 4], axis=1)
        return {"boxes_xyxy": boxes, "scores": np.full(len(x), 0.5), "labels": np.zeros(len(x), np.int64)}


def test_a_live_run_answers_whole_images_or_their_pieces(sample_root: Path, tmp_path: Path) -> None:
    options = {"data": sample_root, "home": tmp_path, "measure": False, "log": False, "page": False}
    whole, pieces = Spots(), Spots()
    first = evaluate("tinyperson", whole, **options)
    assert set(whole.seen) == {(200, 288)}
    cut = {"cut": "160x120", "cut_overlap": "40"}
    second = evaluate("tinyperson", pieces, settings=cut, **options)
    assert set(pieces.seen) == {(120, 160), (120, 48)}
    assert len(pieces.seen) == 6 * 40
    found = [{metric.name: metric.value for metric in record.metrics} for record in (first, second)]
    # The grid of four pixels is that of the pieces, too: only the median of a row can differ.
    assert abs(found[0]["AR25_tiny1"] - found[1]["AR25_tiny1"]) < 0.1
    assert found[0]["AR25_tiny1"] > 0.1


def test_a_piece_of_a_file_is_cut_out_as_an_image_of_its_own(sample_root: Path, tmp_path: Path) -> None:
    task = TinyPerson()
    document = json.loads((sample_root / ANNOTATIONS).read_text())
    (tmp_path / "pieces.json").write_text(json.dumps(cut_annotations(document, (160, 120), 40)))
    whole = task.open(DataRequest(data=sample_root)).sample(0).inputs["image"]
    request = DataRequest(annotations=tmp_path / "pieces.json", images=sample_root / "tiny_set" / "test")
    dataset = task.open(request)
    np.testing.assert_array_equal(dataset.sample(1).inputs["image"], whole[:120, 120:280])
    assert any("are pieces" in warning for warning in dataset.warnings)
    assert dataset.custom
    assert dataset.facts["categories"] == ["person"]
