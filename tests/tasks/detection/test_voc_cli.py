"""`harness score --task voc2007` as a user meets it: the official number, and one sentence for every bad input."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from voc_files import TRUTH, XML, as_json, write_layout

from harness.archives import SMALL
from tasks.detection.voc.annotations import CATEGORIES

Command = Callable[..., Any]


def results(folder: Path, lines: dict[str, str] | None = None, leave_out: str = "") -> Path:
    """A file for every class, empty unless `lines` says otherwise."""
    folder.mkdir()
    for name in CATEGORIES:
        if name != leave_out:
            (folder / f"comp4_det_test_{name}.txt").write_text((lines or {}).get(name, ""))
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Three images in the official layout."""
    return write_layout(tmp_path / "data")


def test_the_official_number(cli: Command, shared: Path) -> None:
    folder = shared / "data" / "voc2007"
    truth, detections = folder / "ground_truth_test.json.zip", folder / "comp4_det_test.zip"
    record = cli("score", "--task", "voc2007", "--annotations", truth, detections, "--json", "--no-log").json()
    found = {(metric["protocol"], metric["name"]): metric for metric in record["metrics"]}
    gold = json.loads((shared / "gold" / "detection.json").read_text())["voc2007_test"]["stable_sort"]
    assert found["voc2007/11-point", "mAP"]["value"] == 0.5397437852438501
    assert {key: metric["value"] for key, metric in found.items()} == {
        (protocol, name): gold["mean"][f"{key}@{at}"]
        for protocol, key in (("voc2007/11-point", "voc07_11point"), ("voc2012/area", "voc10_area"))
        for name, at in (("mAP", "0.50"), ("mAP75", "0.75"))
    }
    for metric in found.values():
        assert metric["interval"]["low"] < metric["value"] < metric["interval"]["high"]
        assert metric["interval"]["high"] - metric["interval"]["low"] < 0.05
    table = next(table for table in record["tables"] if table["name"] == "classes")
    aps = {row[0]: row[-2:] for row in table["rows"]}
    assert aps == {
        name: [one["voc07_11point@0.50"], one["voc07_11point@0.75"]] for name, one in gold["per_class"].items()
    }
    assert (record["task"]["origin"], record["task"]["split"]) == ("official", "test")


@pytest.mark.parametrize(
    ("protocol", "names"),
    [("mmdet", ["mAP", "mAP75"]), ("detectron2", ["AP", "AP50", "AP75"]), ("voc2012/area", ["mAP", "mAP75"])],
)
def test_other_protocols_have_their_own_names(
    cli: Command, own: Path, tmp_path: Path, protocol: str, names: list[str]
) -> None:
    path = results(tmp_path / "results", {"dog": "000001 0.9 48 240 195 371\n"})
    record = cli("score", "--task", "voc2007", "--data", own, path, "--protocol", protocol, "--json").json()
    assert [metric["name"] for metric in record["metrics"]] == names
    assert {metric["protocol"] for metric in record["metrics"]} == {protocol}
    assert record["task"]["main_metric"] == names[0]
    # One of the two classes that have objects that count is found.
    assert record["metrics"][0]["value"] == pytest.approx(50.0 if protocol == "detectron2" else 0.5)
    assert record["task"]["origin"] == "custom"


def test_the_worst_images_are_named_and_the_record_can_be_verified(cli: Command, own: Path, tmp_path: Path) -> None:
    path = results(tmp_path / "results", {"dog": "000001 0.9 48 240 195 371\n"})
    record = cli("score", "--task", "voc2007", "--data", own, path, "--json").json()
    worst = next(table for table in record["tables"] if table["name"] == "worst")
    assert (worst["columns"], worst["rows"]) == (["image", "objects not found at IoU 0.50"], [["000004", 2]])
    stored = next((tmp_path / "home" / "records").glob("*.json"))
    done = cli("verify", stored, "--annotations", own)
    assert done.status == 0, done.err
    assert "verified" in done.out


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ({"dog": "000001 0.9 1 1 5\n"}, "comp4_det_test_dog.txt: line 1 has 5 fields, expected 6"),
        ({"dog": "000001 0.9 1 1 5 5\n000005 0.9 1 1 5 5\n"}, "line 2: the image '000005' is not in the split"),
        ({"dog": "000001 high 1 1 5 5\n"}, "line 1 holds 'high', which is no number"),
    ],
)
def test_bad_results_end_in_one_sentence_and_leave_nothing(
    cli: Command, own: Path, tmp_path: Path, lines: dict[str, str], words: str
) -> None:
    path = results(tmp_path / "results", lines)
    assert words in cli("score", "--task", "voc2007", "--data", own, path).sentence()
    assert not list((tmp_path / "home").rglob("*.json"))


def test_a_missing_class_file_is_named(cli: Command, own: Path, tmp_path: Path) -> None:
    path = results(tmp_path / "results", leave_out="sofa")
    sentence = cli("score", "--task", "voc2007", "--data", own, path).sentence()
    assert "lacks the files of 1 of 20 classes: comp4_det_test_sofa.txt" in sentence


def test_a_bomb_and_an_archive_that_leaves_its_folder_are_refused(cli: Command, own: Path, tmp_path: Path) -> None:
    path = results(tmp_path / "results")
    for name, member, content, words in (
        ("bomb.zip", "comp4_det_test_dog.txt", b"\n" * (SMALL + 1), "unpacks to"),
        ("out.zip", "../comp4_det_test_dog.txt", b"", "is no path inside it"),
    ):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in path.iterdir():
                if file.name != "comp4_det_test_dog.txt":
                    archive.write(file, file.name)
            archive.writestr(member, content)
        assert words in cli("score", "--task", "voc2007", "--data", own, tmp_path / name).sentence()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<annotation/>", "has no size"),
        ('<!DOCTYPE a [<!ENTITY b "b">]>' + XML.format(id="x", objects="&b;"), "document type or entities"),
    ],
)
def test_bad_annotations_end_in_one_sentence(cli: Command, own: Path, tmp_path: Path, content: str, words: str) -> None:
    (own / "Annotations" / "000002.xml").write_text(content)
    sentence = cli("score", "--task", "voc2007", "--data", own, results(tmp_path / "results")).sentence()
    assert words in sentence
    assert "000002.xml" in sentence


def test_a_folder_without_the_data_shows_the_tree(cli: Command, own: Path, tmp_path: Path) -> None:
    path = results(tmp_path / "results")
    shutil.rmtree(own / "ImageSets")
    done = cli("score", "--task", "voc2007", "--data", tmp_path / "data", path)
    assert "does not hold the data set voc2007; expected there" in done.err
    assert "VOCdevkit/VOC2007/ImageSets/Main/test.txt" in done.err


def test_no_detections_at_all_score_0(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(as_json(TRUTH))
    path = results(tmp_path / "results")
    options = "--annotations", tmp_path / "truth.json", "--json"
    record = cli("score", "--task", "voc2012", path, *options).json()
    assert {metric["value"] for metric in record["metrics"]} == {0.0}
    assert any("3 of 3 images have no detections" in warning for warning in record["warnings"])
    assert "test split are not public" in record["task"]["notice"]


@pytest.mark.parametrize("protocol", ["voc2007/11-point", "voc2012/area", "mmdet", "detectron2"])
def test_a_perfect_detector_has_a_score(cli: Command, tmp_path: Path, protocol: str) -> None:
    images = {f"i{index:02}": [("dog", 0, (1, 1, 9 + index, 9))] for index in range(30)}
    (tmp_path / "truth.json").write_text(as_json(images))
    lines = "".join(f"i{index:02} 0.9 1 1 {9 + index} 9\n" for index in range(30))
    path = results(tmp_path / "results", {"dog": lines})
    options = "--annotations", tmp_path / "truth.json", "--protocol", protocol, "--json"
    for metric in cli("score", "--task", "voc2007", *options, path).json()["metrics"]:
        full = 100.0 if metric["unit"] == "%" else 1.0
        assert metric["value"] == pytest.approx(full, abs=1e-12)
        assert metric["interval"]["low"] <= metric["value"] <= metric["interval"]["high"]
    if protocol == "voc2007/11-point":
        found = cli("score", "--task", "voc2007", *options, "--no-interval", path).json()["metrics"][0]
        assert found["value"] == 1.0000000000000002, "eleven times 1 / 11, as the official function adds them"


def test_objects_that_are_all_difficult_give_no_number_but_a_reason(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(as_json({"a": [("dog", 1, (1, 1, 5, 5))]}))
    path = results(tmp_path / "results", {"dog": "a 1 1 1 5 5\n"})
    record = cli("score", "--task", "voc2007", "--annotations", tmp_path / "truth.json", path, "--json").json()
    for metric in record["metrics"]:
        assert metric["value"] is None
        assert metric["reason"] == "no class has an object in these images that counts"


@pytest.mark.slow
@pytest.mark.live
def test_the_trained_sample_detector_finds_shapes_of_voc_too(cli: Command, tmp_path: Path) -> None:
    """One detector, trained for the shapes, answers both tasks through one interface; its classes are named, not guessed."""
    pytest.importorskip("torch")
    options = "--data", "sample", "--submission", "centernet", "--variant", "sample", "--weights", "default"
    record = cli("eval", "--task", "voc2007", *options, "--limit", "8", "--no-measure", "--json").json()
    found = {(metric["protocol"], metric["name"]): metric["value"] for metric in record["metrics"]}
    assert found["voc2007/11-point", "mAP"] > 0.6
    assert record["task"]["origin"] == "sample"
