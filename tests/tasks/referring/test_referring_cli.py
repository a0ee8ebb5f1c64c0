"""Referring expressions as a user meets them: live and scored, leaks declared, records that can be checked again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.registry import find_task
from harness.task import DataRequest, Dataset
from tasks.referring.task import Referring

Command = Callable[..., Any]
IDS = ("refcoco", "refcoco+", "refcocog", "referit", "flickr30k")


def found(record: Any) -> dict[tuple[str, str], Any]:
    return {(metric["protocol"], metric["name"]): metric for metric in record["metrics"]}


@pytest.mark.parametrize("id", IDS)
def test_the_sample_runs_live_and_the_record_can_be_checked_again(cli: Command, id: str) -> None:
    record = cli("eval", "--task", id, "--submission", "colour-words", "--no-measure", "--json").json()
    metrics = found(record)
    assert metrics["refer-ge", "acc50"]["value"] > 0.6
    assert (
        metrics["refer-ge", "acc50"]["interval"] is not None and metrics["refer-ge", "acc50"]["facts"]["clusters"] >= 20
    )
    assert (("lavt", "oIoU") in metrics) == (id not in ("referit", "flickr30k"))
    assert {table["name"] for table in record["tables"]} >= {"groups", "hardest"}
    assert record["submission"]["trained_on"] == "nothing" and record["flags"] == []
    assert "is verified" in cli("verify", record["id"]).out


@pytest.mark.parametrize("id", IDS)
def test_the_sample_is_the_same_wherever_it_is_written(tmp_path: Path, id: str) -> None:
    task = find_task(id)
    for name in ("one", "two"):
        task.write_sample(tmp_path / name)
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "two")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    for split in task.meta.splits:
        dataset = task.open(DataRequest(data=tmp_path / "one", split=split))
        assert len(np.unique(dataset.truth.dense("image"))) >= 20
        assert dataset.load is not None and dataset.load(dataset.ids[-1])["image"].shape == (120, 160, 3)


def test_a_result_file_is_scored_with_its_warnings(cli: Command, folder: Path, results: Path) -> None:
    lines = results.read_text().splitlines()
    results.write_text("\n".join(lines[1:]))
    arguments = ("score", "--task", "refcoco", "--data", folder, results, "--json", "--no-log")
    record = cli(*arguments).json()
    assert found(record)["refer-ge", "acc50"]["value"] == (len(lines) - 1) / len(lines)
    assert any("1 of 191 sentences have no answer" in warning for warning in record["warnings"])
    assert record["task"]["facts"]["partition"] == "unc" and record["submission"]["name"].startswith("results-")


def test_a_file_of_a_method_without_code_takes_what_its_manifest_says(
    cli: Command, folder: Path, results: Path
) -> None:
    arguments = ("score", "--task", "refcoco", "--data", folder, results, "--submission", "mcn", "--json", "--no-log")
    record = cli(*arguments, "--protocol", "mcn").json()
    part = record["submission"]
    assert (part["name"], part["arxiv"], part["variant"]) == ("mcn", "2003.08813", "")
    assert part["trained_on"].startswith("the benchmark's training split; backbone: COCO 2014 train+val without")
    assert {claim["task"] for claim in part["claims"]} == {"refcoco"}
    assert record["run"]["options"]["settings"] == {"saw_evaluated_images": "no"}
    [unnamed] = [warning for warning in record["warnings"] if "which variant of mcn" in warning]
    assert "--variant says it (darknet, vgg16); what all of them declare (training data, settings) is kept" in unnamed
    named = cli(*arguments, "--variant", "vgg16").json()
    assert named["submission"]["variant"] == "vgg16"
    assert not any("which variant" in warning for warning in named["warnings"])
    assert "is verified" in cli("verify", named["id"]).out
    assert "mcn has no variant 'x'; it has: darknet, vgg16" in cli(*arguments, "--variant", "x").sentence(2)


def test_a_method_without_code_cannot_be_run(cli: Command) -> None:
    said = cli("eval", "--task", "refcoco", "--submission", "realgin", "--no-measure").sentence(1)
    assert said == "realgin states claims only; it has no code that runs (score a result file instead)"


def test_a_variant_without_a_manifest_is_no_variant(cli: Command, folder: Path, results: Path) -> None:
    said = cli("score", "--task", "refcoco", "--data", folder, results, "--variant", "large", "--no-log").sentence(2)
    assert said.startswith("--variant large: there is no manifest")


# -- leaks ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def of_coco(folder: Path, edit: Callable[..., None]) -> Path:
    """The sample, its photographs named as if they came from COCO train2014."""

    def rename(instances: Any) -> None:
        for image in instances["images"]:
            new = f"COCO_train2014_{image['id']:012d}.png"
            images = folder / "data/images/mscoco/images/train2014"
            if (images / image["file_name"]).exists():
                (images / image["file_name"]).rename(images / new)
            image["file_name"] = new

    edit("instances", rename)
    return folder


def test_who_does_not_say_what_was_seen_is_asked(cli: Command, of_coco: Path, results: Path) -> None:
    arguments = ("score", "--task", "refcoco", "--data", of_coco, results, "--json", "--no-log")
    record = cli(*arguments).json()
    assert record["task"]["facts"]["images_in_coco_train2014"] == 24
    assert any(
        "24 of 24 evaluated images lie in COCO train2014, and the submission does not say" in w
        for w in record["warnings"]
    )
    assert record["flags"] == []
    clean = cli(*arguments, "--set", "saw_evaluated_images=no", "--again").json()
    assert not any("train2014" in warning for warning in clean["warnings"])


def test_a_declared_leak_is_not_ranked(cli: Command, of_coco: Path, results: Path) -> None:
    arguments = ("score", "--task", "refcoco", "--data", of_coco, results, "--json", "--no-log")
    record = cli(*arguments, "--set", "saw_evaluated_images=yes").json()
    assert [(flag["code"], flag["scope"]) for flag in record["flags"]] == [("leak", "score")]
    assert "24 of 24 evaluated images lie in COCO train2014" in record["flags"][0]["text"]
    assert "is verified" in cli("verify", record["id"]).out


def test_a_live_method_declares_its_leak_in_its_manifest(cli: Command, tmp_path: Path) -> None:
    where = tmp_path / "method"
    where.mkdir()
    (where / "submission.toml").write_text(
        'name = "leaky"\ntitle = "t"\ninterfaces = ["referring"]\nentry = "m.py:build"\n'
        '[[variants]]\nname = "v"\nsettings = { saw_evaluated_images = "yes" }\n'
    )
    (where / "m.py").write_text(
        "class Whole:\n    def prepare(self, sample): return sample\n    def forward(self, inputs): return inputs\n"
        "    def finish(self, raw, sample):\n        h, w = sample.inputs['image'].shape[:2]\n"
        "        return {'box_xyxy': [0, 0, w, h]}\ndef build(context): return Whole()\n"
    )
    record = cli("eval", "--task", "refcoco", "--submission", where, "--no-measure", "--json").json()
    assert [flag["code"] for flag in record["flags"]] == ["leak"]
    assert found(record)["lavt", "oIoU"]["reason"] == "no mask was answered"


# -- bad input -----------------------------------------------------------------------------------------------------------
def test_bad_input_is_one_sentence(cli: Command, folder: Path, results: Path) -> None:
    score = ("score", "--task", "refcoco", "--no-log", results, "--data")
    results.write_text(json.dumps({"sent_id": 55555, "box_xyxy": [0, 0, 1, 1]}))
    said = cli(*score, folder).sentence()
    assert said == f"{results}: line 1: the data set val has no sentence with the sent_id 55555"
    (folder / "data/refcoco/refs(unc).p").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    assert "it asks for os.system at byte 0, which would run code" in cli(*score, folder).sentence()


def test_sentences_of_one_photograph_are_drawn_together(task: Referring, dataset: Dataset) -> None:
    clusters = task.units(dataset).clusters
    assert clusters is not None and clusters.tolist() == dataset.truth.dense("image").tolist()
    part = task.limit(dataset, 9)
    assert task.units(part).ids == dataset.ids[:9]
