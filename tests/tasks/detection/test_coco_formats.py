"""If these fail, users' files are misread, or refused without saying where and why."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError, HarnessError, PredictionError
from tasks.detection.coco import formats
from tasks.detection.coco.annotations import read_annotations
from tasks.detection.coco.formats import Results, read_results, write_results

ENTRY = {"image_id": 1, "category_id": 2, "bbox": [1.5, 2, 3.25, 4], "score": 0.5}
ANNOTATION = {"id": 1, "image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 5], "area": 20, "iscrowd": 0}


def written(folder: Path, content: Any, name: str = "results.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def instances(*annotations: dict[str, Any], **changed: Any) -> dict[str, Any]:
    document = {
        "images": [{"id": 7, "file_name": "b.jpg"}, {"id": 1, "file_name": "a.jpg"}],
        "categories": [{"id": 5, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": list(annotations),
    }
    return document | changed


def as_rows(results: Results) -> list[dict[str, Any]]:
    columns = zip(results.image_ids, results.category_ids, results.boxes_xywh.tolist(), results.scores, strict=True)
    return [{"image_id": i, "category_id": c, "bbox": box, "score": s} for i, c, box, s in columns]


number = st.floats(1e-200, 1e20) | st.floats(0.5, 1000) | st.integers(0, 2**53) | st.floats(0.0625, 1, width=32)
entry = st.fixed_dictionaries(
    {
        "image_id": st.integers(-(10**17), 10**17),
        "category_id": st.integers(0, 100),
        "bbox": st.lists(number, min_size=4, max_size=4),
        "score": number | st.floats(-1e5, -1e-200),
    },
    optional={"area": number, "note": st.text(alphabet="abc {}[],:", max_size=8)},
)


@settings(max_examples=300, deadline=None)
@given(st.lists(entry, max_size=6), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_numbers_are_those_that_python_reads(entries: list[dict[str, Any]], indent: Any, compact: bool) -> None:
    text = json.dumps(entries, indent=indent, separators=(",", ":") if compact else None)
    found = formats._plain_results(text.encode())
    assert found is not None
    for row, expected in zip(as_rows(found), json.loads(text), strict=True):
        assert row == {name: expected[name] for name in row}


@settings(max_examples=500, deadline=None)
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_any_decimal_is_rounded_as_python_rounds_it(literal: str) -> None:
    text = f'[{{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":{literal}}}]'
    found = formats._plain_results(text.encode())
    if found is not None:
        assert found.scores[0].hex() == float(literal).hex()


@pytest.mark.parametrize(
    "text",
    [
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":.5}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":01}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1.}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1],"score":1}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1]}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1},]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1}',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1}]]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":NaN}]',
        '[{"image_id":1.5,"category_id":2,"bbox":[0,0,1,1],"score":1}]',
        '[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1e999}]',
        "",
        "[",
        "{}",
    ],
)
def test_the_compiled_parser_leaves_all_else_to_the_full_one(text: str) -> None:
    assert formats._plain_results(text.encode()) is None


def test_unusual_but_valid_entries_are_read(tmp_path: Path) -> None:
    odd = [
        {**ENTRY, "segmentation": {"size": [4, 5], "counts": "a{b"}},
        {**ENTRY, "image_id": 3.0},
        {**ENTRY, "remark": 'é"\\'},
    ]
    found = read_results(written(tmp_path, odd))
    assert found.image_ids.tolist() == [1, 3, 1]
    assert found.boxes_xywh.tolist() == [ENTRY["bbox"]] * 3


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".zip"])
def test_results_come_back_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(0)
    results = Results(
        image_ids=rng.integers(0, 9, 1000), category_ids=rng.integers(0, 9, 1000),
        boxes_xywh=rng.random((1000, 4)) * 600, scores=rng.random(1000),
    )  # fmt: skip
    path = tmp_path / f"results{suffix}"
    write_results(path, results)
    found = read_results(path)
    for name in ("image_ids", "category_ids", "boxes_xywh", "scores"):
        assert np.array_equal(getattr(found, name), getattr(results, name))


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    text = '[{"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4], "score": 0.5}]'
    (tmp_path / "results.json").write_text(text, encoding="utf-8-sig")
    assert read_results(tmp_path / "results.json").boxes_xywh.tolist() == [[1, 2, 3, 4]]


def test_an_empty_list_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    write_results(path, read_results(written(tmp_path, "[]")))
    assert path.read_text() == "[]"
    assert len(read_results(path).scores) == 0


def nan_at(text: str) -> int:
    return text.index("NaN")


WITH_NAN = json.dumps([ENTRY, {**ENTRY, "score": float("nan")}])


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["empty"]),
        ("   ", ["empty"]),
        (json.dumps([ENTRY])[:-9], ["ends in the middle", f"byte {len(json.dumps([ENTRY])) - 9}"]),
        (json.dumps([ENTRY])[:-1], ["ends in the middle"]),
        ("[{'image_id': 1}]", ["not JSON at byte 2"]),
        ({"annotations": []}, ["expected a list", "found an object"]),
        ([[1, 2]], ["entry 0", "expected an object", "found a list"]),
        (WITH_NAN, ["entry 1", "score", "NaN", f"byte {nan_at(WITH_NAN)}", "finite"]),
        (json.dumps([{**ENTRY, "bbox": [0, 0, float("-inf"), 1]}]), ["entry 0", "bbox", "-Infinity"]),
        ('[{"image_id":1,"category_id":2,"bbox":[0,0,1,1],"score":1e999}]', ["entry 0", "score", "out of range"]),
        ([ENTRY, {**ENTRY, "bbox": [0, 0, -1, 1]}], ["entry 1", "bbox", "-1.0 is negative"]),
        ([ENTRY, {**ENTRY, "bbox": [0, 0, 1]}], ["entry 1", "bbox", "list of 4 numbers"]),
        ([{**ENTRY, "bbox": [0, 0, "x", 1]}], ["entry 0, bbox[2]", "expected a number", "found a string"]),
        ([{**ENTRY, "score": None}], ["entry 0, score", "found null"]),
        ([{**ENTRY, "score": True}], ["entry 0, score", "found true or false"]),
        ([{**ENTRY, "image_id": "1"}], ["entry 0, image_id", "found a string"]),
        ([{**ENTRY, "image_id": 1.5}], ["entry 0, image_id", "expected an integer", "1.5"]),
        ([{**ENTRY, "image_id": 10**30}], ["entry 0, image_id", "64 bits"]),
        ([ENTRY, {**ENTRY, "category_id": 1e30}], ["entry 1, category_id", "64 bits"]),
        ([{"image_id": 1, "category_id": 2, "bbox": [0, 0, 1, 1]}], ["entry 0", "'score' is missing"]),
    ],
)  # fmt: skip
def test_a_bad_results_file_is_refused_in_one_sentence(tmp_path: Path, content: Any, parts: list[str]) -> None:
    path = written(tmp_path, content)
    with pytest.raises(PredictionError) as caught:
        read_results(path)
    assert_sentence(caught.value, [str(path), *parts])


def assert_sentence(error: HarnessError, parts: list[str]) -> None:
    message = str(error)
    assert "\n" not in message
    assert "`" not in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        ("{", ["ends in the middle"]),
        ([], ["expected an object", "found a list"]),
        ({"images": [], "categories": []}, ["'annotations' is missing"]),
        (instances(images=[]), ["no images"]),
        (instances(categories=[]), ["no categories"]),
        (instances({k: v for k, v in ANNOTATION.items() if k != "iscrowd"}), ["annotations[0]", "'iscrowd' is missing"]),
        (instances({k: v for k, v in ANNOTATION.items() if k != "area"}), ["annotations[0]", "'area' is missing"]),
        (instances({**ANNOTATION, "area": float("nan")}), ["NaN", "area"]),
        (instances({**ANNOTATION, "bbox": [0, 0, 3, -4]}), ["annotations[0]", "bbox", "-4.0 is negative"]),
        (instances(ANNOTATION, ANNOTATION), ["used more than once", "1"]),
        (instances({**ANNOTATION, "id": 10**30}), ["annotations[0], id", "64 bits"]),
        (instances({**ANNOTATION, "iscrowd": "no"}), ["annotations[0], iscrowd", "true or false or an integer"]),
    ],
)  # fmt: skip
def test_a_bad_annotation_file_is_refused_in_one_sentence(tmp_path: Path, document: Any, parts: list[str]) -> None:
    path = written(tmp_path, document, "instances.json")
    with pytest.raises(DataError) as caught:
        read_annotations(path)
    assert_sentence(caught.value, [str(path), *parts])


def test_annotations_stand_in_order_of_image_and_file(tmp_path: Path) -> None:
    rows = [{**ANNOTATION, "id": id, "image_id": image, "area": id} for id, image in ((4, 7), (3, 1), (2, 7), (9, 1))]
    found = read_annotations(written(tmp_path, instances(*rows)))
    assert found.image_ids.tolist() == [1, 7]
    assert found.file_names == ("a.jpg", "b.jpg")
    assert found.category_names == ("dog", "cat")
    assert found.truth.area.tolist() == [3, 9, 4, 2]
    assert found.truth.offsets.tolist() == [0, 2, 4]
    assert found.warnings == ()


def test_what_pycocotools_does_in_silence_is_a_warning(tmp_path: Path) -> None:
    rows = [{**ANNOTATION, "id": 0}, {**ANNOTATION, "image_id": 99}, {**ANNOTATION, "id": 5, "category_id": 99}]
    found = read_annotations(written(tmp_path, instances(*rows)))
    assert found.truth.nameless.tolist() == [True]
    unknown_images, unknown_categories, id_zero = found.warnings
    assert "1 annotations of unknown images" in unknown_images
    assert "1 annotations of unknown categories" in unknown_categories
    assert "id 0" in id_zero


def test_compressed_annotations(tmp_path: Path) -> None:
    text = json.dumps(instances(ANNOTATION))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("annotations/instances_val2017.json", text)
        archive.writestr("annotations/captions_val2017.json", "{}")
    (tmp_path / "instances.json.gz").write_bytes(gzip.compress(text.encode()))
    assert read_annotations(tmp_path / "all.zip", "instances_val2017.json").image_ids.tolist() == [1, 7]
    assert read_annotations(tmp_path / "instances.json.gz").image_ids.tolist() == [1, 7]
    with pytest.raises(DataError, match="holds 2 JSON files"):
        read_annotations(tmp_path / "all.zip", "instances_train2017.json")


@pytest.mark.parametrize("name", ["broken.json.gz", "broken.zip"])
def test_damaged_archives(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 this is no archive")
    with pytest.raises(PredictionError, match="damaged"):
        read_results(tmp_path / name)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="cannot be read"):
        read_results(tmp_path / "nowhere.json")
