"""The query-limited tasks from the command line: runs, records, checks of what is stored, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from torch import nn

import harness
from harness.errors import HarnessError, PredictionError, SubmissionError

EVAL = (
    "eval", "--task", "cifar10-blackbox", "--submission", "resnet-cifar", "--no-measure", "--no-interval", "--json",
)  # fmt: skip


def value(record: dict, name: str) -> float | None:
    return next(metric["value"] for metric in record["metrics"] if metric["name"] == name)


def rows(record: dict, table: str) -> dict:
    return dict(next(one for one in record["tables"] if one["name"] == table)["rows"])


def folder(home: Path, record: dict) -> Path:
    return home / next(one["path"] for one in record["artifacts"] if one["kind"] == "predictions")


@pytest.mark.parametrize(
    ("attack", "options", "spends"),
    [
        ("square", (), 1),
        ("nes", ("--parameters", "pairs=3"), 7),
        ("bandits", ("--norm", "l2", "--eps", "1"), 3),
        ("ppba", ("--form", "described"), 1),
        ("ppba", ("--form", "released"), 1),
    ],
)
def test_every_attack_runs_and_is_verified(cli, attack, options, spends):
    done = cli(*EVAL, "--attack", attack, "--max-queries", 40, "--limit", 12, "--keep-images", *options)
    record = done.json()
    assert cli("verify", record["id"]).status == 0
    assert record["settings"]["max_queries"] == 40 and record["settings"]["attack"] == attack
    assert [flag["code"] for flag in record["flags"]] == ["limit"]
    counts, about = rows(record, "counts"), rows(record, "attack")
    assert about["seed"] == 0 and about["goal"] == "untargeted" and about["attack"] == attack
    standing = counts["of them standing"]
    spent = counts["queries of all images"] - counts["queries of the images that fell"]
    assert standing > 0 and spent == standing * (40 // spends * spends)
    assert value(record, "robust_accuracy") == 100 * standing / 12


def test_a_free_test_leaves_more_queries(cli):
    options = ("--attack", "bandits", "--max-queries", 31, "--limit", 6)
    strict = rows(cli(*EVAL, *options).json(), "counts")
    free = rows(cli(*EVAL, *options, "--protocol", "madrylab").json(), "counts")
    for counts in (strict, free):
        # Ten steps of three queries; fifteen of two, since the last of 31 comes too late.
        standing = counts["of them standing"]
        assert standing > 0
        assert counts["queries of all images"] - counts["queries of the images that fell"] == 30 * standing
    assert strict["forward passes for the attack"] == strict["queries of all images"]
    assert free["forward passes for the attack"] * 2 == free["queries of all images"] * 3


def test_the_same_images_fall_at_the_same_query_in_any_company(cli, tmp_path):
    few = cli(*EVAL, "--max-queries", 60, "--limit", 5, "--batch-size", 16).json()
    many = cli(*EVAL, "--max-queries", 60, "--batch-size", 16).json()
    tables = [dict(np.load(next(folder(tmp_path / "home", one).glob("part*.npz")))) for one in (few, many)]
    for name in ("queries", "tests", "clean_logits", "adversarial_logits", "distance"):
        assert np.array_equal(tables[0][name], tables[1][name][:5]), name


def test_a_file_of_results_gives_the_record_of_the_run(cli, tmp_path):
    record = cli(*EVAL, "--max-queries", 30, "--keep-images").json()
    part = dict(np.load(next(folder(tmp_path / "home", record).glob("part*.npz"))))
    content = {name: part[name] for name in part if not name.startswith("#") and name != "input_sha256"}
    cli("data", "sample", "cifar10-blackbox", "--out", tmp_path / "data")
    score = (
        "score",
        "--task",
        "cifar10-blackbox",
        "--data",
        tmp_path / "data",
        "--max-queries",
        30,
        "--no-interval",
        "--json",
    )

    def scored(**changed):
        path = tmp_path / "results.npz"
        kept = {name: one for name, one in {**content, **changed}.items() if one is not None}
        np.savez(path, ids=part["#ids"], **kept)
        return cli(*score, path)

    again = scored().json()
    assert [one["value"] for one in again["metrics"]] == [one["value"] for one in record["metrics"]]
    last = scored(adversarial_image=content["adversarial_image"].transpose(0, 2, 3, 1)).json()
    assert [one["value"] for one in last["metrics"]] == [one["value"] for one in record["metrics"]]
    logits = scored(adversarial_image=None, clean_image=None).json()
    assert [flag["code"] for flag in logits["flags"]] == ["ball-unchecked"]
    queries = content["queries"].copy()
    queries[0] = 31
    assert "has more than the 30 queries that are allowed" in scored(queries=queries).sentence()
    assert "has a negative number of queries" in scored(queries=queries - 99).sentence()
    fallen = content["adversarial_logits"].copy()
    fallen[:] = content["adversarial_logits"][:, ::-1]
    assert "fell without a query" in scored(adversarial_logits=fallen, queries=queries * 0).sentence()
    wrong = content["clean_logits"].copy()
    row = content["queries"].argmax()
    wrong[row] = np.roll(wrong[row], 1)
    assert "is answered wrongly as it is" in scored(clean_logits=wrong).sentence()
    away = np.clip(content["adversarial_image"] + 0.2, 0, 1)
    assert "leaves its set" in scored(adversarial_image=away).sentence()
    assert "lies 3 from its original" in scored(distance=content["distance"] * 0 + 3).sentence()
    assert "it lacks queries" in scored(queries=None).sentence()
    assert "queries has dtype float64" in scored(queries=queries * 1.0).sentence()
    assert "11 logits an image" in scored(clean_logits=np.zeros((24, 11), np.float32)).sentence()
    assert "different numbers of images" in scored(queries=queries[:3]).sentence()


def test_what_was_changed_afterwards_is_disputed(cli, tmp_path):
    record = cli(*EVAL, "--max-queries", 30).json()
    path = next(folder(tmp_path / "home", record).glob("part*.npz"))
    content = dict(np.load(path))
    content["queries"][np.flatnonzero(content["queries"])[0]] -= 1
    with path.open("wb") as stream:
        np.savez(stream, **content)
    done = cli("verify", record["id"])
    assert done.status == 1 and "predictions digest" in done.out + done.err


class Method:
    """A linear network around what a test asks for."""

    def __init__(self, layer: nn.Module) -> None:
        torch.manual_seed(0)
        self.module = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10), layer).eval()

    def logits(self, images):
        return self.module(images)


def run(method, tmp_path, **options):
    chosen = {"max_queries": "20", **options.pop("settings", {})}
    return harness.evaluate(
        "cifar10-blackbox",
        method,
        home=tmp_path / "home",
        measure=False,
        log=False,
        page=False,
        settings=chosen,
        **options,
    )


class Noise(nn.Module):
    def forward(self, x):
        return x + 0.01 * torch.randn_like(x)


def test_a_random_network_is_flagged_and_not_ranked(tmp_path):
    assert [flag.code for flag in run(Method(Noise()), tmp_path).flags] == ["answers-change"]
    assert run(Method(nn.Identity()), tmp_path).flags == []


def test_a_network_in_training_mode_is_refused(tmp_path):
    method = Method(nn.Dropout(0.5))
    method.module.train()
    with pytest.raises(SubmissionError, match="in training mode"):
        run(method, tmp_path)


class Broken(nn.Module):
    def forward(self, x):
        return x * float("nan")


def test_answers_that_are_no_numbers_are_named(tmp_path):
    with pytest.raises(SubmissionError, match="the logits of image 00000 hold nan"):
        run(Method(Broken()), tmp_path)


def test_probabilities_are_said(tmp_path):
    assert any("probabilities" in text for text in run(Method(nn.Softmax(1)), tmp_path).warnings)


def test_the_harness_counts_what_the_network_sees(tmp_path):
    """Every forward pass of the run is the attack's, a clean look, a second one, or fills up the last batch."""
    seen = []

    class Watched(Method):
        def logits(self, images):
            assert not images.requires_grad and not torch.is_grad_enabled()
            seen.append(len(images))
            return super().logits(images)

    record = run(Watched(nn.Identity()), tmp_path, batch_size=1)
    counts = dict(next(table for table in record.tables if table.name == "counts").rows)
    attacked = counts["answered rightly as they are, and attacked"]
    assert set(seen) == {1} and attacked > 0
    # Asked twice as they are; the image that an attack came to once more.
    assert len(seen) == counts["forward passes for the attack"] + 2 * counts["images"] + attacked


def test_another_number_of_outputs_is_refused(tmp_path):
    method = Method(nn.Linear(10, 11))
    with pytest.raises(PredictionError, match="gives 11 logits"):
        run(method, tmp_path)


def test_an_attack_that_leaves_the_ball_is_caught(tmp_path, monkeypatch):
    from tasks.classification.robustness.ball import Ball

    monkeypatch.setattr(Ball, "project", lambda self, images, originals: images + 0.5)
    with pytest.raises(HarnessError, match="outside the linf ball"):
        run(Method(nn.Identity()), tmp_path)


def test_a_run_that_was_stopped_goes_on(cli, monkeypatch):
    from tasks.classification.robustness.blackbox import driver

    whole, groups = driver._run, []

    def stopping(*arguments):
        groups.append(arguments)
        if len(groups) == 3:
            raise RuntimeError("the power went")
        whole(*arguments)

    arguments = (*EVAL, "--max-queries", 20, "--batch-size", 2, "--limit", 20)
    monkeypatch.setattr(driver, "_run", stopping)
    assert "the power went" in cli(*arguments).err
    monkeypatch.setattr(driver, "_run", whole)
    record = cli(*arguments).json()
    assert record["run"]["resumed_samples"] == 16
    undisturbed = cli(*arguments, "--home", "other").json()
    assert record["metrics"] == undisturbed["metrics"] and record["tables"] == undisturbed["tables"]


def test_imagenets_sample_falls_to_square(cli):
    options = ("--attack", "square", "--max-queries", 15, "--limit", 20)
    done = cli(
        "eval",
        "--task",
        "imagenet-blackbox",
        "--submission",
        "mobilenetv1",
        "--no-measure",
        "--no-interval",
        "--json",
        *options,
    )
    record = done.json()
    assert record["settings"]["eps"] == "0.05" and rows(record, "counts")["images"] == 20
    assert cli("verify", record["id"]).status == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--attack", "ppba", "--norm", "linf"), "made for l2 only"),
        (("--attack", "pgd"), "must be one of own, square, nes, bandits, ppba"),
        (("--eps", "8"), "8/255"),
        (("--max-queries", "many"), "expected a int"),
    ],
)
def test_misuse_is_told_in_a_sentence(cli, arguments, says):
    assert says in cli(*EVAL, *arguments).sentence(2)


def test_a_network_with_no_right_answer_has_no_success_rate(cli, tmp_path):
    cli("data", "sample", "cifar10-blackbox", "--out", tmp_path / "data")
    images = np.zeros((20, 32, 32, 3), np.uint8)
    np.save(tmp_path / "i.npy", images)
    weights = ("--images", tmp_path / "i.npy", "--annotations", tmp_path / "l.npy", "--variant", "sample")
    np.save(tmp_path / "l.npy", np.zeros(20, np.int64))
    first = cli(*EVAL, "--max-queries", 2, *weights).json()
    answer = value(first, "clean")
    np.save(tmp_path / "l.npy", np.ones(20, np.int64))
    record = first if answer == 0 else cli(*EVAL, "--max-queries", 2, *weights).json()
    assert value(record, "clean") == 0 and value(record, "success_rate") is None
    reasons = {metric["name"]: metric["reason"] for metric in record["metrics"]}
    assert "none was attacked" in reasons["success_rate"] and reasons["mean_queries"] == "no image fell"


@pytest.mark.slow
def test_square_fools_most_of_resnet20s_real_images(shared, cli, tmp_path):
    """ResNet-20 has no defence: at 8/255 fewer than a third of the images stand after 300 queries."""
    data = shared / "data/classification"
    done = cli(
        *EVAL, "--images", data / "cifar10_test200_images.npy", "--annotations", data / "cifar10_test200_labels.npy",
        "--weights", data / "weights/resnet20-12fca82f.th", "--max-queries", 300, "--limit", 64, "--keep-images",
    )  # fmt: skip
    record = done.json()
    counts = rows(record, "counts")
    assert (
        counts["images"] == 64
        and counts["of them fallen"] * 3 > 2 * counts["answered rightly as they are, and attacked"]
    )
    assert value(record, "median_queries") < 150
    assert cli("verify", record["id"]).status == 0
    assert (
        json.dumps(record["settings"], sort_keys=True)
        == '{"attack": "square", "eps": "8/255", "max_queries": 300, "norm": "linf"}'
    )
