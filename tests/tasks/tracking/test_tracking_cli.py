"""Tracking from the command line: the numbers, the sentences, the sample."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done

from harness.task import DataRequest, Scoring
from tasks.tracking.ope.task import lasot, nfs, otb100, uav123
from tasks.tracking.scenes import COUNT, generate
from tasks.tracking.vot.task import vot2018

CLI = Callable[..., Done]
SAMPLES = {
    "vot2018": vot2018,
    "otb100": otb100,
    "uav123": uav123,
    "nfs": nfs,
    "lasot": lasot,
}


def value(done: Done, name: str) -> float:
    assert done.status == 0, done.err
    return next(metric["value"] for metric in done.json()["metrics"] if metric["name"] == name)


def test_vot2018_from_the_command_line(cli: CLI, shared: Path) -> None:
    folder = shared / "data" / "tracking" / "vot2018"
    done = cli(
        "score",
        "--task",
        "vot2018",
        "--annotations",
        folder / "VOT2018.json",
        folder / "results_DaSiamRPN.zip",
        "--json",
    )
    assert (value(done, "EAO"), value(done, "lost_number")) == (0.38265092236058723, 59)
    tags = next(table for table in done.json()["tables"] if table["name"] == "tags")
    assert [row[0] for row in tags["rows"]][-1] == "empty"
    assert all(metric["interval"] for metric in done.json()["metrics"])
    assert cli("verify", done.json()["id"]).status == 0


def test_otb100_from_the_command_line(cli: CLI, shared: Path) -> None:
    folder = shared / "data" / "tracking" / "otb100"
    done = cli(
        "score", "--task", "otb100", "--annotations", folder / "anno.zip", folder / "results_SRDCF.zip", "--json"
    )
    assert value(done, "AUC") == 0.5976210613475603
    again = cli("score", "--task", "otb100", "--data", folder / "anno.zip", folder / "results_SRDCF.zip", "--json")
    assert again.json()["task"]["data_digest"] == done.json()["task"]["data_digest"]
    assert done.json()["task"]["origin"] == "official"


def test_vot2019_has_no_tags(cli: CLI, shared: Path) -> None:
    folder = shared / "data" / "tracking" / "vot2019"
    done = cli(
        "score",
        "--task",
        "vot2019",
        "--annotations",
        folder / "VOT2019.json",
        folder / "results_NanoTrack.zip",
        "--json",
    )
    assert value(done, "EAO") == 0.24698624420699064
    tags = next(table for table in done.json()["tables"] if table["name"] == "tags")
    assert {tuple(row[1:]) for row in tags["rows"]} == {(None, None, None, None)}


def test_results_of_one_pass_are_one_sentence(cli: CLI, vot_truth: Path, vot_results: Path) -> None:
    for file in vot_results.rglob("*.txt"):
        file.write_text("1,2,3,4\n" * 12)
    done = cli("score", "--task", "vot2018", "--annotations", vot_truth, vot_results)
    assert done.status == 1 and "holds one-pass results" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("name", SAMPLES)
def test_the_truth_itself_scores_best_on_the_sample(name: str, tmp_path: Path) -> None:
    """The sample in the official layout, read back, and answered with its own truth."""
    task = SAMPLES[name]()
    task.write_sample(tmp_path / "sample")
    dataset = task.open(DataRequest(data=tmp_path / "sample"))
    assert len(dataset.ids) == COUNT >= 20
    column = "regions" if name == "vot2018" else "boxes_xywh"
    for id in dataset.ids:
        rows = dataset.truth.ragged(column).row(dataset.truth.position(id)).tolist()
        lines = [",".join(map(repr, row)) for row in rows]
        if name == "vot2018":
            lines[0] = "1"
        (tmp_path / "truth").mkdir(exist_ok=True)
        (tmp_path / "truth" / f"{id}.txt").write_text("\n".join(lines) + "\n")
    predictions = task.read(tmp_path / "truth", dataset)
    protocol = task.meta.protocols[0].id
    found = task.aggregate(task.score(dataset, predictions, Scoring(protocol=protocol)), protocol)
    if name == "vot2018":
        assert found["lost_number"] == 0 and (found["accuracy"] or 0) > 0.95 and found["EAO"] is not None
    else:
        assert (found["AUC"] or 0) > 0.7
    sample = dataset.sample(0)
    assert sample.inputs["frames"][3].shape == (60, 80, 3)
    assert sample.inputs["region"].shape == ((8,) if name == "vot2018" else (4,))
    assert len(task.input_digest(sample.inputs)) == 32


def test_generated_frames_are_the_same_everywhere() -> None:
    digest = hashlib.sha256()
    for index in range(0, COUNT, 5):
        scene = generate(index)
        digest.update(scene.frames.tobytes() + scene.corners.tobytes())
    assert digest.hexdigest() == "f035d2f7cca9349f7e86d5953d9771c1a21e0f83cab0bf6f76484e48e3f07d99"


def test_verification_decodes_the_frames(cli: CLI, tmp_path: Path) -> None:
    from PIL import Image

    assert cli("data", "sample", "otb100", "--out", tmp_path / "sample").status == 0
    done = cli("data", "verify", "otb100", "--data", tmp_path / "sample")
    assert done.status == 0 and "576 frames of 24 sequences can be read" in done.out
    frame = tmp_path / "sample" / "shape03" / "img" / "0007.png"
    Image.new("RGB", (50, 40)).save(frame)
    done = cli("data", "verify", "otb100", "--data", tmp_path / "sample")
    assert done.status == 1 and "0007.png has 50x40 pixels, expected 80x60" in done.err
    frame.write_bytes(b"no image")
    done = cli("data", "verify", "otb100", "--data", tmp_path / "sample")
    assert done.status == 1 and "is no image that can be read" in done.err
