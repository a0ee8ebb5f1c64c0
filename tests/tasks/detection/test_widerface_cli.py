"""`harness score --task widerface` and a live run as a user meets them: the official numbers, one sentence for bad input."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import SubmissionError
from harness.record import Record
from harness.task import DataRequest, Sample
from tasks.detection.widerface.sample import write_sample
from tasks.detection.widerface.task import WiderFace

Command = Callable[..., Any]
"""The fixture `cli`."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widerface-cli")
    write_sample(folder)
    return folder


def test_the_official_numbers(cli: Command, shared: Path) -> None:
    folder = shared / "data" / "widerface"
    options = "--data", folder, folder / "predictions_ajmalrasi.zip", "--json", "--no-log"
    record = cli("score", "--task", "widerface", *options).json()
    found = {metric["name"]: metric["value"] for metric in record["metrics"]}
    assert found == {"AP_easy": 0.9448373912694071, "AP_medium": 0.9244706568389409, "AP_hard": 0.8153250447873874}
    assert {metric["protocol"] for metric in record["metrics"]} == {"widerface"}
    for metric in record["metrics"]:
        assert metric["n"] == 3226
        assert metric["interval"]["low"] < metric["value"] < metric["interval"]["high"]
    assert (record["task"]["origin"], record["task"]["split"]) == ("official", "val")
    assert record["warnings"] == []
    assert [table["name"] for table in record["tables"]] == ["events", "worst"]
    assert "curves" in {artifact["kind"] for artifact in record["artifacts"]}


class WarmRegions:
    """A detector without weights: boxes around warm-coloured pixels that empty rows and columns part from each other."""

    classes = ("face",)

    def prepare(self, sample: Sample) -> Any:
        image = sample.inputs["image"].astype(np.int64)
        return image[:, :, 0] - image[:, :, 2] > 30

    def forward(self, inputs: Sequence[Any]) -> Sequence[Any]:
        return inputs

    def finish(self, raw: Any, sample: Sample) -> Mapping[str, Any]:
        boxes = [
            (left, top, right, bottom)
            for top, bottom in _runs(raw.any(axis=1))
            for left, right in _runs(raw[top:bottom].any(axis=0))
        ]
        # An ellipse fills 785 thousandths of its box.
        scores = [1 - abs(raw[top:bottom, left:right].mean() - 0.785) for left, top, right, bottom in boxes]
        corners = np.array(boxes, np.float64).reshape(-1, 4)
        return {"boxes_xyxy": corners, "scores": np.array(scores), "labels": np.zeros(len(boxes), np.int64)}


def _runs(mask: Any) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def live(method: object, root: Path, home: Path) -> Record:
    options = {"log": False, "page": False, "measure": False, "interval": False}
    return harness.evaluate("widerface", method, data=root, home=home, **options)


def test_a_live_run_scores_as_its_own_result_file(cli: Command, root: Path, tmp_path: Path) -> None:
    record = live(WarmRegions(), root, tmp_path / "home")
    values = {metric.name: metric.value for metric in record.metrics}
    assert all(value is not None and 0.2 < value < 1 for value in values.values())
    task, dataset = WiderFace(), WiderFace().open(DataRequest(data=root))
    method = WarmRegions()
    lines: dict[str, list[str]] = {}
    for index, id in enumerate(dataset.ids):
        sample = dataset.sample(index)
        answer = method.finish(method.prepare(sample), sample)
        rows = zip(answer["boxes_xyxy"].tolist(), answer["scores"].tolist(), strict=True)
        lines[id] = [f"{x} {y} {right - x} {bottom - y} {score!r}" for (x, y, right, bottom), score in rows]
    for id, rows_of in lines.items():
        path = tmp_path / "results" / f"{id}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([path.stem, str(len(rows_of)), *rows_of]))
    options = "--data", root, tmp_path / "results", "--json", "--no-log", "--no-interval"
    scored = cli("score", "--task", task.meta.id, *options).json()
    assert {metric["name"]: metric["value"] for metric in scored["metrics"]} == values


def test_a_detector_that_knows_no_faces_is_refused_and_other_classes_are_told(root: Path, tmp_path: Path) -> None:
    method = WarmRegions()
    method.classes = ("disc", "square")  # type: ignore[assignment]
    with pytest.raises(SubmissionError, match="the data set has face: not one name is the same"):
        live(method, root, tmp_path)
    method.classes = ("face", "cat")  # type: ignore[assignment]
    record = live(method, root, tmp_path)
    assert any("1 of 2 classes" in warning for warning in record.warnings)


def test_the_sample_without_results_is_zero_and_told(cli: Command, root: Path, tmp_path: Path) -> None:
    (tmp_path / "results" / "0--Meadow").mkdir(parents=True)
    (tmp_path / "results" / "0--Meadow" / "0_Meadow_Meadow_0_5.txt").write_text("0_Meadow_Meadow_0_5\n0\n")
    options = "--data", root, tmp_path / "results", "--json", "--no-log"
    record = cli("score", "--task", "widerface", *options).json()
    assert {metric["value"] for metric in record["metrics"]} == {0.0}
    assert any("59 of 60 images have no file" in warning for warning in record["warnings"])
    assert any("no detections at all" in warning for warning in record["warnings"])


def test_bad_data_and_bad_results_end_in_one_sentence(cli: Command, root: Path, tmp_path: Path) -> None:
    results = tmp_path / "results" / "0--Meadow"
    results.mkdir(parents=True)
    (results / "0_Meadow_Meadow_0_5.txt").write_text("name\n1\n1 2 3 4\n")

    def score(data: Path, path: Path) -> str:
        return str(cli("score", "--task", "widerface", "--data", data, path).sentence())

    assert "0_Meadow_Meadow_0_5.txt, line 3 has 4 fields, expected 5" in score(root, tmp_path / "results")
    assert "lies in no event folder; expected is 0--Meadow/" in score(root, results)
    data = tmp_path / "data"
    shutil.copytree(root / "eval_tools", data)
    easy = data / "ground_truth" / "wider_easy_val.mat"
    easy.write_bytes(easy.read_bytes()[:5000])
    assert f"{easy} is damaged: at byte 432 an element of 6728 bytes is cut off" in score(data, results)
    easy.unlink()
    assert "lacks wider_easy_val.mat" in score(data, results)
    assert not list((tmp_path / "home").rglob("*.json"))
