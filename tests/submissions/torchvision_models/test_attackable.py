"""Classifiers under attack are the ones that are scored: their logits of pixels are those of what they prepare."""

import numpy as np
import pytest

pytest.importorskip("torchvision")
import torch

from harness.task import Sample
from submissions.mobilenetv1.model import Classifier as MobileNet
from submissions.mobilenetv1.network import MobileNetV1
from submissions.mobilenetv1.preprocess import Preprocessing
from submissions.torchvision_models.classification import Classifier


def torchvisions():
    from torchvision.models import get_model, get_model_weights

    torch.manual_seed(0)
    preset = get_model_weights("mobilenet_v3_small").DEFAULT.transforms()
    return Classifier(get_model("mobilenet_v3_small", weights=None), preset, "cpu")


def mobilenet():
    torch.manual_seed(0)
    return MobileNet(MobileNetV1(0.25, 1000), "cpu", Preprocessing())


@pytest.mark.parametrize("make", [torchvisions, mobilenet])
def test_logits_of_pixels_are_the_scored_ones_and_differentiable(make):
    method = make()
    image = np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype=np.uint8)
    sample = Sample("a", {"image": image})
    pixels = method.pixels(sample)
    assert pixels.shape == (3, 224, 224) and 0 <= float(pixels.min()) <= float(pixels.max()) <= 1
    leaf = pixels[None].requires_grad_()
    logits = method.logits(leaf)
    with torch.no_grad():
        scored = method.forward([method.prepare(sample)])[0]
    assert torch.allclose(logits[0], scored, rtol=0, atol=1e-5)
    (gradient,) = torch.autograd.grad(logits[0, 3], leaf)
    assert float(gradient.abs().sum()) > 0


def test_they_run_under_attack(cli, tmp_path):
    from torchvision.models import get_model

    torch.manual_seed(1)
    torch.save(get_model("mobilenet_v3_small", weights=None).state_dict(), tmp_path / "a.pth")
    record = cli(
        "eval", "--task", "imagenet-linf", "--attack", "fgsm", "--submission", "torchvision:mobilenet_v3_small", "--weights",
        tmp_path / "a.pth", "--limit", "4", "--no-measure", "--json",
    ).json()  # fmt: skip
    cells = [row for table in record["tables"] if table["name"] == "parameters" for row in table["rows"]]
    assert ["run", "pixels", "the submission's own"] in cells
