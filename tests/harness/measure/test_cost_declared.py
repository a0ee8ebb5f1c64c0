"""Layers that declare what they cost: their word stands for what they run, and what does not fit is refused."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from harness.errors import SubmissionError  # noqa: E402
from harness.measure import Stage, Workload, count_cost, count_operations  # noqa: E402
from harness.measure.conventions import views  # noqa: E402
from harness.measure.sizes import measure_sizes  # noqa: E402
from harness.operations import Count, Operations  # noqa: E402
from harness.record import Cost  # noqa: E402


class Binary(torch.nn.Conv2d):  # type: ignore[misc,name-defined]
    """A convolution of signs, run in floating point; its rotation is of use in training only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.rotation = torch.nn.Parameter(torch.zeros(3, 3))

    def forward(self, x: Any) -> Any:
        return super().forward(torch.sign(x)) * self.weight.abs().mean()

    def cost_operations(self, inputs: tuple[Any, ...], output: Any) -> Operations:
        return Operations(xnor_popcount=output.numel() * self.weight[0].numel(), mul=output.numel())

    def parameter_bits(self) -> dict[str, int]:
        return {"weight": 1, "rotation": 0}

    def extra_bits(self) -> int:
        return 32 * self.out_channels


def counted(network: Any, *shape: int) -> Count:
    x = torch.zeros(*shape)
    with torch.inference_mode():
        return count_operations(lambda: network(x), network)


def cost(network: Any, *shape: int) -> Cost:
    stages = (Stage("forward", lambda value, _: network(value)),)
    return count_cost(Workload(count=1, load=lambda i: torch.zeros(*shape), stages=stages), network)


def in_gold(shared: Path, name: str) -> dict[str, Any]:
    entries = json.loads((shared / "gold/cost.json").read_text())["entries"]
    found: dict[str, Any] = next(entry for entry in entries if entry["id"] == name)
    return found


# -- operations --------------------------------------------------------------------------------------------------------
def test_a_declaration_replaces_everything_that_the_layer_runs() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1, bias=False), Binary(4, 8, 3, bias=False))
    count = counted(network, 1, 3, 6, 6)
    assert count.macs == 12 * 36
    assert count.operations["xnor_popcount"] == 8 * 36 * 16
    assert [(call.operator, call.layer, call.outputs) for call in count.of("declared")] == [("Binary", "1", 8 * 16)]
    assert {call.operator for call in count.calls} == {"aten::convolution", "Binary"}


def test_bytes_that_are_not_declared_are_those_of_arrays_and_deployed_parameters() -> None:
    call = counted(Binary(4, 8, 3, bias=False), 1, 4, 6, 6).of("declared")[0]
    assert call.operations["bytes_read"] == 4 * 144 + 8 * 36 // 8 + 4 * 8
    assert call.operations["bytes_written"] == 4 * 8 * 16


def test_the_outermost_declaration_counts_and_a_layer_counts_at_every_call() -> None:
    class Twice(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self, declares: bool) -> None:
            super().__init__()
            self.layer = Binary(4, 4, 1, bias=False)
            if declares:
                self.cost_operations = lambda inputs, output: Operations(add=5)

        def forward(self, x: Any) -> Any:
            return self.layer(self.layer(x))

    assert counted(Twice(True), 1, 4, 2, 2).operations["xnor_popcount"] == 0
    assert counted(Twice(True), 1, 4, 2, 2).operations["add"] == 5
    assert counted(Twice(False), 1, 4, 2, 2).operations["xnor_popcount"] == 2 * 16 * 4


def test_what_follows_a_declaring_layer_is_counted_again() -> None:
    network = torch.nn.Sequential(Binary(4, 4, 1), torch.nn.Conv2d(4, 4, 1, bias=False))
    assert counted(network, 1, 4, 2, 2).macs == 64
    assert counted(network, 1, 4, 2, 2).macs == 64


@pytest.mark.parametrize("answer", [None, {"mac": 3}, 3])
def test_a_declaration_of_another_type_is_refused(answer: Any) -> None:
    layer = torch.nn.Linear(2, 2)
    layer.cost_operations = lambda inputs, output: answer
    with pytest.raises(SubmissionError, match=r"Linear: cost_operations gives a .*; it must be harness"):
        cost(layer, 1, 2)


def test_types_that_there_are_not_and_counts_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no operation 'flop'; there are mac, mul"):
        Operations(flop=3)
    with pytest.raises(ValueError, match="mul=-1: a count is a whole number"):
        Operations(mul=-1)
    with pytest.raises(ValueError, match="a whole number"):
        Operations(mul=0.5)  # type: ignore[arg-type]


def test_operations_add_up() -> None:
    assert Operations(mul=2) + Operations(mul=1, add=4) == Operations(mul=3, add=4)
    assert Operations(mul=2, add=0) * 3 == Operations(mul=6)
    assert Operations.macs(5, 8, 8) == Operations(int8_mac=5) and Operations.macs(5, 1, 1) == Operations(
        xnor_popcount=5
    )
    assert Operations.macs(5, 4, 8) == Operations(mac_w4a8=5) and Operations.macs(5) == Operations(mac=5)


def one_bit(layer: Any, inputs: tuple[Any, ...], output: Any) -> Operations:
    return Operations(xnor_popcount=output.numel() * layer.weight[0].numel())


# -- views -------------------------------------------------------------------------------------------------------------
def test_operations_of_binary_networks_equal_the_gold_numbers(shared: Path) -> None:
    """RBNN's ResNet-20: every convolution of 3 x 3 but the first is binary."""
    from submissions.resnet_cifar.network import ResNet

    network = ResNet(20, 10, 16).eval()
    for name, layer in list(network.named_modules()):
        if isinstance(layer, torch.nn.Conv2d) and name != "conv1":
            layer.cost_operations = partial(one_bit, layer)
    gold, found = in_gold(shared, "rbnn/cifar/resnet20_1w1a"), views(counted(network, 1, 3, 32, 32), network)
    assert (found["bops"], found["macs"], found["bnn_ops"]) == (gold["bops"], gold["fp_macs"], gold["OPs"])
    assert found["bit_operations"] == gold["bops"] + gold["fp_macs"] * 32 * 32


def test_bit_operations_weigh_each_multiply_accumulate_by_its_widths() -> None:
    layer = torch.nn.Linear(2, 2)
    layer.cost_operations = lambda inputs, output: Operations.macs(10, 4, 8) + Operations(int8_mac=3, mac=1, mul=100)
    found = views(counted(layer, 1, 2))
    assert found["bit_operations"] == 10 * 32 + 3 * 64 + 1024
    assert (found["macs"], found["mul"], found["add"]) == (14, 114, 14)


def test_darts_count_batch_norm_twice_and_relu_once() -> None:
    """The rule that gives P-DARTS' 557 M and PC-DARTS' 597 M, on a network small enough to count by hand."""
    network = torch.nn.Sequential(
        torch.nn.ReLU(), torch.nn.Conv2d(3, 4, 1, bias=False), torch.nn.BatchNorm2d(4), torch.nn.ReLU6()
    ).eval()
    assert views(counted(network, 1, 3, 5, 5))["darts_mult_add"] == 12 * 25 + 2 * 4 * 25 + 3 * 25


def test_thop_counts_pooling_upsampling_and_attention_as_the_tool_does() -> None:
    pooled = torch.nn.Sequential(torch.nn.AvgPool2d(2), torch.nn.AdaptiveAvgPool2d(1))
    found = views(counted(pooled, 1, 2, 8, 8))
    assert (found["thop_0.0.31"], found["thop_0.1.1"]) == (32 + 2 * 17, 32 + 32 + 2)
    assert views(counted(torch.nn.Upsample(scale_factor=2, mode="bilinear"), 1, 1, 4, 4))["thop_0.1.1"] == 11 * 64
    attention = torch.nn.MultiheadAttention(4, 1, batch_first=True).eval()
    with torch.inference_mode():
        x = torch.zeros(1, 3, 4)
        assert views(count_operations(lambda: attention(x, x, x), attention))["thop_0.1.1"] == 0


def test_pruning_rates_of_layers_that_did_not_run_are_refused() -> None:
    layer = torch.nn.Sequential(torch.nn.Conv2d(3, 10, 1))
    layer.pruning_rates = {"0": 0.25}
    assert views(counted(layer, 1, 3, 2, 2), layer)["hrank_flops"] == 3 * 4 * 8
    layer.pruning_rates = {"1": 0.5}
    with pytest.raises(SubmissionError, match="pruning_rates names 1, and no such convolution ran"):
        cost(layer, 1, 3, 2, 2)


def test_a_network_declares_views_of_its_own() -> None:
    network = torch.nn.Linear(2, 2)
    network.cost_views = lambda count: {"tenths": count.macs / 10, "none": None}
    found = cost(network, 1, 2)
    assert (found.views["tenths"], found.views["none"]) == (0.4, None)
    assert found.conventions["tenths"] == "declared by the submission"
    network.cost_views = lambda count: ["wrong"]
    with pytest.raises(SubmissionError, match="must be a mapping"):
        cost(network, 1, 2)


def test_signs_without_a_declaration_are_pointed_out() -> None:
    class Signs(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return torch.sign(x)

    assert "aten::sign ran and no layer declares" in cost(Signs(), 1, 2).facts["hint"]
    assert "hint" not in cost(torch.nn.Sequential(Signs(), Binary(2, 2, 1)), 1, 2, 2, 2).facts


# -- sizes -------------------------------------------------------------------------------------------------------------
def test_bits_are_those_that_layers_declare() -> None:
    network = torch.nn.Sequential(Binary(4, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Linear(2, 2, dtype=torch.float16))
    found = measure_sizes(network)
    assert found.parameters == 288 + 8 + 9 + 16 + 6
    assert found.parameters_deployed == found.parameters - 9
    assert found.stored_bits == 32 * (288 + 8 + 9 + 16) + 16 * 6
    assert found.deployed_bits == 288 + 32 * 8 + 32 * 8 + 32 * 16 + 16 * 6
    assert found.buffer_bits == 32 * 16 + 64


def test_sizes_of_a_binary_network_equal_the_gold_numbers(shared: Path) -> None:
    """RBNN: one bit a binary weight, 32 for all else that is deployed; rotations are not."""
    gold = in_gold(shared, "rbnn/imagenet/resnet18_1w1a")
    parts = gold["params_breakdown"]
    module = torch.nn.Module()
    with torch.device("meta"):
        module.weight = torch.nn.Parameter(torch.empty(parts["binary_w"]))
        module.rotate = torch.nn.Parameter(torch.empty(parts["train_only_rotate"]))
        module.rest = torch.nn.Parameter(torch.empty(parts["total"] - parts["binary_w"] - parts["train_only_rotate"]))
    module.parameter_bits = lambda: {"weight": 1, "rotate": 0}
    found = measure_sizes(module)
    assert (found.parameters, found.parameters_deployed) == (gold["params_train"], gold["params_deploy"])
    assert found.deployed_bits == parts["size_bits_1bit_w_32bit_rest"]


@pytest.mark.parametrize("bits", [8, 4])
def test_sizes_of_a_quantised_edsr_equal_the_gold_numbers(shared: Path, bits: int) -> None:
    """PAMS quantises the weights of the convolutions in residual blocks."""
    from submissions.edsr_baseline.network import EDSR

    with torch.device("meta"):
        network = EDSR(scale=4)
    layers = [layer for name, layer in network.named_modules() if name.startswith("body.") and name.count(".") > 1]
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            layer.parameter_bits = lambda: {"weight": bits}
    gold = in_gold(shared, "pams/edsr n16 f64 bias=True")
    assert measure_sizes(network).deployed_bits == gold[f"bits_{bits}"]


def test_shared_tensors_count_once_at_their_widest() -> None:
    one, two = torch.nn.Linear(3, 2, bias=False), torch.nn.Linear(3, 2, bias=False)
    two.weight = one.weight
    one.parameter_bits, two.parameter_bits = lambda: {"weight": 1}, lambda: {"weight": 4}
    found = measure_sizes(torch.nn.ModuleList([one, two]))
    assert (found.parameters, found.deployed_bits) == (6, 24)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"wieght": 1}, "names 'wieght', and its parameters are weight, bias"),
        ({"weight": 1.5}, "gives 'weight' 1.5 bits"),
    ],
)
def test_widths_that_do_not_fit_are_refused(declared: dict[str, Any], message: str) -> None:
    layer = torch.nn.Linear(2, 2)
    layer.parameter_bits = lambda: declared
    with pytest.raises(SubmissionError, match=message):
        cost(layer, 1, 2)
