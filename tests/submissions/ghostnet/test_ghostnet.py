"""GhostNet has the counts of the authors' code at every width, loads their file, and its claims are settled."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from command_line import Harness  # noqa: E402
from counted_networks import counted, in_gold, parameters, verdicts  # noqa: E402
from superres_methods import SUBMISSIONS, build_method  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from harness.task import Sample  # noqa: E402
from submissions.ghostnet.network import STAGES, GhostNet, whole  # noqa: E402

load = partial(build_method, "ghostnet")


def on_meta(width: float) -> GhostNet:
    with torch.device("meta"):
        return GhostNet(width).eval()


@pytest.mark.parametrize("width", [0.5, 1.0])
def test_counts_are_the_gold_ones(shared: Path, width: float) -> None:
    gold, network = in_gold(shared, f"ghostnet_{width}x"), on_meta(width)
    assert (parameters(network), counted(network, 1, 3, 224, 224).macs) == (gold["params"], gold["macs"])


def ghost(channels_in: int, channels: int, area: int) -> tuple[int, int]:
    """Parameters and multiply-accumulates of a ghost module, from the paper's equation 2 with s = 2 and d = 3."""
    own = math.ceil(channels / 2)
    weights = channels_in * own + 9 * own
    return weights + 4 * own, weights * area


def by_hand(width: float) -> tuple[int, int]:
    """Parameters and multiply-accumulates at 224 x 224, layer by layer from table 1."""
    channels, side = whole(16 * width), 112
    total = np.array([27 * channels + 2 * channels, 27 * channels * side**2])
    for size, inside, out, squeezes, stride in (row for stage in STAGES for row in stage):
        inside, out, area = whole(inside * width), whole(out * width), (side // stride) ** 2
        total += ghost(channels, inside, side**2)
        if stride > 1:
            total += (size**2 * inside + 2 * inside, size**2 * inside * area)
        if squeezes:
            reduced = whole(inside / 4)
            total += (2 * inside * reduced + inside + reduced, 2 * inside * reduced)
        total += ghost(inside, out, area)
        if stride > 1 or channels != out:
            weights = size**2 * channels + channels * out
            total += (weights + 2 * channels + 2 * out, weights * area)
        channels, side = out, side // stride
    last = whole(960 * width)
    total += (channels * last + 2 * last, channels * last * side**2)
    total += (last * 1280 + 1280 + 1280 * 1000 + 1000, last * 1280 + 1280 * 1000)
    return int(total[0]), int(total[1])


@pytest.mark.parametrize("width", [0.25, 0.5, 1.0, 1.3, 1.7])
def test_every_width_has_the_counts_that_table_1_gives_by_hand(width: float) -> None:
    network = on_meta(width)
    assert (parameters(network), counted(network, 1, 3, 224, 224).macs) == by_hand(width)


def test_width_1_3_is_what_the_command_line_counts(harness: Harness) -> None:
    told = harness("cost", "--submission", "ghostnet", "--variant", "1.3", "--json").json()
    assert told["cost"]["parameters"] == by_hand(1.3)[0] == 7_358_820
    assert told["cost"]["views"]["macs"] == by_hand(1.3)[1] == 227_003_256


def official_names() -> set[str]:
    """The names in the authors' file, from how their network is nested."""
    convolutions, norms, biased = (
        ["conv_stem", "blocks.9.0.conv"],
        ["bn1", "blocks.9.0.bn1"],
        ["conv_head", "classifier"],
    )
    channels = 16
    for place, stage in enumerate(STAGES):
        for index, (_, _, out, squeezes, stride) in enumerate(stage):
            block = f"blocks.{place}.{index}"
            for module in (f"{block}.ghost1", f"{block}.ghost2"):
                convolutions += [f"{module}.primary_conv.0", f"{module}.cheap_operation.0"]
                norms += [f"{module}.primary_conv.1", f"{module}.cheap_operation.1"]
            if stride > 1:
                convolutions, norms = [*convolutions, f"{block}.conv_dw"], [*norms, f"{block}.bn_dw"]
            if squeezes:
                biased += [f"{block}.se.conv_reduce", f"{block}.se.conv_expand"]
            if stride > 1 or channels != out:
                convolutions += [f"{block}.shortcut.0", f"{block}.shortcut.2"]
                norms += [f"{block}.shortcut.1", f"{block}.shortcut.3"]
            channels = out
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {f"{name}.{part}" for name in norms for part in parts} | {f"{name}.weight" for name in convolutions}
    return names | {f"{name}.{part}" for name in biased for part in ("weight", "bias")}


def test_the_authors_file_loads_as_it_is(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = GhostNet()
    state = {name: torch.rand_like(value.float()) for name, value in network.state_dict().items()}
    assert set(state) == official_names()
    shapes = {
        "conv_stem.weight": (16, 3, 3, 3),
        "blocks.3.0.se.conv_reduce.weight": (20, 72, 1, 1),
        "blocks.6.3.ghost1.cheap_operation.0.weight": (240, 1, 3, 3),
        "blocks.9.0.conv.weight": (960, 160, 1, 1),
        "conv_head.weight": (1280, 960, 1, 1),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes
    torch.save(state, tmp_path / "state_dict_73.98.pth")
    loaded = load("1.0", tmp_path / "state_dict_73.98.pth").module.state_dict()
    floating = [name for name, value in loaded.items() if value.is_floating_point()]
    assert len(floating) > 400 and all(torch.equal(loaded[name], state[name]) for name in floating)


def test_a_file_of_another_width_is_refused_with_at_most_ten_names(tmp_path: Path) -> None:
    torch.save(GhostNet(0.5).state_dict(), tmp_path / "half.pth")
    with pytest.raises(WeightsError, match=r"another network than ghostnet \(1.0\)") as caught:
        load("1.0", tmp_path / "half.pth")
    told = str(caught.value)
    assert "conv_stem.weight is (8, 3, 3, 3), expected (16, 3, 3, 3)" in told
    assert told.count(", expected ") == 10 and "more" in told


def test_a_width_that_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="--set width=-1: it is a share"):
        load("sample", width=-1.0)


def test_a_photograph_of_any_size_gives_a_thousand_logits() -> None:
    method = load("sample")
    photograph = np.random.default_rng(0).integers(0, 256, (90, 130, 3), dtype=np.uint8)
    prepared = method.prepare(Sample("x", {"image": photograph}))
    assert prepared.shape == (3, 64, 64)
    with torch.inference_mode():
        (raw,) = method.forward([prepared])
    assert method.finish(raw, Sample("x", {}))["logits"].shape == (1000,)


@pytest.mark.slow
def test_the_sample_variant_answers_its_sample(harness: Harness) -> None:
    done = harness("eval", "--task", "imagenet", "--submission", "ghostnet", "--no-measure", "--no-interval", "--json")
    record = done.json()
    assert record["submission"]["variant"] == "sample"
    assert record["metrics"][0]["name"] == "top1" and record["metrics"][0]["value"] > 35


@pytest.mark.slow
def test_the_claims_about_cost_are_settled(harness: Harness) -> None:
    told = harness("paper", "1911.11907", "--cost", "--json").json()
    assert verdicts(told) == {("GhostNet 1.0x", "FLOPs"): ("measured differently", 141.150512)}
    assert all(claim["missing"] in ("weights", "data") for claim in told["claims"] if claim["ours"] is None)


def test_the_readme_states_what_is_counted() -> None:
    text = (SUBMISSIONS / "ghostnet/README.md").read_text()
    for width in (0.5, 1.0, 1.3):
        assert "| {} | {:,} | {:,} |".format(width, *by_hand(width)) in text
