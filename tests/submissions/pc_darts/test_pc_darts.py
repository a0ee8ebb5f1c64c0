"""PC-DARTS' claims about cost are settled by counting."""

import pytest

pytest.importorskip("torch")

from command_line import Harness
from counted_networks import verdicts


@pytest.mark.slow
def test_the_claims_about_cost_are_settled(harness: Harness) -> None:
    told = harness("paper", "1907.05737", "--cost", "--json").json()
    assert verdicts(told) == {
        ("AmoebaNet-B", "params"): ("reproduced", 2.839186),
        ("NASNet-A", "FLOPs"): ("reproduced", 563.638816),
        ("AmoebaNet-B", "FLOPs"): ("measured differently", 555.060408),
        ("PNAS", "FLOPs"): ("measured differently", 587.2932),
        ("SNAS", "params"): ("reproduced", 2.847358),
        ("SNAS", "FLOPs"): ("measured differently", 474.1694),
        ("DARTSV1", "params"): ("measured differently", 3.169414),
        ("DARTSV2", "params"): ("reproduced", 3.349342),
        ("PC-DARTS", "params"): ("reproduced", 3.634678),
        ("DARTSV2", "FLOPs"): ("measured differently", 529.911552),
        ("PC-DARTS", "FLOPs"): ("measured differently", 597.056448),
    }
    assert all(claim["missing"] for claim in told["claims"] if claim["ours"] is None)


def test_every_claim_of_abstract_and_tables_is_stated(harness: Harness) -> None:
    told = harness("paper", "pc-darts", "--json").json()
    assert len({(claim["table"], claim["row"]) for claim in told["claims"] if claim["table"]}) == 11
    assert [claim["value"] for claim in told["claims"] if not claim["table"]] == ["2.57", "0.1", "24.2", "3.8"]


def test_the_extension_and_amended_darts_are_listed(harness: Harness) -> None:
    assert [claim["missing"] for claim in harness("paper", "1912.10952", "--json").json()["claims"]] == ["adapter"]
    assert "Its abstract states no number" in harness("paper", "1910.11831").out


def test_an_untrained_network_gets_no_score(harness: Harness) -> None:
    told = harness(
        "eval", "--task", "cifar10", "--submission", "pc-darts", "--variant", "cifar10", "--limit", "2"
    ).sentence()
    assert "weights of pc-darts (cifar10) are not published; give your own with --weights PATH" in told


@pytest.mark.slow
def test_the_sample_variant_answers_its_sample(harness: Harness) -> None:
    record = harness(
        "eval", "--task", "cifar10", "--submission", "pc-darts", "--no-measure", "--no-interval", "--json"
    ).json()
    assert record["submission"]["variant"] == "sample" and record["metrics"][0]["value"] > 90
