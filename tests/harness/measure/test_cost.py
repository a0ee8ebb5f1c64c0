"""Operation counts must equal closed forms to the last unit, and say what they leave out."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from harness.errors import SubmissionError  # noqa: E402
from harness.measure import Stage, Workload, count_cost, method_workload  # noqa: E402
from harness.measure.cost import count_operations, describe_input  # noqa: E402
from harness.measure.sizes import count_parameters  # noqa: E402


def macs(call: Any) -> int:
    with torch.inference_mode():
        return count_operations(call).macs


def network_workload(net: Any, *shape: int, batch_size: int = 1) -> Workload:
    stages = (Stage("prepare", lambda value, _: torch.zeros(*shape)), Stage("forward", lambda value, _: net(value)))
    return Workload(count=1, load=lambda i: i, stages=stages, batch_size=batch_size)


def test_layers_equal_their_closed_forms() -> None:
    x = torch.zeros(1, 8, 20, 30)
    assert macs(lambda: torch.nn.Conv2d(8, 16, 3, padding=1)(x)) == 16 * 8 * 9 * 20 * 30
    assert macs(lambda: torch.nn.Conv2d(8, 16, 3, stride=2, groups=4)(x)) == 16 * 2 * 9 * 9 * 14
    assert macs(lambda: torch.nn.ConvTranspose2d(8, 5, 4, stride=2)(x)) == 8 * 5 * 16 * 20 * 30
    assert macs(lambda: torch.nn.Linear(30, 7)(x)) == 30 * 7 * 8 * 20
    assert macs(lambda: torch.zeros(2, 3, 4) @ torch.zeros(2, 4, 5)) == 2 * 3 * 4 * 5
    assert macs(lambda: torch.zeros(3, 4) @ torch.zeros(4)) == 12
    assert macs(lambda: torch.zeros(4) @ torch.zeros(4)) == 4
    assert macs(lambda: torch.einsum("bik,bjk->bij", torch.zeros(2, 3, 4), torch.zeros(2, 5, 4))) == 2 * 3 * 4 * 5


def test_attention_counts_alike_fused_and_written_out() -> None:
    q, k, v = torch.zeros(2, 3, 10, 8), torch.zeros(2, 3, 12, 8), torch.zeros(2, 3, 12, 8)
    expected = 2 * 3 * 10 * 12 * (8 + 8)
    assert macs(lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v)) == expected
    assert macs(lambda: torch.softmax(q @ k.transpose(-1, -2), -1) @ v) == expected


def test_the_fused_path_of_attention_modules_hides_nothing() -> None:
    layer = torch.nn.MultiheadAttention(16, 4, batch_first=True).eval()
    x = torch.zeros(2, 10, 16)
    with torch.no_grad():
        plain = count_operations(lambda: layer(x, x, x, need_weights=False))
    assert plain.macs == 2 * 10 * 16 * 16 * 4 + 2 * 10 * 10 * 16 * 2
    assert plain.uncounted == {}
    assert torch.backends.mha.get_fastpath_enabled()


def test_inference_mode_changes_no_count() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten()).eval()
    x = torch.zeros(1, 3, 9, 9)
    with torch.no_grad():
        assert count_operations(lambda: net(x)).macs == macs(lambda: net(x)) == 4 * 3 * 9 * 49


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [("resnet18", 11689512, 1814073344), ("resnet50", 25557032, 4089184256)],
)
def test_library_networks_equal_the_known_counts(name: str, parameters: int, expected: int) -> None:
    models = pytest.importorskip("torchvision").models
    net = models.get_model(name, weights=None).eval()
    cost = count_cost(network_workload(net, 1, 3, 224, 224), net)
    assert (cost.parameters, cost.macs) == (parameters, expected)
    assert cost.complete and cost.uncounted == [] and cost.reason == ""
    assert cost.input == "1x3x224x224 float32"
    assert "aten::relu_" in [row.operator for row in cost.operators]


def vision_transformer_macs(tokens: int, width: int, hidden: int, layers: int, patch: int, classes: int) -> int:
    attention = tokens * width * width * 4 + 2 * tokens * tokens * width
    block = attention + 2 * tokens * width * hidden
    return (tokens - 1) * width * 3 * patch * patch + layers * block + width * classes


def test_a_vision_transformer_equals_its_closed_form() -> None:
    models = pytest.importorskip("torchvision").models
    net = models.vision_transformer.VisionTransformer(64, 16, 2, 4, 48, 96, num_classes=10).eval()
    cost = count_cost(network_workload(net, 1, 3, 64, 64), net)
    assert cost.macs == vision_transformer_macs(17, 48, 96, 2, 16, 10)
    assert cost.complete


def test_deformable_convolution_counts_its_positions() -> None:
    ops = pytest.importorskip("torchvision").ops
    x, offset = torch.zeros(1, 6, 8, 8), torch.zeros(1, 18, 8, 8)
    layer = ops.DeformConv2d(6, 4, 3, padding=1)
    assert macs(lambda: layer(x, offset)) == 4 * 6 * 9 * 64


def test_an_operator_without_a_formula_is_listed_and_the_count_is_incomplete() -> None:
    a = torch.nn.Linear(4, 3)
    cost = count_cost(
        network_workload(lambda x: torch.linalg.inv_ex(a(x)[:3])[0].sum() + torch.fft.fft(x).real.sum(), 5, 4), a
    )
    assert not cost.complete
    assert [name.split()[0] for name in cost.uncounted] == ["aten::_fft_r2c", "aten::linalg_inv_ex"]
    assert cost.macs == 5 * 4 * 3
    assert "a lower bound" in cost.reason and "aten::linalg_inv_ex (1x, " in cost.reason


def test_all_parameters_count_once_and_buffers_do_not() -> None:
    net = torch.nn.ModuleList([torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(5)])
    net.append(net[0])
    net[0].weight.requires_grad_(False)
    assert count_parameters(net) == 3 * 2 + 2 + 2 * 5


def test_one_sample_of_a_batch() -> None:
    net = torch.nn.Linear(3, 2)
    assert count_cost(network_workload(net, 4, 3, batch_size=4), net).macs == 6


def test_one_sample_of_a_batch_of_different_sizes() -> None:
    net = torch.nn.Conv2d(1, 1, 3)

    class Method:
        def prepare(self, sample: int) -> Any:
            return torch.zeros(1, 1, sample, sample)

        def forward(self, inputs: Any) -> Any:
            return [net(part) for part in inputs]

        def finish(self, raw: Any, sample: int) -> Any:
            return raw

    cost = count_cost(method_workload(Method(), 3, lambda i: 5 + i, batch_size=3), net)
    assert (cost.macs, cost.input) == (9 * 9, "1x1x5x5 float32")


def test_a_submission_without_a_network_has_no_count() -> None:
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", lambda value, _: value),))
    cost = count_cost(workload)
    assert cost.macs is None and cost.parameters is None and not cost.complete
    assert "no torch module" in cost.reason


def test_a_model_that_fails_ends_with_a_sentence() -> None:
    net = torch.nn.Linear(3, 2)
    with pytest.raises(SubmissionError, match="failed on input 0 while its operations were counted: RuntimeError"):
        count_cost(network_workload(net, 1, 5), net)


def test_inputs_are_described() -> None:
    x = torch.zeros(1, 3, 4, 5)
    assert describe_input(x) == "1x3x4x5 float32"
    assert describe_input([x, {"mask": x.half()}]) == "1x3x4x5 float32, 1x3x4x5 float16"
    assert describe_input(3) == ""


def test_a_compiled_network_is_counted_as_it_is_written() -> None:
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()).eval()
    plain = count_cost(network_workload(net, 1, 3, 9, 9), net)
    net.compile(backend="eager")
    assert count_cost(network_workload(net, 1, 3, 9, 9), net) == plain
