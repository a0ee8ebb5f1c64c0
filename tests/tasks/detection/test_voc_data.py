"""If these fail, VOC's ground truth is read wrongly, or a broken file is taken in silence."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from voc_files import OBJECT, TRUTH, XML, as_coco, as_json, write_layout

from harness.errors import DataError
from harness.scoring import data_digest
from harness.task import DataRequest, Dataset
from tasks.detection.voc.annotations import CATEGORIES
from tasks.detection.voc.task import Voc


def open_voc(year: int = 2007, **request: Path | str) -> Dataset:
    return Voc(year).open(DataRequest(with_inputs=False, **request))  # type: ignore[arg-type]


def test_one_truth_has_one_digest_whichever_file_it_comes_from(tmp_path: Path) -> None:
    folder = write_layout(tmp_path)
    for name, text in (("by_image", as_json()), ("coco", as_coco())):
        (tmp_path / f"{name}.json").write_text(text)
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("inside/truth.json", as_json())
    found = [open_voc(data=place) for place in (folder, folder.parent, tmp_path)]
    found += [open_voc(annotations=tmp_path / name) for name in ("by_image.json", "coco.json", "zipped.zip")]
    found.append(open_voc(annotations=folder))
    assert len({data_digest(dataset) for dataset in found}) == 1
    first = found[0]
    assert (first.ids, first.custom, first.split) == (("000001", "000002", "000004"), True, "test")
    assert first.facts["categories"] == list(CATEGORIES)
    assert first.truth.row(0)["boxes_xyxy"].tolist() == [[48, 240, 195, 371], [8, 12, 352, 498]]
    assert first.truth.row(0)["category"].tolist() == [11, 14]
    assert first.truth.row(0)["difficult"].tolist() == [False, True]
    assert found[4].split == "custom"


def test_an_image_that_is_there_twice_in_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    one = '[{"name": "dog", "bbox": [1, 2, 3, 4]}]'
    path.write_text(f'{{"000001": {one}, "000002": {one}, "000001": {one}}}')
    with pytest.raises(DataError, match="the image id 000001 is there twice"):
        open_voc(annotations=path)
    path.write_bytes(b"\xef\xbb\xbf" + f'{{"000001": {one}, "000002": {one}}}'.encode())
    assert open_voc(annotations=path).ids == ("000001", "000002")


def test_the_digest_knows_difficult_objects_and_their_order(tmp_path: Path) -> None:
    digests = set()
    for index, objects in enumerate(([("dog", 0, (1, 1, 9, 9)), ("dog", 1, (1, 1, 9, 9))],) * 2):
        (tmp_path / "truth.json").write_text(as_json({"a": objects[:: 1 - 2 * index]}))
        digests.add(data_digest(open_voc(annotations=tmp_path / "truth.json")))
    assert len(digests) == 2


def test_the_official_set_is_known_and_its_digest_is_that_of_its_xml_files(shared: Path, tmp_path: Path) -> None:
    path = shared / "data" / "voc2007" / "ground_truth_test.json.zip"
    dataset = open_voc(annotations=path)
    assert (len(dataset.ids), dataset.split, dataset.custom) == (4952, "test", False)
    difficult = dataset.truth.ragged("difficult").values
    assert (len(difficult), int(difficult.sum())) == (14976, 2944)
    with zipfile.ZipFile(path) as archive:
        truth = json.loads(archive.read(archive.namelist()[0]))
    plain = {id: [(o["name"], o["difficult"], tuple(o["bbox"])) for o in objects] for id, objects in truth.items()}
    folder = write_layout(tmp_path, plain)
    again = open_voc(data=folder)
    assert (data_digest(again), again.custom) == (data_digest(dataset), False)


def test_categories_come_from_lists_then_from_the_twenty_then_from_the_objects(tmp_path: Path) -> None:
    own = {"a": [("zebra", 0, (1, 1, 5, 5)), ("ant", 0, (1, 1, 5, 5))], "b": [("dog", 0, (1, 1, 5, 5))]}
    folder = write_layout(tmp_path, own)
    assert open_voc(data=folder).facts["categories"] == ["ant", "dog", "zebra"]
    lists = folder / "ImageSets" / "Main"
    (lists / "small_test.txt").write_text("a\nb\n")
    for name in ("zebra", "hay_stack"):
        (lists / f"{name}_test.txt").write_text("a  1\nb -1\n")
    dataset = open_voc(data=folder)
    assert dataset.facts["categories"] == ["hay_stack", "zebra"]
    assert dataset.truth.row(0)["category"].tolist() == [1]
    assert any("2 objects of other categories (ant, dog) are left out" in text for text in dataset.warnings)


def test_coordinates_are_cut_to_integers_with_a_warning(tmp_path: Path) -> None:
    folder = write_layout(tmp_path, {"a": [("dog", 0, (45.7, 2, 90.2, 50))]})
    (tmp_path / "truth.json").write_text(as_json({"a": [("dog", 0, (45.7, 2, 90.2, 50))]}))
    found = [open_voc(data=folder), open_voc(annotations=tmp_path / "truth.json")]
    assert [dataset.truth.row(0)["boxes_xyxy"].tolist() for dataset in found] == [[[45, 2, 90, 50]]] * 2
    assert all("2 coordinates are no integers" in dataset.warnings[0] for dataset in found)


def test_the_other_years_folder_is_not_taken(tmp_path: Path) -> None:
    lists = write_layout(tmp_path) / "ImageSets" / "Main"
    (lists / "trainval.txt").write_text("000001\n")
    assert open_voc(2007, data=tmp_path, split="trainval").ids == ("000001",)
    with pytest.raises(DataError, match="does not hold the data set voc2012"):
        open_voc(2012, data=tmp_path, split="trainval")
    write_layout(tmp_path / "second")
    (tmp_path / "second" / "VOCdevkit" / "VOC2007").rename(tmp_path / "VOCdevkit" / "VOC2012")
    (tmp_path / "VOCdevkit" / "VOC2012" / "ImageSets" / "Main" / "trainval.txt").write_text("000004\n")
    assert open_voc(2012, data=tmp_path, split="trainval").ids == ("000004",)


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>' + XML.format(
    id="x", objects="&c;"
)
GOOD_OBJECT = OBJECT.format(1, 2, 3, 4, name="dog", difficult=0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "declares a document type or entities, which are not read"),
        (XML.format(id="x", objects="")[:-20], "is no XML (no element found"),
        ("<annotation></annotation>", "has no size: it must say width and height"),
        (XML.replace("500", "0").format(id="x", objects=""), "has no size"),
        (XML.replace("500", "\N{SUPERSCRIPT TWO}").format(id="x", objects=""), "has no size"),
        (XML.replace("500", "9" * 5000).format(id="x", objects=""), "has no size"),
        (XML.format(id="x", objects="<object><name>dog</name></object>"), "object 1 has no bndbox"),
        (XML.format(id="x", objects=GOOD_OBJECT + GOOD_OBJECT.replace("dog", " ")), "object 2 has no name"),
        (
            XML.format(id="x", objects=GOOD_OBJECT.replace(">3<", ">wide<")),
            "object 1: xmax is 'wide', expected a number",
        ),
        (XML.format(id="x", objects=GOOD_OBJECT.replace(">3<", ">inf<")), "object 1: xmax is 'inf', expected a number"),
        (XML.format(id="x", objects=GOOD_OBJECT.replace(">0<", ">maybe<")), "difficult is 'maybe', not 0 or 1"),
        ("\0\0", "is no text"),
        ('<?xml version="1.0" encoding="none-such"?><a/>', "is no XML"),
    ],
)
def test_a_broken_xml_file_is_named(tmp_path: Path, content: str, words: str) -> None:
    folder = write_layout(tmp_path)
    (folder / "Annotations" / "000002.xml").write_text(content)
    with pytest.raises(DataError) as caught:
        open_voc(data=folder)
    assert words in str(caught.value)
    assert "000002.xml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_swapped_corners_and_missing_files_are_named(tmp_path: Path) -> None:
    folder = write_layout(tmp_path)
    path = folder / "Annotations" / "000002.xml"
    path.write_text(XML.format(id="x", objects=GOOD_OBJECT + GOOD_OBJECT.replace(">1<", ">5<")))
    with pytest.raises(
        DataError, match=r"image 000002, object 2: the box \[5.0, 2.0, 3.0, 4.0\] ends before it begins"
    ):
        open_voc(data=folder)
    path.unlink()
    with pytest.raises(DataError, match=r"1 of 3 annotations are missing: .*000002.xml"):
        open_voc(data=folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("000001\n000002\n000001\n", "line 3 lists 000001 again, which line 1 has"),
        ("000001\n../000002\n", "line 2 holds '../000002', which is no image id"),
        ("\n\n", "has no images"),
    ],
)
def test_a_broken_list_of_images_is_named(tmp_path: Path, text: str, words: str) -> None:
    folder = write_layout(tmp_path)
    (folder / "ImageSets" / "Main" / "test.txt").write_text(text)
    with pytest.raises(DataError, match=words):
        open_voc(data=folder)


def test_a_list_with_a_byte_order_mark_is_read_and_a_split_without_a_list_is_named(tmp_path: Path) -> None:
    lists = write_layout(tmp_path) / "ImageSets" / "Main"
    (lists / "test.txt").write_bytes(b"\xef\xbb\xbf000001\r\n000002\r\n")
    assert open_voc(data=tmp_path).ids == ("000001", "000002")
    with pytest.raises(DataError, match=r"Main has no val\.txt"):
        open_voc(data=tmp_path, split="val")


def test_a_file_of_annotations_needs_no_folder_of_images_where_results_are_scored(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(as_json())
    assert open_voc(annotations=tmp_path / "truth.json", data=tmp_path).ids == tuple(TRUTH)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": [{"name": "dog", "bbox": [1, 2, 3]}]}', "image a: entry 0, bbox: expected a list of 4 numbers"),
        ('{"a": [{"bbox": [1, 2, 3, 4]}]}', "image a: entry 0: the field 'name' is missing"),
        ('{"a": 5}', "image a: expected a list, found an integer"),
        ('{"a": [{"name": "dog", "bbox": [1, 2, 3, NaN]}]}', "no JSON number|not JSON"),
        ('{"a": []}', "has no objects"),
        ("{}", "has no images"),
        ("[]", "expected an object"),
        ('{"a": [', "ends in the middle"),
        ('{"a": [{"name": "dog", "bbox": [9, 2, 3, 4]}]}', "image a, object 1: the box"),
        ('{"a": [{"name": "../dog", "bbox": [1, 2, 3, 4]}]}', "cannot be part of a file's name"),
        ('{"a b": [{"name": "dog", "bbox": [1, 2, 3, 4]}]}', "image id 'a b' cannot stand in a line of a result file"),
        ('{"images": [], "annotations": []}', "the field 'categories' is missing"),
        (as_coco({"a": [("dog", 0, (5, 5, 1, 9))]}), r"annotations\[0\], bbox: -3.0 is negative"),
        (as_coco().replace('"id": 8', '"id": 7'), "the image id 7 is there twice"),
        (as_coco().replace('"id": 102', '"id": 101'), "the annotation id 101 is there twice"),
        (as_coco().replace('"id": 0', '"id": 3'), "the category id 3 is there twice"),
    ],
)
def test_a_broken_json_file_is_one_sentence(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "truth.json").write_text(content)
    with pytest.raises(DataError, match=words) as caught:
        open_voc(annotations=tmp_path / "truth.json")
    assert str(caught.value).startswith(str(tmp_path / "truth.json"))


def test_images_are_found_beside_the_annotations_or_where_images_says(tmp_path: Path) -> None:
    from PIL import Image

    folder = write_layout(tmp_path)
    for id in TRUTH:
        Image.new("RGB", (8, 6), (200, 0, 0)).save(folder / "JPEGImages" / f"{id}.jpg")
    (tmp_path / "truth.json").write_text(as_json())
    requests = [
        DataRequest(data=tmp_path),
        DataRequest(annotations=tmp_path / "truth.json", data=tmp_path),
        DataRequest(annotations=tmp_path / "truth.json", images=folder / "JPEGImages"),
    ]
    other = folder.parent / "VOC2006" / "JPEGImages"
    other.mkdir(parents=True)
    for request in requests:
        sample = Voc(2007).open(request).sample(2)
        assert (sample.id, sample.inputs["image"].shape) == ("000004", (6, 8, 3))
    (folder / "JPEGImages" / "000002.jpg").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images are missing: .*000002.jpg"):
        Voc(2007).open(requests[0])
    assert np.array_equal(open_voc(data=tmp_path).truth.ragged("difficult").values, [False, True, False, False])
