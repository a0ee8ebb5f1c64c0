"""P-DARTS' claims about cost are settled, and its small variant answers the generated sample."""

import pytest

pytest.importorskip("torch")

from command_line import Harness
from counted_networks import verdicts
from superres_methods import SUBMISSIONS

from harness.manifest import read_manifest


@pytest.mark.slow
def test_the_claims_about_cost_are_settled(harness: Harness) -> None:
    """A count of every network that the tables name and whose genotype is public."""
    told = harness("paper", "1904.12760", "--cost", "--json").json()
    quoted = {key: value for key, value in verdicts(told).items() if "DARTS" not in key[0]}
    assert {key for key, (verdict, _) in quoted.items() if verdict != "reproduced"} == {
        ("Inception-v1", "x+"), ("ShuffleNet 2x (v2)", "params"), ("ShuffleNet 2x (v2)", "x+"), ("AmoebaNet-C", "x+"),
        ("PNAS", "x+"), ("ENAS + cutout", "params"), ("SNAS mild + cutout", "params"), ("SNAS (mild)", "params"),
        ("SNAS (mild)", "x+"),
    }  # fmt: skip
    assert len(quoted) == 31 and quoted["MobileNet", "x+"] == ("reproduced", 568.740352)
    assert quoted["ProxylessNAS + cutout", "params"] == ("reproduced", 5.73153)
    assert {key: value for key, value in verdicts(told).items() if "DARTS" in key[0]} == {
        ("DARTS (first order) + cutout", "params"): ("measured differently", 3.169414),
        ("DARTS (second order) + cutout", "params"): ("reproduced", 3.349342),
        ("P-DARTS CIFAR10 + cutout", "params"): ("reproduced", 3.433798),
        ("P-DARTS CIFAR10 (large) + cutout", "params"): ("reproduced", 10.521802),
        ("DARTS (second order)", "params"): ("reproduced", 4.718752),
        ("DARTS (second order)", "x+"): ("measured differently", 529.911552),
        ("P-DARTS (CIFAR10)", "params"): ("reproduced", 4.944352),
        ("P-DARTS (CIFAR10)", "x+"): ("measured differently", 557.119488),
    }
    rest = [claim for claim in told["claims"] if claim["ours"] is None]
    assert len(rest) == 97 and all(claim["missing"] for claim in rest)
    of_cost = {claim["row"]: claim["missing"] for claim in rest if claim["metric"] in ("parameters", "operations")}
    assert of_cost == {
        "Hierarchical Evolution": "implementation",
        "NASNet-B": "implementation", "NASNet-C": "implementation", "MnasNet-92": "architecture",
        "P-DARTS CIFAR100 + cutout": "architecture", "P-DARTS CIFAR100 (large) + cutout": "architecture",
        "P-DARTS (CIFAR100)": "architecture",
    }  # fmt: skip


def test_every_row_of_the_papers_tables_is_stated(harness: Harness) -> None:
    told = harness("paper", "p-darts", "--json").json()
    rows = {(claim["table"], claim["row"]) for claim in told["claims"] if claim["table"]}
    assert len(rows) == 34
    assert [claim["value"] for claim in told["claims"] if not claim["table"]] == ["7"]


@pytest.mark.slow
def test_the_sample_variant_answers_its_sample(harness: Harness) -> None:
    record = harness(
        "eval", "--task", "cifar10", "--submission", "p-darts", "--no-measure", "--no-interval", "--json"
    ).json()
    assert record["submission"]["variant"] == "sample" and record["metrics"][0]["value"] > 90


@pytest.mark.parametrize(
    ("folder", "chosen"),
    [
        ("p_darts", {10: "cifar10", 100: "cifar100", 1000: "imagenet"}),
        ("pc_darts", {10: "cifar10", 1000: "imagenet"}),
        ("addernet", {10: "resnet20", 1000: "resnet50"}),
    ],
)
def test_the_data_set_chooses_the_variant(folder: str, chosen: dict[int, str]) -> None:
    manifest = read_manifest(SUBMISSIONS / folder)
    assert {n: manifest.choose("", {"classes": n}, False).name for n in chosen} == chosen


def test_the_cost_of_a_search_waits_for_an_adapter_whatever_its_network_lacks(harness: Harness) -> None:
    claims = harness("paper", "p-darts", "--json").json()["claims"]
    searches = [claim for claim in claims if claim["task"] == "search-cost"]
    assert len(searches) == 29 and {claim["missing"] for claim in searches} == {"adapter"}
    quoted = [claim["missing"] for claim in claims if claim["row"] == "NASNet-B" and claim["task"] == "imagenet"]
    assert quoted == ["implementation"] * 4
