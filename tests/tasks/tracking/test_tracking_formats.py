"""Annotations and results in all their layouts; what is wrong in them is told by file and line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tracking_files import both, opened, zipped

from harness.errors import DataError, PredictionError
from harness.scoring import data_digest
from harness.task import DataRequest, Scoring
from tasks.tracking.names import key
from tasks.tracking.ope.task import lasot, nfs, otb100, uav123
from tasks.tracking.text import read_rows
from tasks.tracking.vot.task import vot2018, vot2019

WriteRows = Callable[[Path, list[str]], Path]


# -- numbers -----------------------------------------------------------------------------------------------------------
@given(
    st.lists(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=8), max_size=8), st.sampled_from(",\t; ")
)
def test_numbers_are_read_as_python_reads_them(rows: list[list[float]], separator: str) -> None:
    text = "\r\n".join(separator.join(map(repr, row)) for row in rows)
    found = read_rows(text.encode(), "x", DataError)
    assert [found.values[i, : found.counts[i]].tolist() for i in range(len(found))] == [
        pytest.approx(row, abs=0, rel=0, nan_ok=True) for row in rows
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,2,3,4\n\n1,2,x,4", "x, line 3: 'x' is no number"),
        ("1,2,,4", "x, line 1: '' is no number"),
        ("1,2,3,4,", "x, line 1: '' is no number"),
        ("inf,2,3,4", "x, line 1: inf is not finite"),
        ("1 2 3 4 5 6 7 8 9", "x, line 1: has 9 fields"),
    ],
)
def test_a_line_that_is_none_is_named(text: str, told: str) -> None:
    with pytest.raises(PredictionError, match=told):
        read_rows(text.encode(), "x", PredictionError)


def test_spellings_of_a_name_are_one() -> None:
    assert {key(name) for name in ("Human4.2", "human4_2", "Human4-2", "HUMAN4 2")} == {"human4-2"}
    assert key("car1_1") != key("car11")


# -- annotations -------------------------------------------------------------------------------------------------------
def test_every_form_of_a_vot_truth_has_one_digest(vot_truth: Path, tmp_path: Path) -> None:
    task = vot2018()
    corners = [[i, 5, i + 9, 5, i + 9, 14, i, 14] for i in range(12)]
    entry = {"gt_rect": corners, "width": 40, "height": 30, "init_rect": corners[0], "video_dir": "x", "img_names": []}
    (tmp_path / "VOT.json").write_text(json.dumps({"ball_1": entry, "Bag": entry}))
    forms = [vot_truth, zipped(vot_truth, tmp_path / "vot.zip"), tmp_path / "VOT.json"]
    digests = {data_digest(opened(task, form)) for form in forms}
    digests.add(data_digest(task.open(DataRequest(data=vot_truth, with_inputs=False))))
    assert len(digests) == 1


def test_every_form_of_an_otb_truth_has_one_digest(otb_truth: Path, tmp_path: Path, write: WriteRows) -> None:
    rows = {
        name: [[10 + i % 7, 20, 30, 40] for i in range(n)]
        for name, n in (("Human4-2", 20), ("Tiger1", 349), ("FleetFace", 30))
    }
    rows["Tiger1"] = [[10 + i % 7, 20, 30, 40] for i in range(5, 354)]
    attributes = {"Tiger1": ["Illumination Variation", "Low Resolution"]}
    document = {name: {"gt_rect": boxes, "attr": attributes.get(name, [])} for name, boxes in rows.items()}
    (tmp_path / "OTB100.json").write_text(json.dumps(document))
    for name, text in (
        ("Human4", "groundtruth_rect.2.txt"),
        ("Tiger1", "groundtruth_rect.txt"),
        ("FleetFace", "groundtruth_rect.txt"),
    ):
        boxes = rows[{"Human4": "Human4-2"}.get(name, name)]
        write(tmp_path / "official" / name / text, [" ".join(map(str, box)) for box in boxes])
    write(tmp_path / "official" / "Human4" / "groundtruth_rect.1.txt", [""])
    task = otb100()
    forms = [otb_truth, zipped(otb_truth, tmp_path / "otb.zip"), tmp_path / "OTB100.json", tmp_path / "official"]
    found = [opened(task, form) for form in forms]
    assert len({data_digest(dataset) for dataset in found}) == 1
    assert [dataset.facts["attributes"].get("tiger1") for dataset in found] == [["IV", "LR"]] * 3 + [None]
    assert all(dataset.custom and "holds 3 of the 100" in dataset.warnings[0] for dataset in found)


def test_nfs_reads_its_own_corners(tmp_path: Path, write: WriteRows) -> None:
    for rate, name in (("30", "car"), ("240", "car")):
        lines = [f'0 {int(rate)} 20 {int(rate) + 10} 50 {i} 0 0 0 "car"' for i in range(3)]
        write(tmp_path / name / rate / f"{name}.txt", lines)
    for rate in ("30", "240"):
        dataset = nfs().open(DataRequest(annotations=tmp_path, split=rate, with_inputs=False))
        assert dataset.ids == ("car",)
        assert dataset.truth.ragged("boxes_xywh").values.tolist() == [[float(rate), 20, 10, 30]] * 3


@pytest.mark.parametrize(
    ("lines", "frames", "taken"), [(80, 10, 10), (81, 10, 10), (79, 10, 10), (160, 21, 20), (10, 10, 10)]
)
def test_nfs_at_30_frames_takes_every_eighth_line_of_240(
    tmp_path: Path, write: WriteRows, lines: int, frames: int, taken: int
) -> None:
    write(tmp_path / "car" / "30" / "car.txt", [f'0 {i} 20 {i + 10} 50 {i} 0 0 0 "car"' for i in range(lines)])
    folder = tmp_path / "car" / "30" / "car"
    folder.mkdir()
    for index in range(frames):
        Image.new("RGB", (120, 60)).save(folder / f"{index + 1:05d}.jpg")
    step = 8 if lines > 20 else 1
    live = nfs().open(DataRequest(data=tmp_path, split="30"))
    assert live.truth.ragged("boxes_xywh").values[:, 0].tolist() == [step * i for i in range(taken)]
    assert len(live.sample(0).inputs["frames"]) == taken
    scored = nfs().open(DataRequest(annotations=tmp_path, split="30", with_inputs=False))
    assert data_digest(scored) == data_digest(live)


def test_lasots_absence_is_read_in_both_meanings(tmp_path: Path, write: WriteRows) -> None:
    folder = tmp_path / "lasot" / "cat" / "cat-1"
    write(folder / "groundtruth.txt", ["1,2,3,4"] * 4)
    with pytest.raises(DataError, match="does not say when the target is absent in cat-1, which protocol lasot needs"):
        opened(lasot(), tmp_path / "lasot")
    assert opened(lasot(), tmp_path / "lasot", "got10k").ids == ("cat-1",)
    write(folder / "full_occlusion.txt", ["0,1,0,0"])
    write(folder / "out_of_view.txt", ["0,0,0,1"])
    texts = opened(lasot(), tmp_path / "lasot")
    assert texts.truth.ragged("absent").values.tolist() == [False, True, False, True]
    # pysot's file states presence; the target is there in the first frame.
    (tmp_path / "LaSOT.json").write_text(json.dumps({"cat-1": {"gt_rect": [[1, 2, 3, 4]] * 4, "absent": [1, 0, 1, 0]}}))
    assert data_digest(opened(lasot(), tmp_path / "LaSOT.json")) == data_digest(texts)


def test_nan_is_a_truth_of_uav123(tmp_path: Path, write: WriteRows) -> None:
    write(tmp_path / "anno" / "UAV123" / "bike1.txt", ["1,2,3,4", "NaN,NaN,NaN,NaN"])
    texts = opened(uav123(), tmp_path)
    (tmp_path / "UAV123.json").write_text('{"bike1": {"gt_rect": [[1, 2, 3, 4], [NaN, NaN, NaN, NaN]]}}')
    assert data_digest(opened(uav123(), tmp_path / "UAV123.json")) == data_digest(texts)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["1,2,3"], "groundtruth.txt, line 1: has 3 numbers"),
        (["1,2,3,4", "nan,2,3,4"], "the region of frame 1 is not a number"),
        ([""], "groundtruth.txt: is empty"),
    ],
)
def test_a_broken_vot_truth_is_named(vot_truth: Path, write: WriteRows, lines: list[str], told: str) -> None:
    write(vot_truth / "Bag" / "groundtruth.txt", lines)
    with pytest.raises(DataError, match=told):
        opened(vot2018(), vot_truth)


def test_a_vot_truth_without_the_frames_size_says_so(vot_truth: Path) -> None:
    (vot_truth / "Bag" / "sequence").unlink()
    with pytest.raises(DataError, match="the size of the frames of Bag is unknown"):
        opened(vot2018(), vot_truth)


# -- results -----------------------------------------------------------------------------------------------------------
def test_names_of_other_toolkits_are_understood(otb_truth: Path, otb_results: Path, tmp_path: Path) -> None:
    task = otb100()
    dataset = opened(task, otb_truth)
    predictions = both(task, dataset, otb_results, tmp_path / "r.zip")
    assert not predictions.warnings
    score = task.aggregate(task.score(dataset, predictions, Scoring(protocol="otb-matlab")), "otb-matlab")
    assert score["AUC"] == pytest.approx(20 / 21)


def test_a_benchmarks_name_before_a_sequences_is_passed_over(tmp_path: Path, write: WriteRows) -> None:
    for name in ("uav1_1", "car1_1"):
        write(tmp_path / "anno" / f"{name}.txt", ["1,2,3,4"] * 3)
        write(tmp_path / "results" / f"uav_{name}.txt", ["1,2,3,4"] * 3)
    assert len(uav123().read(tmp_path / "results", opened(uav123(), tmp_path / "anno")).table) == 2


def test_got10ks_folders_are_read(otb_truth: Path, otb_results: Path, tmp_path: Path, write: WriteRows) -> None:
    task = otb100()
    dataset = opened(task, otb_truth)
    for file in otb_results.iterdir():
        name = {"human4_2": "Human4", "fleetface": "FleetFace"}.get(file.stem, file.stem)
        write(tmp_path / "got" / name / f"{name}_001.txt", file.read_text().split())
        write(tmp_path / "got" / name / f"{name}_time.txt", ["0.01"] * 20)
    assert task.read(tmp_path / "got", dataset).table.digest() == task.read(otb_results, dataset).table.digest()
    write(tmp_path / "got" / "Tiger1" / "Tiger1_002.txt", ["1,2,3,4"] * 349)
    assert "the first of each sequence is scored" in task.read(tmp_path / "got", dataset).warnings[0]


def test_tiger1_is_scored_from_its_sixth_frame(otb_truth: Path, otb_results: Path, write: WriteRows) -> None:
    """Results of all 354 frames, as got10k and the live toolkits write them, lose the first five."""
    task = otb100()
    dataset = opened(task, otb_truth)
    expected = task.read(otb_results, dataset).table.digest()
    write(otb_results / "Tiger1.txt", [f"{10 + i % 7},20,30,40" for i in range(354)])
    predictions = task.read(otb_results, dataset)
    assert predictions.table.digest() == expected
    assert predictions.warnings == ("ope: tiger1: the first 5 of 354 results are not scored",)


@pytest.mark.parametrize(("count", "told"), [(344, "the last 5 not scored"), (351, "the last 2 cut off")])
def test_other_lengths_are_aligned_and_told(
    otb_truth: Path, otb_results: Path, write: WriteRows, count: int, told: str
) -> None:
    task = otb100()
    write(otb_results / "Tiger1.txt", ["10,20,30,40"] * count)
    predictions = task.read(otb_results, opened(task, otb_truth))
    assert told in predictions.warnings[0]
    assert len(predictions.table.ragged("boxes_xywh").row(predictions.table.position("tiger1"))) == min(count, 349)


def test_davids_results_may_start_with_the_video(tmp_path: Path, write: WriteRows) -> None:
    task = otb100()
    write(tmp_path / "t" / "david.txt", [f"{i},2,3,4" for i in range(471)])
    write(tmp_path / "r" / "David.txt", [f"{i - 299},2,3,4" for i in range(770)])
    predictions = task.read(tmp_path / "r", opened(task, tmp_path / "t"))
    assert predictions.table.ragged("boxes_xywh").values[:, 0].tolist() == list(range(471))
    assert "scored from frame 300" in predictions.warnings[0]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["1,2,3,4"] * 300, "has 300 boxes for 349 frames of tiger1; at most 10 may be missing or too many"),
        (["1,2,3,4"] * 370, "has 370 boxes for 349 frames of tiger1"),
        (["1", "1,2,3,4"], "Tiger1.txt, line 1: holds the code 1 of a run with resets"),
        (["1,2,3,4", "1,2,3,4,5,6,7,8"], "Tiger1.txt, line 2: has four corners; a box"),
        (["1,2,3,4", "1,2,3"], "Tiger1.txt, line 2: has 3 numbers"),
        ([""], "Tiger1.txt is empty"),
    ],
)
def test_broken_results_are_named(
    otb_truth: Path, otb_results: Path, write: WriteRows, lines: list[str], told: str
) -> None:
    write(otb_results / "Tiger1.txt", lines)
    with pytest.raises(PredictionError, match=told):
        otb100().read(otb_results, opened(otb100(), otb_truth))


def test_boxes_that_are_none_are_told_by_line(otb_truth: Path, otb_results: Path, write: WriteRows) -> None:
    task = otb100()
    rows = [f"{10 + i % 7},20,30,40" for i in range(30)]
    rows[3], rows[8] = "NaN,NaN,NaN,NaN", "10,20,-30,40"
    write(otb_results / "fleetface.txt", rows)
    dataset = opened(task, otb_truth)
    predictions = task.read(otb_results, dataset)
    assert "2 boxes are NaN or have no area" in predictions.warnings[0]
    assert "fleetface.txt line 4, fleetface.txt line 9" in predictions.warnings[0]
    for protocol, count in (("otb-matlab", 28), ("pysot", 28), ("got10k", 28)):
        counts = task.score(dataset, predictions, Scoring(protocol=protocol)).table
        assert counts.dense("success")[counts.position("fleetFace"), 19] == count


def test_missing_and_double_results_are_named(otb_truth: Path, otb_results: Path, write: WriteRows) -> None:
    task = otb100()
    dataset = opened(task, otb_truth)
    write(otb_results / "other" / "Tiger1.txt", ["1,2,3,4"] * 349)
    with pytest.raises(PredictionError, match=r"two results of tiger1 \(Tiger1.txt, other/Tiger1.txt\)"):
        task.read(otb_results, dataset)
    (otb_results / "other" / "Tiger1.txt").unlink()
    (otb_results / "human4_2.txt").unlink()
    with pytest.raises(PredictionError, match=r"lacks the results of Human4.2 \(1 of 3.*human4-2, human4_2, human4.2"):
        task.read(otb_results, dataset)


def test_what_is_written_reads_back(
    otb_truth: Path, otb_results: Path, vot_truth: Path, vot_results: Path, tmp_path: Path
) -> None:
    for task, truth, results in ((otb100(), otb_truth, otb_results), (vot2018(), vot_truth, vot_results)):
        dataset = opened(task, truth)
        predictions = task.read(results, dataset)
        for name in ("written.zip", "written"):
            task.write(predictions, dataset, tmp_path / task.meta.id / name)
            assert task.read(tmp_path / task.meta.id / name, dataset).table.digest() == predictions.table.digest()


def test_the_json_file_of_the_year_is_taken(tmp_path: Path) -> None:
    for year, width in (("2018", 40), ("2019", 50)):
        entry = {"gt_rect": [[1, 2, 3, 4]] * 3, "width": width, "height": 30}
        (tmp_path / f"VOT{year}.json").write_text(json.dumps({"bag": entry}))
    for task, width in ((vot2018(), 40), (vot2019(), 50)):
        dataset = task.open(DataRequest(data=tmp_path, with_inputs=False))
        assert dataset.truth.dense("size").tolist() == [[width, 30]]


def test_some_of_the_sequences_are_scored_alone(
    vot_truth: Path, vot_results: Path, otb_truth: Path, otb_results: Path
) -> None:
    """What `--limit` leaves: results of the other sequences are known and passed over."""
    for task, truth, results in ((vot2018(), vot_truth, vot_results), (otb100(), otb_truth, otb_results)):
        dataset = task.limit(opened(task, truth), 1)
        predictions = task.read(results, dataset)
        assert predictions.table.ids == dataset.ids and not predictions.warnings
        protocol = task.meta.protocols[0].id
        assert len(task.score(dataset, predictions, Scoring(protocol=protocol)).table) == 1
