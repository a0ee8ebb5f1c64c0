"""If these fail, the one public genotype of ESRN is counted as another network than the one that was published."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from superres_methods import build_method, influence  # noqa: E402

from harness.errors import SubmissionError, UsageError  # noqa: E402
from harness.registry import find_submission  # noqa: E402
from submissions.esrn.blocks import Block, Plan, parse  # noqa: E402
from submissions.esrn.network import ESRN  # noqa: E402

load = partial(build_method, "esrn")
EXAMPLE = find_submission("esrn")[1].options["architecture"].default


@pytest.mark.slow
def test_its_cost_is_counted_without_naming_variant_or_split(cli: Callable[..., Any]) -> None:
    told = cli("cost", "esrn", "--json").json()
    assert (told["variant"], told["cost"]["parameters"]) == ("example", 520_595)


def pointwise(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def size_of(plan: Plan, inputs: int) -> int:
    """The parameters of a block, written out from what it is."""
    total, growth = 0, plan.growth
    if inputs != growth:
        total += pointwise(inputs, growth)
    if plan.outputs not in (growth, inputs):
        total += pointwise(inputs, plan.outputs)
    for layer in range(plan.layers):
        groups = {0: 1, 1: 2, 2: 2}.get(layer, 4) if plan.kind == "G" else 1
        seen = layer + 1 if plan.kind == "G" else 1
        total += seen * growth // groups * growth * 9 + growth
        if plan.kind != "G" and layer < plan.layers - 1:
            total += pointwise((layer + 2) * growth, growth)
    return total + pointwise((plan.layers + 1) * growth // (4 if plan.kind == "C" else 1), plan.outputs)


@pytest.mark.parametrize("code", ["G_8_16_24", "S_4_24_32", "C_8_16_16", "S_1_8_8", "C_1_8_12", "G_1_32_32"])
@pytest.mark.parametrize("inputs", [16, 32])
def test_a_block_has_the_parameters_that_follow_from_its_name(code: str, inputs: int) -> None:
    block = Block(inputs, parse(code))
    assert sum(value.numel() for value in block.parameters()) == size_of(parse(code), inputs)
    assert block(torch.zeros(1, inputs, 7, 6)).shape == (1, parse(code).outputs, 7, 6)


def test_the_public_genotype_has_520_595_parameters() -> None:
    plans = [parse(code) for code in EXAMPLE]
    inputs = [32, *(plan.outputs for plan in plans)]
    blocks = sum(size_of(plan, count) for plan, count in zip(plans, inputs, strict=False))
    rest = pointwise(27, 32) + (9 * 32 * 32 + 32) * 2 + pointwise(448, 32) + (9 * 32 * 96 + 96) + (9 * 24 * 3 + 3)
    counted = sum(value.numel() for value in ESRN(EXAMPLE).parameters())
    assert counted == blocks + rest == 520_595
    assert any("520,595" in text for text in find_submission("esrn")[1].findings)


def test_the_searchs_own_formulas_give_what_the_finding_says() -> None:
    """Biases and most 1 x 1 convolutions are left out there; its number lies outside the bounds as well."""
    total = 27 * 32 + 5 * 9 * 32 * 32 + 9 * 24 * 3 + 448 * 32 + 32 * 16 + 32 * 24
    for plan in map(parse, EXAMPLE):
        n, g = plan.layers, plan.growth
        shrinks = 9 * n + (2 + n) * (n - 1) / 2
        inner = 9 * (3.5 + (4 + n) * (n - 3) / 8) if plan.kind == "G" else shrinks
        total += g * g * inner + (n + 1) * g * plan.outputs / (4 if plan.kind == "C" else 1)  # type: ignore[assignment]
    assert total == 504_328
    assert any("504,328" in text for text in find_submission("esrn")[1].findings)


def test_shuffling_gives_each_group_channels_of_every_earlier_layer() -> None:
    """Channels of one group after the shuffle come from all convolutions so far, as torch's own shuffle has them."""
    x = torch.arange(2 * 12 * 4.0).reshape(2, 12, 2, 2)
    mixed = x.unflatten(1, (-1, 4)).transpose(1, 2).flatten(1, 2)
    assert torch.equal(mixed, torch.nn.functional.channel_shuffle(x, 3))


@pytest.mark.parametrize(
    "code", ["X_8_16_24", "G_8_16", "G_8_16_24_1", "G_0_16_24", "G_8_18_24", "G_8_16_0", "", "g_8_16_24", "G_8_16_9999"]
)
def test_a_genotype_that_does_not_parse_is_refused(code: str) -> None:
    with pytest.raises(UsageError, match=f"'{code}' is no block such as G_8_16_24"):
        parse(code)


def test_an_image_becomes_twice_as_large_and_no_pixel_looks_farther_than_said() -> None:
    network = ESRN(["G_2_8_8", "C_1_8_16", "S_2_8_8"], channels=8).double().eval()
    assert network(torch.zeros(1, 3, 5, 7, dtype=torch.float64)).shape == (1, 3, 10, 14)
    assert 0 < influence(network, 3, 2, 61) <= network.reach


def test_the_method_makes_x2_only() -> None:
    assert load("example", "random", {"scale": 2}).module.reach > 0
    with pytest.raises(SubmissionError, match="enlarges images x2, the data ask for x4"):
        load("example", "random", {"scale": 4})
