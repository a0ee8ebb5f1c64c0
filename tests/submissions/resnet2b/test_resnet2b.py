"""alpha-beta-CROWN's networks: the published checkpoint fits, and the samples' networks are trained for what they show."""

import pytest

pytest.importorskip("torch")
import torch

from submissions.resnet2b.network import VerifiedResNet


def shapes(network) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def test_names_and_shapes_are_those_of_the_published_checkpoint(shared):
    path = shared / "data/robustness/weights/resnet2b.pth"
    state = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    assert shapes(VerifiedResNet(1, 8)) == {name: tuple(value.shape) for name, value in state.items()}


def test_resnet4b_has_two_stages_of_thirty_two_channels():
    # alpha-beta-CROWN, model_defs.py: CResNet7 with two blocks a stage, 16 channels first, 32 * 4 * 4 values at the end.
    found = shapes(VerifiedResNet(2, 16))
    assert found["conv1.weight"] == (16, 3, 3, 3) and found["layer1.0.shortcut.0.weight"] == (32, 16, 1, 1)
    assert found["layer2.0.shortcut.0.weight"] == (32, 32, 1, 1) and "layer2.1.shortcut.0.weight" not in found
    assert found["linear1.weight"] == (100, 512) and found["linear2.weight"] == (10, 100)


def test_the_samples_networks_stand_where_others_fall(cli):
    arguments = ("--task", "cifar10-linf", "--attack", "fgsm", "--no-measure", "--no-interval", "--json")
    found = {}
    for name in ("resnet2b", "resnet4b", "resnet-cifar"):
        record = cli("eval", *arguments, "--submission", name).json()
        assert record["task"]["origin"] == "sample" and record["submission"]["variant"] == "sample"
        found[name] = {metric["name"]: metric["value"] for metric in record["metrics"]}
    for name in ("resnet2b", "resnet4b"):
        assert found[name]["clean"] > 70
        assert found[name]["robust_accuracy"] > found["resnet-cifar"]["robust_accuracy"] + 10


def test_resnet4b_without_weights_says_so(cli, tmp_path):
    import numpy as np

    np.save(tmp_path / "i.npy", np.zeros((20, 32, 32, 3), np.uint8))
    np.save(tmp_path / "l.npy", np.zeros(20, np.int64))
    done = cli(
        "eval", "--task", "cifar10-linf", "--submission", "resnet4b", "--images", "i.npy", "--annotations", "l.npy"
    )
    assert "weights" in done.sentence()
