"""RBNN: counts equal the gold numbers, the binary convolution is what the paper says, the authors' checkpoints fit."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from counted_networks import build, gold, loads_as_it_is, normalised, viewed  # noqa: E402

from harness.errors import UsageError  # noqa: E402
from harness.measure.sizes import measure_sizes  # noqa: E402
from submissions.rbnn.binary import BinaryConv2d, factors, sign  # noqa: E402
from submissions.rbnn.model import network  # noqa: E402

NAMES = {"cifar/resnet18_1w1a": "resnet18", "cifar/resnet20_1w1a": "resnet20",
         "cifar/resnet20_bireal_1w1a": "resnet20-bireal", "imagenet/resnet18_1w1a": "imagenet-resnet18"}  # fmt: skip


def test_every_count_and_size_equals_the_gold_numbers(shared: Path) -> None:
    entries = gold(shared, "rbnn")
    assert len(entries) == 4
    for entry in entries:
        name = NAMES[entry["id"].removeprefix("rbnn/")]
        photographs = name.startswith("imagenet")
        module = network(name, 16, 1000 if photographs else 10)
        sizes, parts = measure_sizes(module), entry["params_breakdown"]
        assert (sizes.parameters, sizes.parameters_deployed) == (entry["params_train"], entry["params_deploy"]), name
        assert sizes.deployed_bits == parts["size_bits_1bit_w_32bit_rest"], name
        assert sizes.stored_bits - 32 * parts["train_only_rotate"] == parts["size_bits_fp32"], name
        found = viewed(module, 224 if photographs else 32)
        assert (found["bops"], found["macs"], found["bnn_ops"]) == (entry["bops"], entry["fp_macs"], entry["OPs"]), name


def test_networks_without_gold_numbers_count_by_hand() -> None:
    vgg = viewed(network("vgg-small", 16, 10), 32)
    widths, sides = (128, 128, 256, 256, 512, 512), (32, 32, 16, 16, 8, 8)
    binary = sum(9 * widths[n - 1] * widths[n] * sides[n] ** 2 for n in range(1, 6))
    assert (vgg["bops"], vgg["macs"]) == (binary, 27 * 128 * 32 * 32 + 8192 * 10)
    deep = viewed(network("imagenet-resnet34", 16, 1000), 224)
    # Every convolution of 3x3 in a stage costs the same but the first of stages 2 to 4, which has half the inputs.
    assert deep["bops"] == 9 * 64 * 64 * 56 * 56 * (6 + 7.5 + 11.5 + 5.5)


def literal(layer: BinaryConv2d, x: Any) -> Any:
    """The layer, number by number: signs of the standardised input by signs of the rotated weights, scaled."""
    weight = layer.weight.detach().double()
    filters, channels, size, _ = weight.shape
    signs = torch.zeros_like(weight)
    a, b = layer.R1.double(), layer.R2.double()
    for index in range(filters):
        one = weight[index].flatten()
        one = (one - one.mean()) / math.sqrt(float(((one - one.mean()) ** 2).sum()) / (len(one) - 1))
        turned = (a.T @ one.reshape(len(a), len(b)) @ b).flatten()
        part = abs(math.sin(float(layer.rotate[index])))
        signs[index] = ((1 - part) * one + part * turned).sign().reshape(channels, size, size)
    n, _, height, width = x.shape
    out = torch.zeros(n, filters, height, width, dtype=torch.float64)
    for picture in range(n):
        bits = torch.zeros(channels, height + 2, width + 2, dtype=torch.float64)
        bits[:, 1:-1, 1:-1] = (x[picture].double() - x[picture].double().mean()).sign()
        for f in range(filters):
            for row in range(height):
                for column in range(width):
                    out[picture, f, row, column] = (bits[:, row : row + 3, column : column + 3] * signs[f]).sum()
    return out * layer.alpha.detach().double()


def test_the_binary_convolution_is_the_literal_one() -> None:
    torch.manual_seed(5)
    layer = BinaryConv2d(4, 3, 3)
    layer.rotate.data.uniform_(0, math.pi / 2)
    x = torch.randn(2, 4, 5, 6)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x).double(), literal(layer, x), rtol=1e-6, atol=0)
        scaled = layer(x) / layer.alpha
        assert torch.allclose(scaled, scaled.round(), atol=1e-4)


def test_the_gradient_of_the_sign_is_a_triangle() -> None:
    x = torch.tensor([-3.0, -1.0, 0.0, 0.5, 3.0], requires_grad=True)
    sign(x, 1.0, 2.0).sum().backward()
    expected = [max(0.0, 2 * (math.sqrt(2) - abs(value))) for value in x.tolist()]
    torch.testing.assert_close(x.grad, torch.tensor(expected))


def test_turning_brings_filters_nearer_to_their_signs() -> None:
    torch.manual_seed(6)
    layer = BinaryConv2d(8, 6, 3)

    def agreement() -> float:
        weight = layer.weight.detach()
        weight = weight - weight.mean((1, 2, 3), keepdim=True)
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
        turned = layer.R1.T @ weight.reshape(6, len(layer.R1), len(layer.R2)) @ layer.R2
        return float(turned.abs().sum())

    before = agreement()
    layer.turn()
    assert agreement() > 1.02 * before
    for rotation in (layer.R1, layer.R2):
        torch.testing.assert_close(rotation @ rotation.T, torch.eye(len(rotation)), rtol=0, atol=1e-5)


def binary(name: str, channels: int, entering: int, size: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a binary convolution in the authors' checkpoints."""
    a, b = factors(entering * size * size)
    return {
        f"{name}.weight": (channels, entering, size, size), f"{name}.alpha": (channels, 1, 1),
        f"{name}.rotate": (channels, 1, 1, 1), f"{name}.R1": (a, a), f"{name}.R2": (b, b),
    }  # fmt: skip


def test_the_authors_cifar_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    names: dict[str, tuple[int, ...]] = {
        "conv1.weight": (64, 3, 3, 3),
        "linear.weight": (10, 512),
        "linear.bias": (10,),
    }
    names |= normalised("bn1", 64) | normalised("bn2", 512)
    entering = 64
    for stage in range(4):
        for block in range(2):
            layer, channels = f"layer{stage + 1}.{block}", 64 << stage
            names |= binary(f"{layer}.conv1", channels, entering, 3) | binary(f"{layer}.conv2", channels, channels, 3)
            names |= normalised(f"{layer}.bn1", channels) | normalised(f"{layer}.bn2", channels)
            if entering != channels:
                names |= binary(f"{layer}.shortcut.0", channels, entering, 1) | normalised(
                    f"{layer}.shortcut.1", channels
                )
            entering = channels
    assert loads_as_it_is("rbnn", "resnet18", tmp_path / "18.pt", names)


def test_the_authors_vgg_and_imagenet_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    names: dict[str, tuple[int, ...]] = {"conv0.weight": (128, 3, 3, 3), "fc.weight": (10, 8192), "fc.bias": (10,)}
    widths = (128, 128, 256, 256, 512, 512)
    for place, channels in enumerate(widths):
        names |= normalised(f"bn{place}", channels)
        names |= binary(f"conv{place}", channels, widths[place - 1], 3) if place else {}
    assert loads_as_it_is("rbnn", "vgg-small", tmp_path / "vgg.pt", names)
    names = {"conv1.weight": (64, 3, 7, 7), "fc.weight": (1000, 512), "fc.bias": (1000,)}
    names |= normalised("bn1", 64) | normalised("bn2", 512) | normalised("bn3", 1000)
    entering = 64
    for stage in range(4):
        for block in range(2):
            layer, channels = f"layer{stage + 1}.{block}", 64 << stage
            names |= binary(f"{layer}.conv1", channels, entering, 3) | binary(f"{layer}.conv2", channels, channels, 3)
            names |= normalised(f"{layer}.bn1", channels) | normalised(f"{layer}.bn2", channels)
            if entering != channels:
                names |= {f"{layer}.downsample.0.weight": (channels, entering, 1, 1)}
                names |= normalised(f"{layer}.downsample.1", channels)
            entering = channels
    assert loads_as_it_is("rbnn", "imagenet-resnet18", tmp_path / "i18.pt", names)


def test_logits_of_two_pictures() -> None:
    for name in ("resnet20", "resnet20-bireal", "resnet18", "vgg-small"):
        with torch.inference_mode():
            assert network(name, 16, 7).eval()(torch.rand(2, 3, 32, 32)).shape == (2, 7)
    with torch.inference_mode():
        assert network("imagenet-resnet18", 16, 11).eval()(torch.rand(1, 3, 224, 224)).shape == (1, 11)


def test_what_does_not_fit_is_told() -> None:
    for options, sentence in (({"network": "resnet50"}, "it must be one of resnet18"), ({"classes": 0}, "above 0")):
        with pytest.raises(UsageError, match=sentence):
            build("rbnn", "resnet20", **options)


def test_the_sample_variant_knows_the_sample(cli: Callable[..., Any]) -> None:
    record = cli(
        "eval", "--task", "cifar10", "--submission", "rbnn", "--no-measure", "--no-log", "--no-page", "--json"
    ).json()
    assert record["submission"]["variant"] == "sample" and record["submission"]["emulated"] == "binary"
    assert next(m["value"] for m in record["metrics"] if m["name"] == "top1") > 75


def test_every_claim_has_one_blocker(cli: Callable[..., Any]) -> None:
    claims = cli("paper", "2009.13055", "--format", "json").json()["claims"]
    assert [c["missing"] for c in claims] == ["adapter"] + ["weights"] * 14
