"""timm's networks get the inputs that timm's own evaluation gives them."""

import numpy as np
import pytest

pytest.importorskip("timm")
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_data_config

from harness.predictions import load_parts
from tasks.classification.sample import SEED_IMAGENET, imagenet_picture

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
