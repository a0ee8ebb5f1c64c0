"""timm's networks get the inputs that timm's own evaluation gives them."""

import numpy as np
import pytest

pytest.importorskip("timm")
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config

from harness.predictions import load_parts
from tasks.classification.sample import SEED_IMAGENET, imagenet_label, imagenet_picture

NAME = "mobilenetv3_small_050"


def test_logits_equal_timms_own(cli, tmp_path):
    torch.manual_seed(5)
    network = timm.create_model(NAME, pretrained=False).eval()
    torch.save(network.state_dict(), tmp_path / "a.pth")
    done = cli(
        "eval", "--task", "imagenet", "--submission", f"timm:{NAME}", "--weights", tmp_path / "a.pth", "--limit", "2",
        "--batch-size", "2", "--no-measure", "--json",
    )  # fmt: skip
    record = done.json()
    transform = create_transform(**resolve_data_config({}, model=network), is_training=False)
    pictures = [Image.fromarray(imagenet_picture(SEED_IMAGENET, index)) for index in range(2)]
    with torch.inference_mode():
        wanted = network(torch.stack([transform(picture) for picture in pictures])).numpy()
    path = next(one["path"] for one in record["artifacts"] if one["kind"] == "predictions")
    stored = load_parts(tmp_path / "home" / path)[0].dense("logits")
    assert np.array_equal(stored, wanted)
    assert "bicubic" in record["submission"]["options"]["preprocessing"]


def test_names_and_weights_are_checked(cli, tmp_path):
    eval = ("eval", "--task", "imagenet", "--submission")
    assert "did you mean" in cli(*eval, "timm:resnet180", "--weights", "random").sentence(2)
    assert "needs weights" in cli(*eval, f"timm:{NAME}").sentence()
    assert "there is no such file" in cli(*eval, f"timm:{NAME}", "--weights", tmp_path / "b.pth").sentence()
    wrong = cli("eval", "--task", "coco", "--submission", f"timm:{NAME}", "--weights", "random")
    assert "answers classification" in wrong.sentence(2)


def test_they_are_attacked_through_their_gradients_and_by_queries(cli, tmp_path):
    torch.manual_seed(5)
    network = timm.create_model(NAME, pretrained=False).eval()
    transform = create_transform(**resolve_data_config({}, model=network), is_training=False)
    # The first four of each task's sample: the list of imagenet-linf takes every fourth picture.
    indices = (0, 1, 2, 3, 4, 8, 12)
    pictures = torch.stack([transform(Image.fromarray(imagenet_picture(SEED_IMAGENET, index))) for index in indices])
    with torch.no_grad():
        features = network.forward_head(network.forward_features(pictures), pre_logits=True)
        # The picture that is most alike names the class, so that an untrained network has something to lose.
        network.classifier.weight.zero_()
        network.classifier.bias.fill_(-1e6)
        labels = [imagenet_label(index) for index in indices]
        scale = 1 / torch.cdist(features, features)[0, 1] ** 2
        network.classifier.weight[labels] = 2 * scale * features
        network.classifier.bias[labels] = -scale * (features**2).sum(dim=1)
    torch.save(network.state_dict(), tmp_path / "a.pth")
    run = ("--submission", f"timm:{NAME}", "--weights", tmp_path / "a.pth", "--limit", "4", "--no-measure", "--json")
    whole = cli("eval", "--task", "imagenet-linf", "--attack", "pgd", "--steps", "5", "--eps", "8/255", *run).json()
    assert {one["name"]: one["value"] for one in whole["metrics"]}["clean"] == 100
    assert {one["name"]: one["value"] for one in whole["metrics"]}["robust_accuracy"] < 100
    assert not {flag["code"] for flag in whole["flags"]} & {"zero-gradients", "answers-change"}
    asked = cli("eval", "--task", "imagenet-blackbox", "--max-queries", "20", "--eps", "0.1", *run).json()
    assert {one["name"]: one["value"] for one in asked["metrics"]}["clean"] == 100
    assert cli("verify", asked["id"]).status == 0 and cli("verify", whole["id"]).status == 0
