"""If these fail, weights run in another network than the one that torchvision builds for them."""

import hashlib
from typing import Any

import pytest

pytest.importorskip("torchvision")
import torch
from torchvision.models import detection, get_model, get_model_weights, list_models

from harness.errors import WeightsError
from submissions.torchvision_models import networks
from submissions.torchvision_models.checkpoints import published_as

SMALL = "ssdlite320_mobilenet_v3_large"


def state_of(name: str, labels: int, seed: int = 3) -> dict[str, Any]:
    torch.manual_seed(seed)
    found: dict[str, Any] = networks.build(name, labels).state_dict()
    return found


@pytest.mark.parametrize("name", ["retinanet_resnet50_fpn", "keypointrcnn_resnet50_fpn", "fcos_resnet50_fpn"])
def test_published_weights_run_in_the_network_that_torchvision_builds(monkeypatch: Any, name: str) -> None:
    """Frozen normalisation and, for some, an epsilon of 0: in any other network the last digits are others."""
    weights = get_model_weights(name).DEFAULT
    labels = len(weights.meta["categories"])
    state = {k: v for k, v in state_of(name, labels).items() if not k.endswith("num_batches_tracked")}
    monkeypatch.setattr(type(weights), "get_state_dict", lambda *_, **__: state)
    theirs = get_model(name, weights=weights)
    ours = networks.build(name, labels)
    networks.load(ours, name, state, labels, "file.pth", weights)
    assert repr(ours.backbone) == repr(theirs.backbone)
    assert ("eps=0.0" in repr(ours.backbone)) == (name in networks.NO_EPSILON)
    assert all(torch.equal(value, ours.state_dict()[key]) for key, value in theirs.state_dict().items())


def test_weights_that_were_not_frozen_stay_so() -> None:
    state = state_of(SMALL, 4)
    module = networks.build(SMALL, 4)
    networks.load(module, SMALL, state, 4, "file.pth", None)
    assert repr(module) == repr(networks.build(SMALL, 4)) and "Frozen" not in repr(module)


def test_a_published_file_is_known_by_its_digest_and_no_other() -> None:
    weights = get_model_weights("keypointrcnn_resnet50_fpn")
    assert published_as("keypointrcnn_resnet50_fpn", "fc266e95" + "0" * 56) is weights.COCO_V1
    assert published_as("keypointrcnn_resnet50_fpn", "9f466800" + "0" * 56) is weights.COCO_LEGACY
    assert published_as("keypointrcnn_resnet50_fpn", hashlib.sha256(b"own").hexdigest()) is None
    assert published_as("keypointrcnn_resnet50_fpn", "") is None


@pytest.mark.parametrize("name", [name for name in list_models(module=detection) if "v2" not in name])
def test_a_head_for_other_labels_is_told_with_both_numbers(name: str) -> None:
    """Two-stage, one-stage, with anchors and without: each keeps the number of labels elsewhere."""
    with torch.device("meta"):
        small, large = networks.build(name, 21), networks.build(name, 91)
    state = large.state_dict()
    assert networks.head_labels(small, state, 21) == 91
    assert networks.head_labels(small, small.state_dict(), 21) == 21
    with pytest.raises(
        WeightsError, match=r"own\.pth has a head for 91 labels, the label map of torchvision:.* has 21"
    ):
        networks.load(small, name, state, 21, "own.pth", None)


def test_another_network_is_told_by_its_differences() -> None:
    state = state_of(SMALL, 4)
    state["backbone.extra"] = torch.zeros(3)
    with pytest.raises(WeightsError, match=r"unknown backbone\.extra"):
        networks.load(networks.build(SMALL, 4), SMALL, state, 4, "own.pth", None)
