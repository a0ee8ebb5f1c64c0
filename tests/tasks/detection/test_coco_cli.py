"""`harness score --task coco` as a user meets it: the official numbers, and one sentence for every bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.detection.coco.sample import write_sample

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco-cli")
    write_sample(root)
    return root


@pytest.mark.parametrize("evaluator", ["harness", "pycocotools"])
def test_the_official_numbers_of_the_fake_results(cli: Command, shared: Path, evaluator: str) -> None:
    folder = shared / "data" / "coco"
    annotations, results = folder / "instances_val2014_100.json", folder / "instances_val2014_fakebbox100_results.json"
    options = "--evaluator", evaluator, "--json", "--no-log"
    record = cli("score", "--task", "coco", "--annotations", annotations, results, *options).json()
    found = {metric["name"]: metric["value"] for metric in record["metrics"]}
    gold = json.loads((shared / "gold" / "detection.json").read_text())
    assert found == gold["coco_bbox_val2014_fake100"]["stats"]
    assert found["AP"] == 0.5045806987249628
    for metric in record["metrics"]:
        assert metric["n"] == 100
        assert metric["interval"]["low"] < metric["value"] < metric["interval"]["high"]
    assert record["task"]["evaluator"]["name"] == evaluator


GOOD = {"image_id": 1000, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps([GOOD])[:-5], "ends in the middle"),
        ("not json", "not JSON at byte"),
        ("{}", "expected a list"),
        ([{**GOOD, "score": float("nan")}], "NaN"),
        ([{**GOOD, "bbox": [1, 2, float("inf"), 4]}], "Infinity"),
        ([{**GOOD, "bbox": [1, 2, -3, 4]}], "negative"),
        ([{**GOOD, "image_id": 5}], "image_id: 5 is not in the data set"),
        ([{"image_id": 1000}], "is missing"),
    ],
)
def test_bad_results_end_in_one_sentence_and_leave_nothing(
    cli: Command, sample_root: Path, tmp_path: Path, content: Any, words: str
) -> None:
    path = tmp_path / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    assert words in cli("score", "--task", "coco", "--data", sample_root, path).sentence()
    assert not list((tmp_path / "home").rglob("*.json"))


def test_annotations_with_an_id_used_twice(cli: Command, sample_root: Path, tmp_path: Path) -> None:
    document = json.loads((sample_root / "annotations" / "instances_val2017.json").read_text())
    document["annotations"][1]["id"] = document["annotations"][0]["id"]
    (tmp_path / "twice.json").write_text(json.dumps(document))
    (tmp_path / "results.json").write_text(json.dumps([GOOD]))
    done = cli("score", "--task", "coco", "--annotations", tmp_path / "twice.json", tmp_path / "results.json")
    assert "more than once" in done.sentence()


def test_an_empty_list_is_a_result(cli: Command, sample_root: Path, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("[]")
    record = cli("score", "--task", "coco", "--data", sample_root, tmp_path / "results.json", "--json").json()
    assert {metric["value"] for metric in record["metrics"]} == {0.0}
    assert any("no predictions" in warning for warning in record["warnings"])


def test_own_data_in_the_official_layout_stand_on_no_benchmarks_board(
    cli: Command, sample_root: Path, tmp_path: Path
) -> None:
    """Whatever the folder is called, a data set with other counts than the split's is one's own."""
    (tmp_path / "own" / "annotations").mkdir(parents=True)
    content = (sample_root / "annotations" / "instances_val2017.json").read_bytes()
    results = tmp_path / "results.json"
    results.write_text("[]")
    for split in ("val2017", "val2014", "train2014"):
        (tmp_path / "own" / "annotations" / f"instances_{split}.json").write_bytes(content)
        options = "--split", split, "--no-interval", "--json"
        task = cli("score", "--task", "coco", "--data", tmp_path / "own", results, *options).json()["task"]
        assert (task["origin"], task["split"]) == ("custom", "custom")


def test_annotations_nested_too_deep_are_one_sentence(cli: Command, tmp_path: Path) -> None:
    annotations, results = tmp_path / "instances.json", tmp_path / "results.json"
    annotations.write_text('{"info": ' + "[" * 200_000)
    results.write_text("[]")
    assert "too deep" in cli("score", "--task", "coco", "--annotations", annotations, results).sentence()
