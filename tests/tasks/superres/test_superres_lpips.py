"""LPIPS is the package's own number, to the last digit, and never one of other weights."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done

from harness.task import Dataset
from tasks.superres import perceptual
from tasks.superres.data import to_image
from tasks.superres.metrics import Image, shave
from tasks.superres.resize import upscale

Cli = Callable[..., Done]
torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision publishes AlexNet's, of random numbers, without the classifier that LPIPS never looks at."""
    from torchvision.models import alexnet as build

    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("alexnet") / "alexnet.pth"
    state = build(weights=None).state_dict()
    torch.save({name: value for name, value in state.items() if name.startswith("features.")}, path)
    return path


@pytest.fixture
def accepted(alexnet: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same file, taken for the published one."""
    pytest.importorskip("lpips")
    monkeypatch.setattr(perceptual, "BACKBONE", hashlib.sha256(alexnet.read_bytes()).hexdigest()[:8])
    return alexnet


def images(seed: int, height: int, width: int) -> tuple[Image, Image]:
    """A picture and another one that is near it."""
    random = np.random.default_rng(seed)
    first = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return first, np.clip(first + random.normal(0, 20, first.shape), 0, 255).astype(np.uint8)


def theirs(alexnet: Path) -> Callable[[Image, Image], float]:
    """The package's own network with these weights."""
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    state = torch.load(alexnet, weights_only=True)
    for name, value in network.net.state_dict().items():
        _, place, kind = name.split(".")
        value.copy_(state[f"features.{place}.{kind}"])

    def distance(one: Image, other: Image) -> float:
        with torch.inference_mode():
            return float(network(lpips.im2tensor(one), lpips.im2tensor(other)))

    return distance


def test_it_is_the_packages_number_to_the_last_digit(accepted: Path) -> None:
    ours, official = perceptual.Perceptual(accepted), theirs(accepted)
    for seed, size in enumerate([(31, 31), (31, 97), (64, 64), (132, 108)]):
        one, other = images(seed, *size)
        assert ours(one, other) == official(one, other) > 0
        assert ours(one, one) == 0


@pytest.mark.slow
def test_it_stands_beside_the_others_where_it_is_asked_for(cli: Cli, accepted: Path, sample: Dataset) -> None:
    common = ("eval", "--task", "set5", "--data", "sample", "--submission", "bicubic", "--no-measure", "--json")
    without = cli(*common).json()
    record: dict[str, Any] = cli(*common, "--lpips-weights", accepted).json()
    [metric] = [metric for metric in record["metrics"] if metric["name"] == "LPIPS"]
    assert metric["protocol"] == "rgb" and not metric["higher_is_better"] and metric["interval"]
    assert [m for m in record["metrics"] if m is not metric] == without["metrics"]
    tables = {table["name"]: table["rows"] for table in record["tables"]}
    values = [value for _, value in tables["lpips"]]
    assert metric["value"] == pytest.approx(np.mean(values), rel=1e-12) and len(values) == 24
    digests = dict(tables["lpips_weights"])
    assert digests["AlexNet (torchvision)"] == hashlib.sha256(accepted.read_bytes()).hexdigest()
    assert digests["linear layers (lpips 0.1)"] == perceptual.LINEAR
    assert cli("verify", record["id"], "--json").json()["provenance"] == "verified"
    enlarged = upscale(sample.sample(0).inputs["image"], 4)
    assert values[0] == theirs(accepted)(shave(to_image(sample.truth.row(0)), 4), shave(enlarged, 4))


def test_who_verifies_may_have_torchvisions_own_copy(
    cli: Cli, accepted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("eval", "--task", "set5", "--data", "sample", "--submission", "bicubic", "--no-measure", "--limit", "2")
    moved = tmp_path / "mine.pth"
    moved.write_bytes(accepted.read_bytes())
    record = cli(*common, "--lpips-weights", moved, "--json").json()
    kept = tmp_path / "torch" / "hub" / "checkpoints" / f"alexnet-owt-{perceptual.BACKBONE}.pth"
    kept.parent.mkdir(parents=True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    moved.rename(kept)
    assert "is verified" in cli("verify", record["id"]).out


def test_other_weights_are_refused_before_anything_runs(
    cli: Cli, alexnet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    common = ("eval", "--task", "set5", "--data", "sample", "--submission", "bicubic", "--no-measure")
    words = cli(*common, "--lpips-weights", alexnet).sentence()
    assert "is not torchvision's AlexNet (alexnet-owt-7be5be79.pth), which LPIPS is made with" in words
    assert "there is no such file" in cli(*common, "--lpips-weights", tmp_path / "none.pth").sentence(2)


def test_without_the_package_the_extra_is_named(cli: Cli, alexnet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "BACKBONE", hashlib.sha256(alexnet.read_bytes()).hexdigest()[:8])
    monkeypatch.setattr(perceptual, "find_spec", lambda name: None)
    common = ("eval", "--task", "set5", "--data", "sample", "--submission", "bicubic", "--no-measure")
    assert "pip install 'vision-harness[lpips]'" in cli(*common, "--lpips-weights", alexnet).sentence(2)
