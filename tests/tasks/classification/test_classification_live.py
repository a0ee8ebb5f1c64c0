"""Live runs: real checkpoints give the numbers that their authors' code gives, and misbehaving networks are caught."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
import torch
from command_line import Done
from torch import nn

import harness
from harness.errors import PredictionError, SubmissionError
from tasks.classification.sample import COUNTS, pictures

REAL = ("--no-measure", "--no-interval", "--json")


def counts(done: Done) -> tuple[int, int]:
    """How many images are right at the first place and among the first five."""
    table = next(table for table in done.json()["tables"] if table["name"] == "counts")
    return table["rows"][0][1], table["rows"][3][1]


def cifar(shared: Path) -> list[object]:
    folder = shared / "data/classification"
    return [
        "eval", "--task", "cifar10", "--images", folder / "cifar10_test200_images.npy", "--annotations",
        folder / "cifar10_test200_labels.npy", *REAL,
    ]  # fmt: skip


@pytest.mark.parametrize(("normalisation", "right"), [("imagenet", 185), ("cifar-2023", 184), ("cifar-247", 186)])
def test_resnet20_has_as_many_right_as_published_code(shared, cli, normalisation, right):
    weights = shared / "data/classification/weights/resnet20-12fca82f.th"
    options = ("--submission", "resnet-cifar", "--weights", weights, "--set", f"normalisation={normalisation}")
    assert counts(cli(*cifar(shared), *options))[0] == right


@pytest.mark.slow
def test_addernet_has_as_many_right_as_published_code(shared, cli):
    weights = shared / "data/classification/weights/ResNet20-AdderNet.pth"
    done = cli(*cifar(shared), "--submission", "addernet", "--weights", weights)
    assert counts(done)[0] == 185
    assert {flag["scope"] for flag in done.json()["flags"]} == {"speed", "energy"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "right"),
    [
        ((), (57, 80)),
        (("interpolation=bicubic",), (56, 80)),
        (("backend=tensor",), (56, 80)),
        (("backend=tensor", "antialias=false"), (57, 79)),
    ],
)
def test_mobilenet_has_as_many_right_in_every_preprocessing(shared, cli, options, right):
    folder = shared / "data/classification"
    chosen = [part for option in options for part in ("--set", option)]
    done = cli(
        "eval", "--task", "imagenet", "--images", folder / "imagenet_sample100.zip", "--annotations",
        folder / "imagenet_sample100_labels.csv", "--submission", "mobilenetv1", "--weights",
        folder / "weights/mobilenetV1X0.25_pretrain.tar", *chosen, *REAL,
    )  # fmt: skip
    assert counts(done) == right


@pytest.mark.parametrize(
    ("task", "submission", "least"),
    [
        ("cifar10", "resnet-cifar", 90),
        ("cifar10.1", "resnet-cifar", 90),
        ("cifar100", "resnet-cifar", 60),
        ("cifar10", "addernet", 55),
        ("imagenet", "mobilenetv1", 35),
        ("imagenet-v2", "mobilenetv1", 35),
        ("imagenet-real", "mobilenetv1", 35),
    ],
)
def test_every_sample_has_a_network_trained_for_it(cli, task, submission, least):
    record = cli("eval", "--task", task, "--submission", submission, "--no-measure", "--json").json()
    assert record["task"]["origin"] == "sample" and record["metrics"][0]["value"] > least
    assert cli("verify", record["id"]).status == 0


@pytest.mark.parametrize("keep", ["top100", "none"])
def test_what_is_kept_verifies_and_scores_the_same(cli, keep):
    arguments = ("eval", "--task", "cifar100", "--submission", "resnet-cifar", "--no-measure", "--json")
    whole, part = cli(*arguments).json(), cli(*arguments, "--keep", keep).json()
    assert [one["value"] for one in whole["metrics"]] == [one["value"] for one in part["metrics"]]
    assert cli("verify", part["id"]).status == 0


class Linear:
    """A network of one layer that adds what a test asks for."""

    classes = ()

    def __init__(self, layers: nn.Module, outputs: int = 10) -> None:
        torch.manual_seed(0)
        self.module = nn.Sequential(nn.Flatten(), nn.Linear(3072, outputs), layers).eval()

    def prepare(self, sample):
        return torch.tensor(sample.inputs["image"]).float() / 255

    def forward(self, inputs):
        return list(self.module(torch.stack(list(inputs))))

    def finish(self, raw, sample):
        return {"logits": raw.numpy()}


def run(method, tmp_path, **options):
    return harness.evaluate("cifar10", method, home=tmp_path / "home", measure=False, log=False, page=False, **options)


def test_a_network_in_training_mode_is_refused(tmp_path):
    method = Linear(nn.Dropout(0.5))
    method.module.train()
    with pytest.raises(SubmissionError, match="in training mode"):
        run(method, tmp_path)


class Noise(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


def test_answers_that_change_are_flagged(tmp_path):
    record = run(Linear(Noise()), tmp_path)
    assert [flag.code for flag in record.flags] == ["answers-change"]
    assert run(Linear(nn.Identity()), tmp_path).flags == []


def test_another_number_of_outputs_is_refused(tmp_path):
    with pytest.raises(PredictionError, match="there are 11 logits; the class map has 10 outputs"):
        run(Linear(nn.Identity(), 11), tmp_path)
    assert run(Linear(nn.Identity(), 11), tmp_path, settings={"class_map": "background-first"}).metrics


class Broken(nn.Module):
    def forward(self, x):
        return x * float("nan")


def test_logits_that_are_no_numbers_are_refused(tmp_path):
    with pytest.raises(PredictionError, match="image 00000: logits has a value that is not finite"):
        run(Linear(Broken()), tmp_path)


def test_classes_in_another_order_are_matched_by_name(tmp_path):
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    labels = np.array(pictures(1, COUNTS[10], 10)[1])

    class Oracle(Linear):
        classes = tuple(reversed(names))

        def finish(self, raw, sample):
            logits = np.zeros(10, np.float32)
            logits[9 - labels[int(sample.id)]] = 1
            return {"logits": logits}

    assert run(Oracle(nn.Identity()), tmp_path).metrics[0].value == 100.0
    Oracle.classes = ("cat", "dog")
    with pytest.raises(SubmissionError, match="2 classes, none of them called 'airplane'"):
        run(Oracle(nn.Identity()), tmp_path)


def test_a_damaged_image_ends_the_run_in_a_sentence(cli, tmp_path):
    cli("data", "sample", "imagenet", "--out", tmp_path / "data")
    path = next((tmp_path / "data").rglob("ILSVRC2012_val_00000100.JPEG"))
    path.write_bytes(path.read_bytes()[:500])
    done = cli("eval", "--task", "imagenet", "--data", tmp_path / "data", "--submission", "mobilenetv1", "--no-measure")
    assert "ILSVRC2012_val_00000100.JPEG is no image that can be read" in done.sentence()


def test_torchvisions_networks_run_and_say_how_they_prepare(cli, tmp_path):
    from torchvision.models import get_model

    torch.manual_seed(1)
    torch.save(get_model("mobilenet_v3_small", weights=None).state_dict(), tmp_path / "a.pth")
    done = cli(
        "eval", "--task", "imagenet", "--submission", "torchvision:mobilenet_v3_small", "--weights", tmp_path / "a.pth",
        "--limit", "4", "--batch-size", "4", "--no-measure", "--json",
    )  # fmt: skip
    prepared = done.json()["submission"]["options"]["preprocessing"]
    assert prepared.startswith("short side 256, centre crop 224, bilinear, Pillow, mean (0.485, 0.456, 0.406)")
    wrong = cli("eval", "--task", "imagenet", "--submission", "torchvision:mobilenet_v3_smal", "--weights", "random")
    assert "did you mean" in wrong.sentence(2) or "mobilenet_v3_small" in wrong.sentence(2)
    other = cli("eval", "--task", "cifar10", "--submission", "torchvision:resnet18", "--weights", "IMAGENET1K_V1")
    assert "has 1000 outputs, the class map 10" in other.sentence()
