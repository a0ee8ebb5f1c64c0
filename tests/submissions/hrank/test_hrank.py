"""HRank: its counter's numbers equal the gold numbers, the authors' checkpoints fit, and the claims get their verdicts."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from counted_networks import SUBMISSIONS, build, gold, loads_as_it_is, normalised, viewed  # noqa: E402
from pruned_names import googlenet_names, residual_names, resnet50_names  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from submissions.hrank.model import dense, pruning_rates  # noqa: E402
from submissions.hrank.train_sample import NETWORK, RATES, WIDTH, mean_ranks, prune  # noqa: E402

NAMES = {"resnet_56": "resnet56", "resnet_110": "resnet110", "resnet_50": "resnet50", "densenet_40": "densenet40",
         "googlenet": "googlenet", "vgg_16_bn": "vgg16"}  # fmt: skip
DENSENET = "[0.0]+[0.1]*6+[0.7]*6+[0.0]+[0.1]*6+[0.7]*6+[0.0]+[0.1]*6+[0.7]*5+[0.0]"


def counts(name: str, rates: str) -> dict[str, Any]:
    photographs = name == "resnet50"
    network = dense(name, 1000 if photographs else 10)()
    network.pruning_rates = pruning_rates(network, name, rates)
    return viewed(network, 224 if photographs else 32)


def test_every_count_equals_the_gold_numbers(shared: Path) -> None:
    seen = 0
    for entry in gold(shared, "hrank"):
        if "hrank_counter" not in entry:
            continue
        name, _, rates = entry["id"].partition(" ")[0].partition("/")
        found = counts(NAMES[name], "" if rates == "base" else rates)
        wanted = entry["hrank_counter"]
        assert (found["hrank_flops"], found["hrank_params"]) == (wanted["flops"], wanted["params"]), entry["id"]
        if "dense" in entry:
            assert (found["params"], found["macs"]) == (entry["dense"]["params"], entry["dense"]["macs"]), entry["id"]
        seen += 1
    assert seen == 11


def test_transitions_alone_lose_inputs_in_the_densenets_count() -> None:
    """By hand: what the layers before a transition no longer make is no input of it; elsewhere nothing changes."""
    found = counts("densenet40", DENSENET)
    removed = [0] + 2 * ([1] * 6 + [8] * 6 + [0]) + [1] * 6 + [8] * 5 + [0]
    flops = parameters = 0
    channels, side, place = 24, 32, 1
    flops += 27 * 24 * 32 * 32
    parameters += 27 * 24
    for block in range(3):
        for _ in range(12):
            filters = 12 - removed[place]
            flops += 9 * channels * filters * side * side
            parameters += 9 * channels * filters
            channels, place = channels + 12, place + 1
        if block < 2:
            left = (channels - sum(removed[place - 12 : place])) * channels
            flops += left * side * side
            parameters += left
            side, place = side // 2, place + 1
    assert found["hrank_flops"] == flops + 4560 + 10
    assert found["hrank_params"] == parameters + 4560 + 10
    assert (found["hrank_flops"], found["hrank_params"]) == (167_410_906, 664_630)


def test_block_c4_of_googlenet_takes_the_rate_of_d4() -> None:
    network = dense("googlenet", 10)()
    rates = pruning_rates(network, "googlenet", "+".join(f"[0.{place}]" for place in range(10)))
    assert rates["inception_b4.branch1x1.0"] == 0.4
    assert rates["inception_c4.branch1x1.0"] == rates["inception_d4.branch_pool.1"] == 0.6
    assert "inception_a3.branch3x3.0" not in rates and "pre_layers.0" not in rates


def test_rates_of_resnet50_begin_each_stage_with_the_shortcut() -> None:
    network = dense("resnet50", 1000)()
    rates = pruning_rates(network, "resnet50", "+".join(f"[0.{place:02}]" for place in range(1, 54)))
    assert (rates["conv1"], rates["layer1.0.downsample.0"], rates["layer1.0.conv1"]) == (0.01, 0.02, 0.03)
    assert (rates["layer1.2.conv3"], rates["layer2.0.downsample.0"], rates["layer4.2.conv3"]) == (0.11, 0.12, 0.53)


def test_the_thirteenth_rate_of_vgg_is_passed_over() -> None:
    assert "features.conv16" not in pruning_rates(dense("vgg16", 10)(), "vgg16", "[0.5]*13")


def test_the_authors_vgg_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    names: dict[str, tuple[int, ...]] = {}
    entering = 3
    for place, channels in enumerate((64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512)):
        if channels:
            names |= {
                f"features.conv{place}.weight": (channels, entering, 3, 3),
                f"features.conv{place}.bias": (channels,),
            }
            names |= normalised(f"features.norm{place}", channels)
            entering = channels
    names |= {"classifier.linear1.weight": (512, 512), "classifier.linear1.bias": (512,)}
    names |= {"classifier.linear2.weight": (10, 512), "classifier.linear2.bias": (10,)}
    names |= normalised("classifier.norm1", 512)
    assert loads_as_it_is("hrank", "vgg16", tmp_path / "vgg.pt", names, rates="[0.5]*13")


def test_the_authors_densenet_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    names: dict[str, tuple[int, ...]] = {"conv1.weight": (24, 3, 3, 3), "fc.weight": (10, 456), "fc.bias": (10,)}
    channels = 24
    for block in (1, 2, 3):
        for place in range(12):
            names |= normalised(f"dense{block}.{place}.bn1", channels)
            names[f"dense{block}.{place}.conv1.weight"] = (12, channels, 3, 3)
            channels += 12
        if block < 3:
            names |= normalised(f"trans{block}.bn1", channels)
            names[f"trans{block}.conv1.weight"] = (channels, channels, 1, 1)
    assert loads_as_it_is("hrank", "densenet40", tmp_path / "d.pt", names | normalised("bn", 456))


def unpruned(blocks: int) -> list[int]:
    return [16 << stage for stage in range(3) for _ in range(blocks)]


def test_the_authors_residual_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    assert loads_as_it_is("hrank", "resnet56", tmp_path / "56.pt", residual_names(unpruned(9)), rates="[0.1]+[0.6]*54")
    deep = residual_names(unpruned(18), head="linear")
    assert loads_as_it_is("hrank", "resnet110", tmp_path / "110.pt", deep, rates="[0.1]+[0.6]*108")
    assert loads_as_it_is("hrank", "resnet50", tmp_path / "50.pt", resnet50_names())
    with pytest.raises(WeightsError) as told:
        build("hrank", "resnet110", tmp_path / "56.pt")
    sentence = str(told.value)
    assert "another network than hrank (resnet110)" in sentence and sentence.count(" is missing") <= 10
    assert len(re.findall(r"layer\d\.\d+\.\w+|linear|fc", sentence)) <= 10 and "more" in sentence


def test_the_authors_googlenet_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    assert loads_as_it_is("hrank", "googlenet", tmp_path / "g.pt", googlenet_names(), rates="[0.1]*10")


def test_logits_of_two_pictures() -> None:
    for name in ("vgg16", "densenet40", "googlenet", "resnet56"):
        with torch.inference_mode():
            assert dense(name, 7)().eval()(torch.rand(2, 3, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize(
    ("variant", "rates", "sentence"),
    [
        ("resnet56", "[0.1]*54", "takes 55"),
        ("resnet110", "[0.1]*55", "takes 109"),
        ("resnet50", "[0.1]*16", "takes 53"),
        ("vgg16", "[0.1]*12", "takes 13"),
        ("densenet40", "[0.1]*40", "takes 39"),
        ("googlenet", "[0.1]*9", "takes 10"),
        ("resnet56", "[1.0]*55", "at least 0 and below 1"),
    ],
)
def test_what_does_not_fit_is_told(variant: str, rates: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build("hrank", variant, rates=rates)


def test_filters_of_the_lowest_ranks_are_set_to_zero_and_stay_there() -> None:
    network = dense(NETWORK, 10, WIDTH)().train()
    images = torch.rand(5, 3, 32, 32)
    ranks = mean_ranks(network, images)
    maps = network.bn1(network.conv1(images)).relu()
    by_hand = [sum(int(torch.linalg.matrix_rank(maps[n, c])) for n in range(5)) / 5 for c in range(WIDTH)]
    assert ranks["conv1"].tolist() == pytest.approx(by_hand)
    prune(network, ranks)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.1, weight_decay=0.1)
    torch.nn.functional.cross_entropy(network(images), torch.arange(5)).backward()
    optimiser.step()
    for name, share in pruning_rates(network, NETWORK, RATES).items():
        weight = network.get_submodule(name).weight
        lowest = ranks[name].argsort(stable=True)[: int(share * len(weight))]
        assert set((weight.flatten(1) == 0).all(dim=1).nonzero().flatten().tolist()) == set(lowest.tolist())


def test_the_sample_variant_holds_zeros_and_knows_the_sample(cli: Callable[..., Any]) -> None:
    shipped = build("hrank", "sample", SUBMISSIONS / "hrank/sample.safetensors").module
    for name, share in pruning_rates(shipped, NETWORK, RATES).items():
        weight = shipped.get_submodule(name).weight
        assert int((weight.flatten(1) == 0).all(dim=1).sum()) == int(share * len(weight))
    record = cli(
        "eval", "--task", "cifar10", "--submission", "hrank", "--no-measure", "--no-log", "--no-page", "--json"
    ).json()
    assert record["submission"]["variant"] == "sample"
    assert next(m["value"] for m in record["metrics"] if m["name"] == "top1") > 90


@pytest.mark.slow
def test_every_claim_about_cost_has_a_verdict_or_one_blocker(cli: Callable[..., Any]) -> None:
    claims = cli("paper", "2002.10179", "--cost", "--format", "json").json()["claims"]
    assert len(claims) == 142
    open_claims = [c for c in claims if c["verdict"] == "cannot tell yet"]
    assert all(c["missing"] in ("weights", "architecture") and c["command"] for c in open_claims)
    public = [c for c in claims if c["table"] and not c["table"].startswith("HRankPlus") and c["metric"] != "top1"]
    counts_of_rows = [c for c in public if c["metric"] in ("parameters", "operations")]
    assert len(counts_of_rows) == 22 and not [c for c in counts_of_rows if c["verdict"] == "cannot tell yet"]
    googlenet = [c["verdict"] for c in counts_of_rows if c["table"] == "GoogLeNet on CIFAR-10"]
    assert googlenet == ["reproduced"] * 4
    vgg = [c["verdict"] for c in counts_of_rows if c["table"] == "VGG-16 on CIFAR-10"]
    assert vgg == ["measured differently"] * 4
