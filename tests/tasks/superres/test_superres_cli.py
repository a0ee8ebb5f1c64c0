"""The super-resolution sets as a user meets them: live in tiles, from a folder, and with something wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done
from PIL import Image

from harness.task import DataRequest
from tasks.superres import b100
from tasks.superres.resize import upscale

Cli = Callable[..., Done]


@pytest.mark.live
def test_the_tile_is_recorded_and_splits_no_comparison(cli: Cli) -> None:
    pytest.importorskip("torch")
    run = (
        "eval",
        "--task",
        "urban100",
        "--split",
        "x2",
        "--submission",
        "vdsr",
        "--limit",
        3,
        "--no-measure",
        "--json",
    )
    whole, tiles = cli(*run).json(), cli(*run, "--set", "tile=20").json()
    assert whole["submission"]["options"]["tile"] == 0
    assert tiles["submission"]["options"]["tile"] == 20
    assert whole["settings"] == tiles["settings"] == {}
    for one, other in zip(whole["metrics"], tiles["metrics"], strict=True):
        assert one["value"] == pytest.approx(other["value"], abs=1e-3)


def outputs(root: Path, folder: Path) -> Path:
    dataset = b100().open(DataRequest(data=root, split="x3"))
    folder.mkdir()
    for index, id in enumerate(dataset.ids):
        Image.fromarray(upscale(dataset.sample(index).inputs["image"], 3)).save(folder / f"{id}_x3.png")
    return folder


def test_a_folder_of_outputs_scores_what_the_live_method_scores(cli: Cli, tmp_path: Path) -> None:
    b100().write_sample(tmp_path / "data")
    where = ("--task", "b100", "--split", "x3", "--data", tmp_path / "data", "--json")
    live = cli("eval", *where, "--submission", "bicubic", "--no-measure").json()
    folder = outputs(tmp_path / "data", tmp_path / "outputs")
    scored = cli("score", *where, folder, "--no-log").json()
    assert [m["value"] for m in scored["metrics"]] == [m["value"] for m in live["metrics"]]
    assert json.dumps(live["task"]["data_digest"]) == json.dumps(scored["task"]["data_digest"])


def test_what_is_wrong_with_outputs_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    b100().write_sample(tmp_path / "data")
    folder = outputs(tmp_path / "data", tmp_path / "outputs")
    where = ("score", "--task", "b100", "--data", tmp_path / "data", folder, "--no-log", "--split")
    Image.new("RGB", (90, 90)).save(folder / "scene02_x3.png")
    assert "scene02_x3.png has 90x90 pixels, expected" in cli(*where, "x3").sentence()
    path = folder / "scene01_x3.png"
    path.write_bytes(path.read_bytes()[:200])
    assert "scene01_x3.png is no image that can be read" in cli(*where, "x3").sentence()
    assert "lacks the images of scene00" in cli(*where, "x2").sentence()


def test_a_scale_that_a_method_cannot_make_is_one_sentence(cli: Cli) -> None:
    pytest.importorskip("torch")
    said = cli("eval", "--task", "set14", "--split", "x8", "--submission", "carn", "--no-measure").sentence()
    assert "enlarges images x2, x3, x4, the data ask for x8" in said
