"""AdderNet's ResNet-50 keeps the multiplications of its first and last layer alone, and loads the authors' file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from command_line import Harness  # noqa: E402
from counted_networks import counted, in_gold, parameters, verdicts  # noqa: E402
from superres_methods import build_method  # noqa: E402
from torch.nn import functional  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from harness.measure.conventions import views  # noqa: E402
from harness.task import Sample  # noqa: E402
from submissions.addernet.network import Adder, AdderResNet  # noqa: E402
from submissions.addernet.network50 import BLOCKS, AdderResNet50, Bottleneck  # noqa: E402


def on_meta() -> AdderResNet50:
    with torch.device("meta"):
        return AdderResNet50().eval()


def test_counts_are_the_gold_ones(shared: Path) -> None:
    gold, network = in_gold(shared, "addernet/resnet50-imagenet"), on_meta()
    count = counted(network, 1, 3, 224, 224)
    layers = [call.operations for call in count.of("declared")]
    terms = gold["ops"]["adder_l1_terms"]
    assert parameters(network) == gold["params"] == 25_559_032
    assert len(layers) == gold["ops"]["n_adder"] == 52
    assert sum(layer["abs"] for layer in layers) == terms == 3_969_122_304
    assert sum(layer["add"] for layer in layers) == gold["ops"]["adds_adder"] == 2 * terms
    assert count.macs == views(count)["mul"] == gold["ops"]["mults_conv_linear"] == 120_061_952


def official_names() -> set[str]:
    """The names in the authors' file, from how their network is nested."""
    adders, norms = [], ["bn1", "bn2"]
    for stage, blocks in enumerate(BLOCKS, 1):
        for block in range(blocks):
            adders += [f"layer{stage}.{block}.conv{place}.adder" for place in (1, 2, 3)]
            norms += [f"layer{stage}.{block}.bn{place}" for place in (1, 2, 3)]
        adders, norms = [*adders, f"layer{stage}.0.downsample.0.adder"], [*norms, f"layer{stage}.0.downsample.1"]
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return {"conv1.weight", "fc.weight", "fc.bias", *adders} | {f"{norm}.{part}" for norm in norms for part in parts}


def test_the_authors_file_loads_as_it_is(tmp_path: Path) -> None:
    state = {name: torch.ones(value.shape) / (1 + len(name)) for name, value in on_meta().state_dict().items()}
    assert set(state) == official_names()
    assert tuple(state["layer4.0.downsample.0.adder"].shape) == (2048, 1024, 1, 1)
    assert tuple(state["fc.weight"].shape) == (1000, 2048, 1, 1)
    torch.save({f"module.{name}": value for name, value in state.items()}, tmp_path / "ResNet50-AdderNet.pth")
    loaded = build_method("addernet", "resnet50", tmp_path / "ResNet50-AdderNet.pth").module.state_dict()
    assert all(torch.equal(loaded[name], state[name]) for name in loaded if loaded[name].is_floating_point())


def test_the_file_of_resnet_20_is_refused_with_at_most_ten_names(tmp_path: Path) -> None:
    torch.save(AdderResNet().state_dict(), tmp_path / "ResNet20-AdderNet.pth")
    with pytest.raises(WeightsError, match=r"another network than addernet \(resnet50\)") as caught:
        build_method("addernet", "resnet50", tmp_path / "ResNet20-AdderNet.pth")
    assert "and " in str(caught.value) and str(caught.value).count("; ") == 10


def restated(layer: Adder, x: Any) -> Any:
    """Equation 2 of the paper with every difference written out."""
    filters = layer.adder
    padded = functional.pad(x, (layer.padding,) * 4)
    windows = padded.unfold(2, layer.size, layer.stride).unfold(3, layer.size, layer.stride)
    return -(windows[:, None] - filters[None, :, :, None, None]).abs().sum(dim=(2, 5, 6))


@pytest.mark.parametrize(("channels_in", "inside", "stride"), [(8, 4, 2), (16, 4, 1), (8, 4, 1)])
def test_a_bottleneck_is_adder_layers_around_the_one_that_strides(channels_in: int, inside: int, stride: int) -> None:
    torch.manual_seed(4)
    block = Bottleneck(channels_in, inside, stride).eval()
    x = torch.randn(2, channels_in, 6, 6)
    with torch.inference_mode():
        out = functional.relu(block.bn1(restated(block.conv1, x)))
        out = functional.relu(block.bn2(restated(block.conv2, out)))
        out = block.bn3(restated(block.conv3, out))
        assert (block.downsample is None) == (channels_in == 4 * inside and stride == 1)
        shortcut = x if block.downsample is None else block.downsample[1](restated(block.downsample[0], x))
        assert block.conv2.stride == stride
        torch.testing.assert_close(block(x), functional.relu(out + shortcut), rtol=1e-4, atol=1e-4)


def test_a_photograph_gives_a_thousand_logits() -> None:
    method = build_method("addernet", "resnet50", "random", resize=32, crop=32)
    photograph = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    sample = Sample("x", {"image": photograph})
    with torch.inference_mode():
        (raw,) = method.forward([method.prepare(sample)])
    assert method.finish(raw, sample)["logits"].shape == (1000,)


def test_a_stem_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="--set stem=svhn: it must be cifar or imagenet"):
        build_method("addernet", "resnet20", "random", stem="svhn")


@pytest.mark.slow
def test_the_claim_of_no_multiplication_is_counted(harness: Harness) -> None:
    told = harness("paper", "1912.13200", "--cost", "--json").json()
    assert verdicts(told) == {("", ""): ("refuted", 120_061_952)}
    assert {claim["missing"] for claim in told["claims"]} == {"", "data", "weights", "architecture", "adapter"}
