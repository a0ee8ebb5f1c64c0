"""Networks whose counts are known: closed forms derived layer by layer, and the gold numbers, to the last unit.

All are built on the meta device: shapes alone decide, and nothing is computed.
"""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from counted_networks import counted, in_gold  # noqa: E402

from harness.measure import count_operations  # noqa: E402
from harness.measure.conventions import views  # noqa: E402
from harness.measure.sizes import count_parameters  # noqa: E402


def torchvision_network(name: str) -> Any:
    models = pytest.importorskip("torchvision").models
    with torch.device("meta"):
        return models.get_model(name, weights=None).eval()


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50", "vgg16_bn"])
def test_torchvision_networks_equal_the_gold_counts(shared: Path, name: str) -> None:
    gold, network = in_gold(shared, f"torchvision/{name}"), torchvision_network(name)
    count = counted(network, 1, 3, 224, 224)
    assert (count_parameters(network), count.macs) == (gold["params"], gold["macs"])
    assert views(count)["macs_of_layers"] == gold["macs"]
    assert not count.uncounted and not count.untyped


# -- transformers ------------------------------------------------------------------------------------------------------
def attention(tokens: int, width: int, window: int) -> int:
    """Queries, keys, values; every token with the `window` tokens that it sees, twice; the output."""
    return tokens * width * 3 * width + 2 * tokens * window * width + tokens * width * width


def perceptron(tokens: int, width: int, ratio: int = 4) -> int:
    return 2 * tokens * width * ratio * width


def test_vit_b_16_equals_its_closed_form_attention_included() -> None:
    patches, width = 14 * 14, 768
    embedding = patches * width * 3 * 16 * 16
    blocks = 12 * (attention(patches + 1, width, patches + 1) + perceptron(patches + 1, width))
    count = counted(torchvision_network("vit_b_16"), 1, 3, 224, 224)
    assert count.macs == embedding + blocks + width * 1000
    assert round(count.macs / 1e9, 2) == 17.56
    assert sum(call.operations["mac"] for call in count.of("attention")) == 12 * 2 * 197 * 197 * width


def test_swin_t_equals_its_closed_form_attention_included() -> None:
    """Windows of 7 x 7 in four stages of 56, 28, 14 and 7 rows; before the later three, 2 x 2 tokens become one."""
    total = 56 * 56 * 96 * 3 * 4 * 4
    for side, width, depth in ((56, 96, 2), (28, 192, 2), (14, 384, 6), (7, 768, 2)):
        tokens = side * side
        merging = tokens * (2 * width) * width if width > 96 else 0
        total += merging + depth * (attention(tokens, width, 49) + perceptron(tokens, width))
    count = counted(torchvision_network("swin_t"), 1, 3, 224, 224)
    assert count.macs == total + 768 * 1000
    assert round(count.macs / 1e9, 2) == 4.49
    assert not count.uncounted


# -- the project's own -------------------------------------------------------------------------------------------------
def test_addernet_multiplies_in_its_first_and_last_layer_alone() -> None:
    """Every other layer: for each term a subtraction and an accumulation; the absolute value is a type of its own."""
    from submissions.addernet.network import AdderResNet

    with torch.device("meta"):
        network = AdderResNet().eval()
    terms = 0
    for side, narrow, width in ((32, 16, 16), (16, 16, 32), (8, 32, 64)):
        shortcut = narrow if narrow != width else 0
        terms += side * side * width * ((narrow + 5 * width) * 9 + shortcut)
    count = counted(network, 1, 3, 32, 32)
    adders = [call.operations for call in count.of("declared")]
    assert sum(a["add"] for a in adders) == 2 * terms and sum(a["abs"] for a in adders) == terms
    assert sum(a["mul"] + a["mac"] for a in adders) == 0
    stem, classifier = 32 * 32 * 16 * 27, 64 * 10
    found = views(count, network)
    assert (found["mul"], found["add"]) == (stem + classifier, 2 * terms + stem + classifier)
    assert count.operations["mac"] == stem + classifier and not count.uncounted


def test_the_edsr_baseline_equals_the_gold_count(shared: Path) -> None:
    from submissions.edsr_baseline.network import EDSR

    gold = in_gold(shared, "edsr_baseline_x4")
    with torch.device("meta"):
        network = EDSR(scale=4).eval()
    assert count_parameters(network) == gold["params_without_meanshift"]
    assert counted(network, 1, 3, 128, 128).macs == gold["macs_128x128_lr"]


def test_centernet_104_equals_the_gold_count(shared: Path) -> None:
    from submissions.centernet.network import HOURGLASS_104, CenterNet

    gold = in_gold(shared, "centernet-104")
    with torch.device("meta"):
        network = CenterNet(HOURGLASS_104).eval()
    assert count_parameters(network) == gold["params"]
    count = counted(network, 1, 3, 511, 511)
    assert count.macs == gold["aten_macs"]["aten_macs_511x511"] and not count.uncounted


@pytest.mark.parametrize("package", ["resnet50_reid", "cbn"])
def test_the_embedding_networks_equal_the_gold_count(shared: Path, package: str) -> None:
    from submissions.cbn.network import CameraNetwork
    from submissions.resnet50_reid.network import EmbeddingNetwork

    gold = in_gold(shared, "cbn_reid_resnet50_test")
    with torch.device("meta"):
        network: Any = {"resnet50_reid": EmbeddingNetwork, "cbn": CameraNetwork}[package]().eval()
    assert (count_parameters(network), counted(network, 1, 3, 256, 128).macs) == (gold["params"], gold["macs"])


def test_siamban_equals_the_gold_count(shared: Path) -> None:
    from submissions.siamban.network import SiamBan

    gold = in_gold(shared, "siamban_r50_l234")
    with torch.device("meta"):
        network = SiamBan().eval()
    frame, template = torch.empty(1, 3, 255, 255, device="meta"), torch.empty(1, 3, 127, 127, device="meta")
    assert count_parameters(network) == gold["params"]
    with torch.inference_mode():
        kept = network.template(template)
        assert count_operations(lambda: network.template(template)).macs == gold["template_macs_127"]
        assert count_operations(lambda: network(kept, frame)).macs == gold["track_macs_per_frame_255"]


# -- conventions of papers ---------------------------------------------------------------------------------------------
def cifar_resnet(depth: int) -> Any:
    """The ResNet that HRank and FilterSketch prune; its shortcuts have no weights."""
    from submissions.resnet_cifar.network import ResNet

    with torch.device("meta"):
        return ResNet(depth, 10, 16).eval()


@pytest.mark.parametrize("depth", [56, 110])
def test_thop_and_hrank_count_the_unpruned_networks_as_their_papers_do(shared: Path, depth: int) -> None:
    network = cifar_resnet(depth)
    count = counted(network, 1, 3, 32, 32)
    gold, found = in_gold(shared, f"resnet{depth}/base"), views(count, network)
    assert (count_parameters(network), found["macs"]) == (gold["params"], gold["macs"])
    assert found["thop_0.0.31"] == gold["thop_0_0_31"]
    assert found["thop_0.1.1"] == gold["thop_0_1_1"]["macs"]
    hrank = in_gold(shared, f"resnet_{depth}/base")["hrank_counter"]
    assert (found["hrank_flops"], found["hrank_params"]) == (hrank["flops"], hrank["params"])


def test_hranks_counter_takes_off_a_layers_own_filters(shared: Path) -> None:
    """README's rate list of ResNet-110: the first layer, then the first convolution of every block.

    `[0.1]+[0.4]*108` in the order of the network's convolutions.
    """
    network = cifar_resnet(110)
    names = [name for name, part in network.named_modules() if isinstance(part, torch.nn.Conv2d)]
    rates = [0.1] + [0.4] * 108
    network.pruning_rates = dict(zip(names, rates, strict=True))
    gold = in_gold(shared, "resnet_110/[0.1]+[0.40]*36+[0.40]*36+[0.4]*36")["hrank_counter"]
    found = views(counted(network, 1, 3, 32, 32), network)
    assert (found["hrank_flops"], found["hrank_params"]) == (gold["flops"], gold["params"])
