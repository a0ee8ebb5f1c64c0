"""Operations by type: each operator's count equals what can be counted otherwise, and nothing is 0 in silence."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from harness.measure import count_operations  # noqa: E402
from harness.operations import Count, Operations  # noqa: E402

functional = torch.nn.functional


def counted(call: Any) -> Count:
    with torch.inference_mode():
        return count_operations(call)


def operations(call: Any) -> Operations:
    return counted(call).operations


# -- products ----------------------------------------------------------------------------------------------------------
@settings(max_examples=40)
@given(
    channels=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    groups=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    transposed=st.booleans(),
)
def test_a_convolution_of_ones_counts_its_own_terms(
    channels: tuple[int, int], groups: int, kernel: tuple[int, int], stride: int, dilation: int, transposed: bool
) -> None:
    """Without padding, ones convolved with ones sum up to the number of products."""
    narrow, wide = (groups * n for n in channels)
    x = torch.ones(2, narrow, 7, 6, dtype=torch.float64)
    options: Any = {"stride": stride, "dilation": dilation, "groups": groups}
    if transposed:
        weight = torch.ones(narrow, wide // groups, *kernel, dtype=torch.float64)
        call: Any = lambda: functional.conv_transpose2d(x, weight, **options)  # noqa: E731
    else:
        weight = torch.ones(wide, narrow // groups, *kernel, dtype=torch.float64)
        call = lambda: functional.conv2d(x, weight, **options)  # noqa: E731
    assert counted(call).macs == call().sum().item()


@settings(max_examples=30)
@given(
    rows=st.integers(1, 5),
    inner=st.integers(1, 5),
    columns=st.integers(1, 5),
    batch=st.integers(1, 3),
    kind=st.booleans(),
)
def test_a_product_of_ones_counts_its_own_terms(rows: int, inner: int, columns: int, batch: int, kind: bool) -> None:
    left, right = torch.ones(batch, rows, inner), torch.ones(batch, inner, columns)
    call = (lambda: left @ right) if kind else (lambda: functional.linear(left, right[0].T))
    assert counted(call).macs == call().sum().item()


def test_a_bias_is_additions_and_no_multiply_accumulate() -> None:
    x, layer = torch.zeros(1, 3, 8, 8), torch.nn.Conv2d(3, 4, 3)
    assert operations(lambda: layer(x))["add"] == 4 * 36
    assert operations(lambda: torch.nn.Linear(5, 7)(torch.zeros(2, 5)))["add"] == 2 * 7


def test_half_precision_is_counted_at_its_width() -> None:
    x, layer = torch.zeros(2, 5, dtype=torch.bfloat16), torch.nn.Linear(5, 7, dtype=torch.bfloat16)
    count = counted(lambda: layer(x))
    assert count.operations["mac_w16a16"] == 70 == count.macs


# -- the table of cases that tools miss --------------------------------------------------------------------------------
POSITIONS = 32 * 32 * 64 * 64 * 9


def test_deformable_convolution_counts_offsets_products_and_interpolation() -> None:
    """Of 64 channels at 32 x 32: 10.6 M for the offsets, 37.7 M for the products."""
    ops = pytest.importorskip("torchvision").ops
    x, place, layer = (
        torch.zeros(1, 64, 32, 32),
        torch.nn.Conv2d(64, 18, 3, padding=1),
        ops.DeformConv2d(64, 64, 3, padding=1),
    )
    count = counted(lambda: layer(x, place(x)))
    assert count.operations["mac"] == 32 * 32 * 18 * 64 * 9 + POSITIONS
    assert [call.operations["mul"] for call in count.of("deformable convolution")] == [4 * 32 * 32 * 64 * 9]
    assert not count.uncounted


def test_an_adder_layer_subtracts_and_accumulates_at_every_position_of_the_convolution() -> None:
    from submissions.addernet.network import Adder

    found = operations(lambda: Adder(64, 64, 3, 1, 1)(torch.zeros(1, 64, 32, 32)))
    assert (found["add"], found["abs"], found["mac"], found["mul"]) == (2 * POSITIONS, POSITIONS, 0, 0)


@pytest.mark.parametrize("fused", [True, False])
def test_attention_counts_the_same_in_one_operator_and_written_out(fused: bool) -> None:
    x, layer = torch.zeros(1, 256, 64), torch.nn.Linear(64, 64)

    def call() -> Any:
        q = layer(x)
        if fused:
            return functional.scaled_dot_product_attention(q, x, x)
        return torch.softmax(q @ x.transpose(-1, -2), -1) @ x

    assert counted(call).macs == 256 * 64 * 64 + 2 * 256 * 256 * 64 == 9_437_184


@pytest.mark.parametrize("causal", [True, False])
def test_attention_by_every_kernel_counts_its_products(causal: bool) -> None:
    """Grouped heads, a value of another depth, a mask: the second run by plain products demands equality each time."""
    q, k, v = torch.zeros(2, 8, 10, 16), torch.zeros(2, 4, 12, 16), torch.zeros(2, 4, 12, 24)
    grouped = counted(lambda: functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True))
    assert grouped.macs == 2 * 8 * 10 * 12 * (16 + 24)
    mask = torch.zeros(10, 12)
    masked = counted(lambda: functional.scaled_dot_product_attention(q[:, :4], k, v, attn_mask=mask))
    assert masked.macs == 2 * 4 * 10 * 12 * (16 + 24)
    assert masked.of("attention")[0].operations["lut"] == 2 * 4 * 10 * 12 + 2 * 4 * 10


KERNELS = {
    "_scaled_dot_product_flash_attention_for_cpu": (),
    "_scaled_dot_product_flash_attention": (),
    "_scaled_dot_product_efficient_attention": (None, False),
    "_scaled_dot_product_cudnn_attention": (None, False),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_kernels_of_every_device_count_alike(kernel: str) -> None:
    """On the meta device every kernel can be asked for, CUDA's among them; only shapes are computed."""
    q, k, v = (torch.empty(2, 4, n, 16, device="meta", dtype=torch.float16) for n in (10, 12, 12))
    run = getattr(torch.ops.aten, kernel)
    count = counted(lambda: run(q, k, v, *KERNELS[kernel]))
    whole = counted(lambda: functional.scaled_dot_product_attention(q, k, v))
    assert count.macs == whole.macs == 2 * 4 * 10 * 12 * 32
    kinds = ("mac_w16a16", "mul", "add", "compare", "lut")
    assert [count.operations[kind] for kind in kinds] == [whole.operations[kind] for kind in kinds]


@pytest.mark.parametrize("grad", [True, False])
def test_recurrent_layers_count_every_matrix_at_every_step(grad: bool) -> None:
    layer = torch.nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True).eval()
    steps = 3 * 7
    expected = steps * 2 * (4 * 5 * (6 + 5) + 4 * 5 * (10 + 5))
    x = torch.zeros(3, 7, 6)
    with torch.enable_grad() if grad else torch.inference_mode():
        count = count_operations(lambda: layer(x))
    assert count.macs == expected and not count.uncounted
    units = steps * 2 * 2 * 5
    assert count.operations["lut"] == 5 * units and count.operations["mul"] == 3 * units


# -- the rest ----------------------------------------------------------------------------------------------------------
CASES: list[tuple[str, Any, dict[str, int]]] = [
    ("relu", lambda x: torch.relu(x), {"compare": 24}),
    ("leaky relu", lambda x: functional.leaky_relu(x), {"compare": 24, "mul": 24}),
    ("sigmoid", lambda x: torch.sigmoid(x), {"lut": 24}),
    ("square", lambda x: x**2, {"mul": 24}),
    ("scaled sum", lambda x: torch.add(x, x, alpha=3), {"add": 24, "mul": 24}),
    ("larger of two", lambda x: torch.max(x, x), {"compare": 24}),
    ("largest", lambda x: x.max(), {"compare": 23}),
    ("absolute value", lambda x: x.abs(), {"abs": 24}),
    ("softmax", lambda x: torch.softmax(x, -1), {"compare": 24, "add": 48, "lut": 24 + 6, "mul": 24}),
    ("max pooling", lambda x: functional.max_pool2d(x, 2), {"compare": 6 * 3}),
    ("average pooling", lambda x: functional.avg_pool2d(x, 2), {"add": 6 * 3, "mul": 6}),
    ("global pooling", lambda x: functional.adaptive_avg_pool2d(x, 1), {"add": 24 - 2, "mul": 2}),
    ("mean", lambda x: x.mean((2, 3)), {"add": 24 - 2, "mul": 2}),
    ("batch norm", lambda x: torch.nn.BatchNorm2d(2).eval()(x), {"add": 24, "mul": 24}),
    (
        "batch norm of its batch",
        lambda x: torch.nn.BatchNorm2d(2, track_running_stats=False)(x),
        {"add": 96, "mul": 48},
    ),
    ("distances", lambda x: torch.cdist(x, x, p=1.0), {"add": 2 * 2 * 9 * 4, "abs": 2 * 9 * 4}),
    (
        "bilinear enlarging",
        lambda x: functional.interpolate(x, scale_factor=2.0, mode="bilinear"),
        {"mul": 384, "add": 288},
    ),
    ("nearest enlarging", lambda x: functional.interpolate(x, scale_factor=2.0), {}),
    ("movement", lambda x: torch.cat([x.transpose(2, 3), x.transpose(2, 3)]).reshape(-1), {}),
    ("dropout", lambda x: functional.dropout(x, training=False), {}),
]


@pytest.mark.parametrize(("name", "call", "expected"), CASES, ids=[case[0] for case in CASES])
def test_operations_by_type(name: str, call: Any, expected: dict[str, int]) -> None:
    shape = (1, 2, 3, 4) if "pooling" not in name or name == "global pooling" else (1, 2, 4, 6)
    if shape == (1, 2, 4, 6):
        expected = {kind: 2 * n for kind, n in expected.items()}
    count = counted(lambda: call(torch.rand(*shape)))
    made = ("bytes_read", "bytes_written")
    assert {kind: n for kind, n in count.operations.counts.items() if kind not in made} == expected
    assert not count.uncounted and not count.untyped


def test_bytes_are_those_of_arrays_each_once_expanded_ones_as_stored() -> None:
    x, layer = torch.zeros(1, 3, 8, 8), torch.nn.Conv2d(3, 4, 3, bias=False)
    found = operations(lambda: layer(x))
    assert (found["bytes_read"], found["bytes_written"]) == (4 * (192 + 108), 4 * 144)
    wide = operations(lambda: torch.zeros(1, 1).expand(100, 100).clone())
    assert (wide["bytes_read"], wide["bytes_written"]) == (4, 4 * 10_000 + 4)
    table = torch.zeros(1000, 8)
    assert operations(lambda: functional.embedding(torch.tensor([1, 2]), table))["bytes_read"] < 1000


def test_what_depends_on_values_is_listed_and_leaves_the_multiply_accumulates_complete() -> None:
    ops = pytest.importorskip("torchvision").ops
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9]])
    count = counted(lambda: ops.nms(boxes, torch.tensor([0.5, 0.4]), 0.5))
    assert count.untyped == {"torchvision::nms": (1, 1)} and not count.uncounted
