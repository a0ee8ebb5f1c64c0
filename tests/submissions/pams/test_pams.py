"""PAMS: sizes equal the gold numbers, quantised layers are what the paper says, the authors' checkpoints fit."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from counted_networks import gold, viewed  # noqa: E402
from superres_methods import build_method, gain_over_bicubic, influence  # noqa: E402

from harness.errors import UsageError, WeightsError  # noqa: E402
from harness.measure.sizes import measure_sizes  # noqa: E402
from harness.task import DataRequest  # noqa: E402
from submissions.pams.network import QuantisedEDSR  # noqa: E402
from submissions.pams.quantised import QuantisedActivation, QuantisedConv2d, nearest  # noqa: E402
from tasks.superres import set5  # noqa: E402
from tasks.superres.sample import write_sample  # noqa: E402

load = partial(build_method, "pams")
GOLD = {
    "pams/edsr n16 f64 bias=False": {"bias": False},
    "pams/edsr n16 f64 bias=True": {"bias": True},
    "pams/edsr n32 f256 bias=True": {"bias": True, "channels": 256, "blocks": 32},
}


def test_sizes_equal_the_gold_numbers(shared: Path) -> None:
    """The colour means are no parameters here, and a deployed network needs the scales, of weights too."""
    entries = {entry["id"]: entry for entry in gold(shared, "pams") if "bits_8" in entry}
    assert set(entries) == set(GOLD)
    for name, entry in entries.items():
        full = measure_sizes(QuantisedEDSR(4, 32, **GOLD[name])).deployed_bits
        assert full == 32 * entry["net_params"]
        for bits in (8, 4):
            module = QuantisedEDSR(4, bits, **GOLD[name])
            found, weights = measure_sizes(module), viewed(module, 8)["weight_bits"]
            convolutions = 2 * GOLD[name].get("blocks", 16)
            assert found.parameters == entry["total"] - entry["meanshift"]
            assert weights == entry[f"bits_{bits}"]
            assert found.deployed_bits == weights + 32 * (entry["alpha"] + convolutions)
            assert full / weights == entry[f"ratio_{bits}"]


def test_operations_are_declared_at_their_widths() -> None:
    from harness.measure import count_operations

    for bits, kinds in ((8, ("mac_w8a32", "int8_mac")), (4, ("mac_w4a32", "mac_w4a4"))):
        module = QuantisedEDSR(4, bits, 8, 3).eval()
        with torch.inference_mode():
            found = count_operations(partial(module, torch.zeros(1, 3, 10, 12)), module).operations
        assert [found[kind] for kind in kinds] == [3 * 9 * 8 * 8 * 120] * 2
        plain = QuantisedEDSR(4, 32, 8, 3).eval()
        with torch.inference_mode():
            whole = count_operations(partial(plain, torch.zeros(1, 3, 10, 12)), plain).operations
        assert whole["mac"] == found["mac"] + sum(found[kind] for kind in kinds)


def rounded(value: float) -> float:
    """To the nearest whole number, halves to the even one."""
    return float(round(value))


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_activations_are_the_literal_ones(bits: int) -> None:
    torch.manual_seed(2)
    layer, x = QuantisedActivation(bits), 6 * torch.randn(2, 3, 4, 5)
    layer.alpha.data.fill_(4.7)
    top, alpha = 2 ** (bits - 1) - 1, float(layer.alpha.detach())
    expected = [rounded(max(-alpha, min(alpha, v)) * top / alpha) * alpha / top for v in x.flatten().tolist()]
    found = layer(x).detach().flatten()
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-6, atol=1e-6)
    assert len(found.unique()) <= 2 * top + 1


@pytest.mark.parametrize("bits", [8, 4])
def test_weights_are_the_literal_ones(bits: int) -> None:
    torch.manual_seed(3)
    layer = QuantisedConv2d(4, bits, bits, bias=False)
    largest = float(layer.weight.detach().abs().max()) + 1e-8
    top = 2 ** (bits - 1) - 1
    expected = [rounded(value * top / largest) * largest / top for value in layer.weight.detach().flatten().tolist()]
    found = layer.quantised_weight().detach().flatten()
    torch.testing.assert_close(found, torch.tensor(expected), rtol=1e-5, atol=1e-7)
    x = torch.randn(1, 4, 5, 6)
    weight = found.reshape(4, 4, 3, 3)
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
    for channel, row, column in ((0, 0, 0), (3, 4, 5), (2, 1, 3)):
        wanted = (padded[0, :, row : row + 3, column : column + 3] * weight[channel]).sum()
        torch.testing.assert_close(layer(x)[0, channel, row, column], wanted, rtol=1e-4, atol=1e-5)


def test_maxima_are_learned_from_what_is_cut_off() -> None:
    layer, x = QuantisedActivation(8), torch.tensor([-9.0, -0.5, 0.5, 2.0, 30.0]).reshape(1, 1, 1, 5).requires_grad_()
    layer.alpha.data.fill_(1.0)
    layer(x).sum().backward()
    assert x.grad is not None and x.grad.flatten().tolist() == [0, 1, 1, 0, 0]
    assert layer.alpha.grad is not None and layer.alpha.grad.item() != 0
    halves = torch.tensor([0.5, 1.5, -0.5], requires_grad=True)
    assert nearest(halves).tolist() == [0, 2, 0]


def test_calibration_follows_the_largest_values() -> None:
    layer = QuantisedActivation(8)
    layer.calibrating = True
    layer(torch.tensor([[[[3.0, -5.0]]], [[[1.0, 7.0]]]]))
    assert layer.alpha.item() == layer.max_val.item() == 6
    layer(torch.full((1, 1, 1, 2), 16.0))
    assert layer.alpha.item() == pytest.approx(0.9997 * 6 + 0.0003 * 16)


def official_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes in the authors' files of the x4 network, from how theirs is nested."""
    names: dict[str, tuple[int, ...]] = {"head.0.weight": (64, 3, 3, 3), "body.16.weight": (64, 64, 3, 3)}
    for block in range(16):
        names |= {f"body.{block}.body.{layer}.weight": (64, 64, 3, 3) for layer in (0, 3)}
        for layer in ("quant_act1", "quant_act2", "quant_act3", "body.2"):
            names |= {f"body.{block}.{layer}.{kind}": (1,) for kind in ("alpha", "max_val")}
    for layer, channels in (("tail.0.0", 256), ("tail.0.2", 256), ("tail.1", 3)):
        names |= {f"{layer}.weight": (channels, 64, 3, 3), f"{layer}.bias": (channels,)}
    for layer in ("sub_mean", "add_mean"):
        names |= {f"{layer}.weight": (3, 3, 1, 1), f"{layer}.bias": (3,)}
    return names


def test_the_authors_files_load_as_they_are(tmp_path: Path) -> None:
    torch.manual_seed(3)
    state = {name: torch.rand(shape) for name, shape in official_names().items()}
    for block in range(16):
        for kind in ("alpha", "max_val"):
            state[f"body.{block}.body.2.{kind}"] = state[f"body.{block}.quant_act2.{kind}"]
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "pams.pt")
    loaded = load("x4", tmp_path / "pams.pt").module.state_dict()
    assert set(loaded) == set(state) and all(torch.equal(loaded[name], value) for name, value in state.items())
    with pytest.raises(WeightsError, match="another network than pams"):
        load("edsr", tmp_path / "pams.pt")


def test_the_reach_is_no_smaller_than_what_an_output_depends_on() -> None:
    module = QuantisedEDSR(4, 32, 4, 2)
    assert module.reach - 1 <= influence(module, 3, 4, 31) <= module.reach


def test_bits_that_cannot_be() -> None:
    for bits in (1, 0, -8, 17, 31):
        with pytest.raises(UsageError, match=f"bits={bits}: it must be from 2 to 16, or 32"):
            load("x4", "random", bits=bits)


def test_the_small_variant_beats_bicubic_on_the_sample(tmp_path: Path) -> None:
    write_sample(tmp_path)
    dataset = set5().open(DataRequest(data=tmp_path, split="x4"))
    assert gain_over_bicubic(load("sample", facts=dict(dataset.facts)), dataset) > 0.7


def test_the_compression_is_settled_and_refuted(cli: Callable[..., Any]) -> None:
    claims = cli("paper", "2011.04212", "--cost", "--format", "json").json()["claims"]
    assert [c["verdict"] for c in claims] == ["cannot tell yet", "cannot tell yet", "refuted"]
    assert claims[2]["ours"] == pytest.approx(2.4026, abs=1e-4) and claims[0]["missing"] == "weights"
