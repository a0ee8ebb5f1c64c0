"""FilterSketch: every count equals the gold numbers, the authors' checkpoints fit, and the claims get their verdicts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from counted_networks import build, gold, loads_as_it_is, viewed  # noqa: E402
from pruned_names import googlenet_names, residual_names, resnet50_names  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from submissions.filtersketch.model import sketched  # noqa: E402
from submissions.filtersketch.train_sample import sketch  # noqa: E402


def network(identity: str) -> Any:
    name, rates = identity.split("/")
    return sketched(name, "" if rates == "base" else rates, 1000 if name == "resnet50" else 10)()


def test_every_count_equals_the_gold_numbers(shared: Path) -> None:
    entries = gold(shared, "filtersketch")
    assert len(entries) == 19
    for entry in entries:
        found = viewed(network(entry["id"]), entry["input"][1])
        assert (found["params"], found["macs"]) == (entry["params"], entry["macs"]), entry["id"]
        assert found["thop_0.1.1"] == entry["thop_0_1_1"]["macs"], entry["id"]
        assert found["thop_0.0.31"] == entry.get("thop_0_0_31", found["thop_0.0.31"]), entry["id"]


def test_the_authors_residual_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    names = residual_names([9] * 9 + [12] * 9 + [57] * 9)
    rates = "[0.6]*9+[0.4]*9+[0.9]*9"
    assert loads_as_it_is("filtersketch", "resnet56", tmp_path / "56.pt", names, rates=rates)
    with pytest.raises(WeightsError, match=r"another network than filtersketch \(resnet56\): layer1.0.conv1.weight is"):
        build("filtersketch", "resnet56", tmp_path / "56.pt", rates="[0.5]*27")


def test_the_authors_resnet50_and_googlenet_checkpoints_load_as_they_are(tmp_path: Path) -> None:
    assert loads_as_it_is("filtersketch", "resnet50", tmp_path / "50.pt", resnet50_names(0.2), rates="[0.2]*16")
    assert loads_as_it_is("filtersketch", "googlenet", tmp_path / "g.pt", googlenet_names(0.25), rates="[0.25]*9")


def test_logits_of_two_pictures() -> None:
    for name, rates in (("resnet56", "[0.1]*27"), ("googlenet", "[0.25]*9"), ("resnet110", "[0.1]*54")):
        with torch.inference_mode():
            assert sketched(name, rates, 7)().eval()(torch.rand(2, 3, 32, 32)).shape == (2, 7)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rates": "[0.6]*26"}, "takes 27"),
        ({"network": "resnet50", "rates": "[0.6]*27"}, "takes 16"),
        ({"network": "googlenet", "rates": "[0.6]*16"}, "takes 9"),
        ({"network": "googlenet", "rates": "[0.01]*9"}, "keeps none"),
        ({"network": "resnet57"}, r"6n \+ 2"),
        ({"network": "vgg16"}, "it must be"),
        ({"classes": 0}, "above 0"),
    ],
)
def test_what_does_not_fit_is_told(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        build("filtersketch", "resnet56", **options)


def test_a_sketch_keeps_the_strongest_directions() -> None:
    """Frequent directions: W'W minus B'B is positive semidefinite, and no larger than the square of what was cut."""
    weights = torch.randn(12, 20, dtype=torch.float64)
    found = sketch(weights, 5)
    assert found.shape == (5, 20)
    left = torch.linalg.eigvalsh(weights.T @ weights - found.T @ found)
    cut = torch.linalg.svdvals(weights)[5] ** 2
    assert left.min() > -1e-9 and left.max() <= cut * (1 + 1e-9)


def test_the_sample_variant_knows_the_sample(cli: Callable[..., Any]) -> None:
    record = cli(
        "eval", "--task", "cifar10", "--submission", "filtersketch", "--no-measure", "--no-log", "--no-page", "--json"
    ).json()
    assert record["submission"]["variant"] == "sample"
    assert next(m["value"] for m in record["metrics"] if m["name"] == "top1") > 90


@pytest.mark.slow
def test_every_claim_about_cost_is_settled(cli: Callable[..., Any]) -> None:
    claims = cli("paper", "2001.08514", "--cost", "--format", "json").json()["claims"]
    verdicts = {(c["row"], c["column"], c["metric"], c["value"]): c for c in claims}
    assert len(claims) == 99
    assert {c["verdict"] for c in claims if c["metric"] in ("parameters", "operations")} <= {
        "reproduced", "refuted", "measured differently"
    }  # fmt: skip
    assert all(c["missing"] == "weights" for c in claims if c["metric"] in ("top1", "top5"))
    for value, metric, ours in (("63.3", "operations", 60.43), ("59.9", "parameters", 61.13)):
        claim = verdicts["", "", metric, value]
        assert claim["verdict"] == "refuted" and claim["ours"] == pytest.approx(ours, abs=5e-3)
    row = verdicts["[0.6]*27", "FLOPs", "operations", "73.36"]
    assert (row["verdict"], row["under"], row["ours"]) == ("reproduced", "macs", 73.36)
    assert verdicts["[0.1]*27", "FLOPs", "operations", "11.43"]["under"] == "thop_0.0.31"
    assert verdicts["[0.6]*16", "Params", "parameters", "14.53"]["verdict"] == "reproduced"
