"""The official files are read as the refer toolbox reads them, converted once, and refused where they are wrong."""

import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError, UsageError
from harness.scoring import data_digest
from harness.task import DataRequest
from tasks.referring.instances import combine, coverage, polygon_codes
from tasks.referring.refs import read_refs
from tasks.referring.task import Referring, flickr30k, refcocog, referit

Edit = Callable[[str, Callable[[Any], None]], None]


def test_splits_are_those_of_the_toolbox(folder: Path, task: Referring, edit: Edit) -> None:
    sizes = {split: len(task.open(DataRequest(data=folder, split=split)).ids) for split in task.meta.splits}
    assert sizes["test"] == sizes["testA"] + sizes["testB"]

    def both(refs: Any) -> None:
        for ref in refs:
            ref["split"] = {"testA": "testAB"}.get(ref["split"], ref["split"])

    edit("refs", both)
    again = {split: len(task.open(DataRequest(data=folder, split=split)).ids) for split in task.meta.splits}
    assert again == {**sizes, "testB": sizes["testA"] + sizes["testB"]}


def test_truth_is_what_the_files_say(folder: Path, task: Referring) -> None:
    from pycocotools.coco import COCO

    dataset = task.open(DataRequest(data=folder, split="testB"))
    refs = [ref for ref in pickle.loads((folder / "data/refcoco/refs(unc).p").read_bytes()) if ref["split"] == "testB"]
    coco = COCO(str(folder / "data/refcoco/instances.json"))
    sentences = [(ref, sentence) for ref in refs for sentence in ref["sentences"]]
    assert dataset.ids == tuple(str(sentence["sent_id"]) for _, sentence in sentences)
    for index, (ref, sentence) in enumerate(sentences):
        x, y, width, height = coco.anns[ref["ann_id"]]["bbox"]
        assert dataset.truth.dense("box_xyxy")[index].tolist() == [x, y, x + width, y + height]
        assert dataset.truth.ragged("sentence").row(index).tobytes().decode() == sentence["sent"]
        merged = coco.annToRLE(coco.anns[ref["ann_id"]])["counts"]
        assert dataset.truth.ragged("mask_any").row(index).tobytes() == merged
    assert dataset.load is not None and dataset.load(dataset.ids[0])["sentence"] == sentences[0][1]["sent"]


def test_the_pickle_is_converted_once_and_again_when_it_changes(folder: Path, task: Referring, edit: Edit) -> None:
    path = folder / "data/refcoco/refs(unc).p"
    first = task.open(DataRequest(data=folder))
    safe = path.with_suffix(".json")
    assert json.loads(safe.read_text())["source_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    edit("refs", lambda refs: refs[0]["sentences"][0].update(sent="another thing"))
    changed = task.open(DataRequest(data=folder))
    assert data_digest(changed) != data_digest(first)
    path.unlink()
    assert data_digest(task.open(DataRequest(data=folder))) == data_digest(changed)
    safe.unlink()
    with pytest.raises(DataError, match="does not hold the data set refcoco"):
        task.open(DataRequest(data=folder))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_only_be_read_is_no_obstacle(folder: Path, task: Referring) -> None:
    where = folder / "data/refcoco"
    where.chmod(0o500)
    try:
        task.open(DataRequest(data=folder))
        assert not (where / "refs(unc).json").exists()
    finally:
        where.chmod(0o700)


def test_the_partition_is_part_of_the_digest(folder: Path, task: Referring) -> None:
    unc = task.open(DataRequest(data=folder))
    for kind in ("p", "json"):
        (folder / f"data/refcoco/refs(unc).{kind}").rename(folder / f"data/refcoco/refs(google).{kind}")
    google = task.open(DataRequest(data=folder, settings={"partition": "google"}))
    assert google.ids == unc.ids and data_digest(google) != data_digest(unc)
    with pytest.raises(UsageError, match="divided by google has no split 'testA'; it has: val, test"):
        task.open(DataRequest(data=folder, split="testA", settings={"partition": "google"}))


def test_data_are_found_at_and_below_their_folder(folder: Path, task: Referring) -> None:
    digest = data_digest(task.open(DataRequest(data=folder)))
    for where in (folder / "data", folder / "data/refcoco"):
        assert data_digest(task.open(DataRequest(data=where))) == digest
    for where in (folder / "data/refcoco", folder / "data/refcoco/refs(unc).p"):
        assert data_digest(task.open(DataRequest(annotations=where, with_inputs=False))) == digest
    with pytest.raises(DataError, match="does not hold the data set refcocog"):
        refcocog().open(DataRequest(data=folder))


def test_images_of_coco_train2014_are_counted(folder: Path, task: Referring, edit: Edit) -> None:
    assert task.open(DataRequest(data=folder)).facts["images_in_coco_train2014"] == 0

    def rename(instances: Any) -> None:
        for image in instances["images"]:
            image["file_name"] = f"COCO_train2014_{image['id']:012d}.jpg"

    edit("instances", rename)
    found = task.open(DataRequest(data=folder, with_inputs=False))
    assert found.facts["images_in_coco_train2014"] == found.facts["images"] == 24


def test_overlapping_polygons_under_every_rule(shared: Path) -> None:
    gold = json.loads((shared / "gold/referring.json").read_text())["polygon_overlap"]
    height, width = gold["hw"]
    codes = polygon_codes(gold["poly"], height, width, DataError)
    summed = coverage(codes, height, width)
    assert np.unique(summed).tolist() == gold["refer.getMask_sum_values"] == [0, 1, 2]
    assert (summed == 1).sum() == gold["pixels==1 (LAVT annot[ref_mask==1]=1)"] == 168
    assert (summed > 0).sum() == gold["pixels>0 (MCN/SimREC gt>0)"] == gold["merged_area"] == 184
    assert summed.sum() == gold["refer_area_sum"] == 200
    once, covered = combine(codes, height, width)
    assert (coverage([once], height, width) == (summed == 1)).all()
    assert (coverage([covered], height, width) == (summed > 0)).all()


# -- what is refused -----------------------------------------------------------------------------------------------------
class Runs:
    def __reduce__(self) -> Any:
        return os.mkdir, ("made-by-a-pickle",)


def test_a_pickle_that_would_run_code_is_refused(
    folder: Path, task: Referring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder / "data/refcoco/refs(unc).p").write_bytes(pickle.dumps([Runs()], 2))
    with pytest.raises(
        DataError, match=r"refs\(unc\).p is not read: it asks for posix.mkdir at byte 5, which would run code"
    ):
        task.open(DataRequest(data=folder))
    assert not Path("made-by-a-pickle").exists()


def test_a_small_pickle_of_endless_sentences_is_refused(tmp_path: Path) -> None:
    sentences = [{"sent_id": 1, "sent": "a"}] * 50_000
    refs = [{"ref_id": 1, "sentences": sentences, "sent_ids": []}] * 50_000
    (tmp_path / "refs(unc).p").write_bytes(pickle.dumps(refs, 2))
    with pytest.raises(DataError, match="more than 10,000,000 sentences"):
        read_refs(tmp_path / "refs(unc).p")


def test_a_small_pickle_of_endless_text_is_refused(tmp_path: Path) -> None:
    text = "a" * 1_000_000
    refs = [
        {"ref_id": i, "ann_id": i, "image_id": 1, "split": text, "sentences": [], "sent_ids": []} for i in range(600)
    ]
    (tmp_path / "refs(unc).p").write_bytes(pickle.dumps(refs, 2))
    with pytest.raises(DataError, match="more than 536,870,912 characters"):
        read_refs(tmp_path / "refs(unc).p")


def test_half_a_character_is_named(folder: Path, task: Referring, edit: Edit) -> None:
    edit("refs", lambda refs: refs[0]["sentences"][0].update(sent="caf\ud800"))
    with pytest.raises(DataError, match=r"reference 0 \(ref_id 0\): its text holds half a character"):
        task.open(DataRequest(data=folder))


@pytest.mark.parametrize("content", ['{"a": 1}', "[1"])
def test_another_file_of_the_json_files_name_is_left_alone(folder: Path, task: Referring, content: str) -> None:
    expected = data_digest(task.open(DataRequest(data=folder)))
    safe = folder / "data/refcoco/refs(unc).json"
    safe.write_text(content)
    assert data_digest(task.open(DataRequest(data=folder))) == expected
    assert safe.read_text() == content
    safe.with_suffix(".p").unlink()
    with pytest.raises(DataError, match=r"refs\(unc\).json"):
        task.open(DataRequest(data=folder))


REFS = {
    "the annotation 5 is not in": lambda ref: ref.update(ann_id=5),
    "its image is 1, the annotation's in .* is 1000": lambda ref: ref.update(image_id=1),
    "reference 0 .ref_id 0. has 1 sentences and 2 sent_ids": lambda ref: ref["sent_ids"].append(99999),
    "the sent_id 1 is used twice": lambda ref: (ref["sentences"][0].update(sent_id=1), ref.update(sent_ids=[1])),
    "reference 0: ann_id: expected `int`, got `str`": lambda ref: ref.update(ann_id="eleven"),
    "reference 0: the reference: object missing required field `split`": lambda ref: ref.pop("split"),
}


@pytest.mark.parametrize("message", REFS)
def test_wrong_references_are_named(folder: Path, task: Referring, edit: Edit, message: str) -> None:
    edit("refs", lambda refs: REFS[message](refs[0]))
    with pytest.raises(DataError, match=message):
        task.open(DataRequest(data=folder))


INSTANCES = {
    r"annotations\[0\] \(id 11\), segmentation: it holds no polygon": {"segmentation": []},
    "segmentation: a polygon has 0 numbers": {"segmentation": [[]]},
    "segmentation: a polygon has 5 numbers": {"segmentation": [[1, 2, 3, 4, 5]]},
    "segmentation: a polygon lies out of the image of 120 x 160 pixels": {"segmentation": [[170, 5, 190, 5, 190, 20]]},
    "segmentation: a polygon has a corner far outside": {"segmentation": [[1, 1, 1e9, 5, 5, 20]]},
    "segmentation: it is neither a list of polygons nor a run-length code": {"segmentation": "all of it"},
    "its runs do not fill the 120 x 160 pixels": {"segmentation": {"size": [120, 160], "counts": [5, 5]}},
    "its counts hold a character": {"segmentation": {"size": [120, 160], "counts": "~~~"}},
    r"its size is \[12, 16\], the image has \[120, 160\]": {"segmentation": {"size": [12, 16], "counts": [192]}},
    r"bbox: \[1.0, 1.0, -2.0, 3.0\] is no box": {"bbox": [1, 1, -2, 3]},
}


@pytest.mark.parametrize("message", INSTANCES)
def test_wrong_annotations_are_named(folder: Path, task: Referring, edit: Edit, message: str) -> None:
    edit("instances", lambda instances: instances["annotations"][0].update(INSTANCES[message]))
    with pytest.raises(DataError, match=message):
        task.open(DataRequest(data=folder))


def test_masks_may_be_runs_or_lists_of_them(folder: Path, task: Referring, edit: Edit) -> None:
    drawn = np.zeros((120, 160), np.bool_)
    drawn[3:9, 4:50] = True
    flat = drawn.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = {"size": [120, 160], "counts": np.diff([0, *edges.tolist(), flat.size]).tolist()}
    edit("instances", lambda instances: instances["annotations"][0].update(segmentation=runs))
    edit("instances", lambda instances: instances["annotations"][1].update(segmentation=[runs, runs]))
    truth = task.open(DataRequest(data=folder)).truth
    refs = pickle.loads((folder / "data/refcoco/refs(unc).p").read_bytes())
    one, two = (truth.position(str(ref["sent_ids"][0])) for ref in refs[:2])
    assert (coverage([truth.ragged("mask_once").row(one).tobytes()], 120, 160) == drawn).all()
    assert (coverage([truth.ragged("mask_any").row(two).tobytes()], 120, 160) == drawn).all()
    assert not coverage([truth.ragged("mask_once").row(two).tobytes()], 120, 160).any()


# -- tables --------------------------------------------------------------------------------------------------------------
def test_tables_of_referit_and_flickr(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    path.write_text(
        "img_id,bbox,query\n12.jpg,\"[1, 2.5, 30, 40]\",the_red man \n12.jpg,\"[0, 0, 5, 5]\",\"['dog', 'a ''dog']\"\n"
    )
    dataset = referit().open(DataRequest(annotations=path, with_inputs=False))
    assert dataset.ids == ("0", "1.0", "1.1") and dataset.truth.dense("image").tolist() == [0, 0, 0]
    assert dataset.truth.dense("box_xyxy")[0].tolist() == [1, 2.5, 30, 40]
    words = dataset.truth.ragged("sentence")
    assert [words.row(index).tobytes() for index in range(3)] == [b"the red man", b"dog", b"a dog"]
    flickr30k().open(DataRequest(annotations=path, with_inputs=False))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1.jpg,[],man", r"row 0, bbox: '\[\]' is no list of 4 numbers"),
        ('1.jpg,"[5, 5, 1, 9]",man', "row 0, bbox: .* has a negative width"),
        ('1.jpg,"[1, 1, 5, NaN]",man', "row 0, bbox"),
        ("1.jpg", "row 0: it lacks a column"),
        ('1.jpg,"[1, 1, 5, 9]",[__import__("os")]', "row 0, query"),
        ('1.jpg,"[1, 1, 5, 9]",' + "[" * 9000, "row 0, query"),
        ('1.jpg,"[1, 1', "test.csv: line"),
    ],
)
def test_wrong_rows_of_tables_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "test.csv"
    path.write_text("img_id,bbox,query\n" + line)
    with pytest.raises(DataError, match=message):
        referit().open(DataRequest(annotations=path, with_inputs=False))
    path.write_text("image,box\n")
    with pytest.raises(DataError, match="the column img_id is missing"):
        referit().open(DataRequest(annotations=path, with_inputs=False))
