"""The short way to a network's input gives what torchvision's own preset gives, to the last digit."""

import numpy as np
import pytest

pytest.importorskip("torchvision")
import torch
from PIL import Image
from torchvision.models import get_model_weights

from submissions.torchvision_models.classification import preprocessed


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "vit_b_16", "inception_v3", "efficientnet_b0"])
@pytest.mark.parametrize("size", [(375, 500), (500, 333), (224, 224), (60, 91)])
def test_preset_and_short_way_are_equal(name: str, size: tuple[int, int]) -> None:
    picture = Image.fromarray(np.random.default_rng(size[0]).integers(0, 256, (*size, 3), np.uint8))
    for weights in get_model_weights(name):
        preset = weights.transforms()
        assert torch.equal(preprocessed(picture, preset), preset(picture))
