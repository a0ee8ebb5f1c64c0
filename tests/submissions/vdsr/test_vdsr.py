"""VDSR has the published size, loads the port's files under both of its namings, and changes luma alone."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from superres_methods import SUBMISSIONS, build_method, gain_over_bicubic, influence  # noqa: E402

from harness.errors import WeightsError  # noqa: E402
from harness.manifest import read_manifest  # noqa: E402
from harness.task import DataRequest, Sample  # noqa: E402
from submissions.vdsr.luma import rgb_to_ycbcr, ycbcr_to_rgb  # noqa: E402
from submissions.vdsr.network import VDSR  # noqa: E402
from tasks.superres import set5  # noqa: E402
from tasks.superres.data import to_image  # noqa: E402
from tasks.superres.metrics import psnr, shave  # noqa: E402
from tasks.superres.resize import downscale, upscale  # noqa: E402
from tasks.superres.sample import write_sample  # noqa: E402

load = partial(build_method, "vdsr")


def test_the_network_has_the_published_size() -> None:
    assert sum(value.numel() for value in VDSR().parameters()) == 664_704


def test_both_namings_of_the_port_load(tmp_path: Path) -> None:
    torch.manual_seed(3)
    shapes = [(64, 1), *[(64, 64)] * 18, (1, 64)]
    tensors = [torch.randn(*shape, 3, 3) for shape in shapes]
    middle = {f"residual_layer.{i}.conv.weight": tensor for i, tensor in enumerate(tensors[1:-1])}
    today = {"input.weight": tensors[0], "output.weight": tensors[-1], **middle}
    first = {f"module.features.{2 * i}.weight": tensor for i, tensor in enumerate(tensors)}
    for name, state in (("today", today), ("first", first)):
        torch.save({"epoch": 50, "model": state}, tmp_path / f"{name}.pth")
        loaded = load("vdsr", tmp_path / f"{name}.pth").module.state_dict()
        assert set(loaded) == set(today) and all(torch.equal(loaded[key], value) for key, value in today.items())


AUTHORS_CODE = """
import sys, torch
sys.path.insert(0, sys.argv[1])
import vdsr
torch.manual_seed(5)
torch.save({"epoch": 50, "model": torch.nn.DataParallel(vdsr.Net())}, sys.argv[2])
"""
AUTHORS_CLASS = """
import torch
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(64, 64, 3, bias=False)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.residual_layer = torch.nn.Sequential(*[Block() for _ in range(18)])
        self.input = torch.nn.Conv2d(1, 64, 3, bias=False)
        self.output = torch.nn.Conv2d(64, 1, 3, bias=False)
        self.relu = torch.nn.ReLU()
"""


def test_a_network_stored_whole_is_converted_without_its_authors_code(tmp_path: Path) -> None:
    """The port's checkpoint is such a file: an object of its class, which nobody else has on the path."""
    (tmp_path / "authors").mkdir()
    (tmp_path / "authors" / "vdsr.py").write_text(AUTHORS_CLASS)
    stored, converted = tmp_path / "model_epoch_50.pth", tmp_path / "vdsr.safetensors"
    subprocess.run([sys.executable, "-c", AUTHORS_CODE, str(tmp_path / "authors"), str(stored)], check=True)
    with pytest.raises(WeightsError, match="harness weights convert"):
        load("vdsr", stored)
    command = [sys.executable, "-m", "harness.cli", "weights", "convert", str(stored), str(converted)]
    subprocess.run(command, check=True, capture_output=True)
    torch.manual_seed(5)
    expected = torch.nn.Conv2d(64, 64, 3, bias=False).weight
    assert torch.equal(load("vdsr", converted).module.residual_layer[0].conv.weight, expected)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(64, 1, 3, 3)}, tmp_path / "short.pth")
    with pytest.raises(WeightsError, match="another network than vdsr"):
        load("vdsr", tmp_path / "short.pth")


def test_luma_is_matlabs() -> None:
    """MATLAB's documentation: black is (16, 128, 128), white (235, 128, 128); red, green and blue by BT.601."""
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    expected = [
        [16, 128, 128],
        [235, 128, 128],
        [81.481, 90.203, 240],
        [144.553, 53.797, 34.214],
        [40.966, 240, 109.786],
    ]
    np.testing.assert_allclose(rgb_to_ycbcr(colours)[0], expected, atol=1e-12)


def test_the_way_to_luma_and_back_keeps_every_pixel() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (60, 70, 3), dtype=np.uint8)
    assert (ycbcr_to_rgb(rgb_to_ycbcr(rgb)) == rgb).all()


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_a_network_that_adds_nothing_gives_bicubic(scale: int) -> None:
    method = load("sample", "random", {"scale": scale})
    torch.nn.init.zeros_(method.module.output.weight)
    image = np.random.default_rng(2).integers(60, 200, (9, 11, 3), dtype=np.uint8)
    sample = Sample("x", {"image": image})
    with torch.inference_mode():
        answer = method.finish(method.forward([method.prepare(sample)])[0], sample)["image"]
    expected = ycbcr_to_rgb(upscale(rgb_to_ycbcr(image), scale))
    # Luma passes through single precision.
    assert answer.shape == expected.shape and (answer == expected).mean() > 0.999


def test_the_network_changes_luma_alone() -> None:
    method = load("sample", facts={"scale": 2})
    sample = Sample("x", {"image": np.random.default_rng(2).integers(60, 200, (9, 11, 3), dtype=np.uint8)})
    with torch.inference_mode():
        prepared = method.prepare(sample)
        answer = method.finish(method.forward([prepared])[0], sample)["image"]
    assert np.abs(rgb_to_ycbcr(answer)[..., 1:] - prepared.chroma).max() < 1
    assert np.abs(rgb_to_ycbcr(answer)[..., 0] / 255 - prepared.luma[0, 0].numpy()).max() > 0.01


def test_the_reach_is_what_an_output_depends_on() -> None:
    network = VDSR(layers=5, channels=3)
    assert influence(network, 1, 1, 31) == network.reach == 5


def test_tiles_show_no_seam() -> None:
    sample = Sample("x", {"image": np.random.default_rng(1).integers(0, 256, (31, 27, 3), dtype=np.uint8)})
    with torch.inference_mode():
        whole, tiles = (load("sample", facts={"scale": 3}, tile=tile) for tile in (0, 8))
        one, other = (method.forward([method.prepare(sample)])[0] for method in (whole, tiles))
    torch.testing.assert_close(one.luma, other.luma, rtol=0, atol=1e-5)
    assert (whole.finish(one, sample)["image"] == tiles.finish(other, sample)["image"]).mean() > 0.9999


def test_images_of_one_size_and_of_several_give_what_single_ones_give() -> None:
    method = load("sample", facts={"scale": 2})
    random = np.random.default_rng(0)
    samples = [
        Sample(str(i), {"image": random.integers(0, 256, (*s, 3), dtype=np.uint8)})
        for i, s in enumerate([(12, 14), (12, 14), (9, 20)])
    ]
    inputs = [method.prepare(sample) for sample in samples]
    with torch.inference_mode():
        for chosen in (inputs[:2], inputs):
            for together, alone in zip(method.forward(chosen), chosen, strict=True):
                torch.testing.assert_close(together.luma, method.forward([alone])[0].luma, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("scale", "psnr_db"), [(2, 33.690394), (3, 30.407692)])
def test_bicubic_of_unrounded_luma_gives_what_the_port_prints(shared: Path, scale: int, psnr_db: float) -> None:
    """The numbers that its evaluation printed for MATLAB's files."""
    dataset = set5().open(DataRequest(data=shared / "data" / "superres", split=f"x{scale}"))
    found = []
    for index in range(len(dataset.ids)):
        luma = np.ascontiguousarray(rgb_to_ycbcr(to_image(dataset.truth.row(index)))[..., 0])
        found.append(psnr(shave(luma, scale), shave(upscale(downscale(luma, scale), scale), scale)))
    assert np.mean(found) == pytest.approx(psnr_db, abs=5e-7)


def test_the_variant_follows_the_data() -> None:
    manifest = read_manifest(SUBMISSIONS / "vdsr")
    assert manifest.choose("set14", {"scale": 8}, True).name == "sample"
    assert manifest.choose("set14", {"scale": 2}, False).name == "vdsr"


@pytest.fixture(scope="module")
def sample_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("superres-sample")
    write_sample(root)
    return root


@pytest.mark.parametrize(("scale", "gain_db"), [(2, 2.0), (3, 0.8), (4, 0.5)])
def test_the_small_variant_beats_bicubic_on_the_sample(sample_root: Path, scale: int, gain_db: float) -> None:
    dataset = set5().open(DataRequest(data=sample_root, split=f"x{scale}"))
    assert gain_over_bicubic(load("sample", facts=dict(dataset.facts)), dataset) > gain_db


@pytest.mark.slow
def test_training_learns() -> None:
    from submissions.vdsr import train_sample
    from tasks.superres.training import batches

    low, high = next(batches(train_sample.luma_pairs(2), 1, 4, 1, train_sample.PATCH))

    def loss(steps: int) -> float:
        network = train_sample.train(steps, 2, batch=4)
        with torch.no_grad():
            return float(torch.nn.functional.l1_loss(network(low), high))

    assert loss(60) < 0.6 * loss(1)
