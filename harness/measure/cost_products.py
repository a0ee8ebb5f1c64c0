"""Operations of the operators that multiply and accumulate: convolutions, linear layers, matrix products, attention.

A formula is called with the operator's arguments by their names in torch's schema, and with its output.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

from harness.operations import Operations

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What one operator did."""

    group: str
    operations: Operations
    facts: Mapping[str, Any] = field(default_factory=dict)


Formula = Callable[[Arguments, Any], Work]


def macs(count: int, weight: Any, activation: Any) -> Operations:
    """`count` multiply-accumulates at the widths of two tensors' types; floating point of 32 bits is plain `mac`."""
    return Operations.macs(int(count), _bits(weight), _bits(activation))


def _bits(tensor: Any) -> int:
    return int(tensor.element_size()) * 8


def _biased(out: Any, bias: Any) -> Operations:
    return Operations(add=0 if bias is None else int(out.numel()))


def _layer(weight: Any, bias: Any, filters: int) -> dict[str, int]:
    return {"weight": weight.numel(), "bias": 0 if bias is None else bias.numel(), "filters": filters}


def convolution(a: Arguments, out: Any) -> Work:
    """Weight (c, c_in / groups, ...), or (c_in, c / groups, ...) of a transposed one, whose every input is spread."""
    weight, bias, x = a["weight"], a.get("bias"), a.get("input", a.get("self"))
    transposed = bool(a.get("transposed"))
    count = (x if transposed else out).numel() * prod(weight.shape[1:])
    facts = _layer(weight, bias, out.shape[1] if transposed else weight.shape[0])
    return Work("convolution", macs(count, weight, x) + _biased(out, bias), facts)


def linear(a: Arguments, out: Any) -> Work:
    """Input (..., in), weight (out, in)."""
    weight, bias = a["weight"], a.get("bias")
    done = macs(out.numel() * weight.shape[-1], weight, a["input"]) + _biased(out, bias)
    return Work("linear", done, _layer(weight, bias, weight.shape[0]))


def _product(left: str, right: str, added: str = "") -> Formula:
    """(..., n, k) by (..., k, m), or by a vector (k,): k terms an output element."""

    def formula(a: Arguments, out: Any) -> Work:
        x, y = a[left], a[right]
        return Work("product", macs(out.numel() * x.shape[-1], y, x) + _biased(out, a.get(added)))

    return formula


def _dot(a: Arguments, out: Any) -> Work:
    x, y = a["self"], a.get("other", a.get("tensor"))
    return Work("product", macs(x.numel(), y, x))


def softmax_operations(elements: int, rows: int) -> Operations:
    """A maximum, a difference, exp, a sum and a scaling an element; one division a row."""
    return Operations(compare=elements, add=2 * elements, lut=elements + rows, mul=elements)


def attention(a: Arguments, out: Any) -> Work:
    """Query (..., s, d), key (..., t, d), value (..., t, e): both products over all pairs of s and t, scaling, softmax.

    The same whichever kernel runs; masked pairs count, since they are computed or skipped as the kernel likes.
    """
    query, key, value = a["query"], a["key"], a["value"]
    *outer, rows, depth = query.shape
    pairs = int(prod(outer) * rows * key.shape[-2])
    done = macs(pairs * (depth + value.shape[-1]), key, query) + Operations(mul=pairs)
    mask = a.get("attn_mask", a.get("attn_bias"))
    added = Operations(add=0 if mask is None else pairs)
    return Work("attention", done + added + softmax_operations(pairs, int(prod(outer) * rows)))


def deformable_convolution(a: Arguments, out: Any) -> Work:
    """Output (n, c, h, w), weight (c, c_in / groups, kh, kw): the products of a convolution, and for every sampled value
    four multiplications and three additions of the interpolation (one more multiplication under a mask)."""
    weight, bias, x = a["weight"], a.get("bias"), a["input"]
    sampled = int(x.shape[0] * x.shape[1] * prod(weight.shape[2:]) * prod(out.shape[2:]))
    interpolated = Operations(mul=sampled * (5 if a.get("use_mask") else 4), add=3 * sampled)
    done = macs(out.numel() * prod(weight.shape[1:]), weight, x) + _biased(out, bias)
    return Work("deformable convolution", done + interpolated)


RNN, LSTM, GRU, RNN_RELU = "rnn_tanh", "lstm", "gru", "rnn_relu"
_GATES: Final = {LSTM: 4, GRU: 3, RNN: 1, RNN_RELU: 1}
_UNIT: Final = {
    LSTM: Operations(lut=5, mul=3, add=1),
    GRU: Operations(lut=3, mul=3, add=2),
    RNN: Operations(lut=1),
    RNN_RELU: Operations(compare=1),
}
"""What a unit computes in a step besides the products and their sums."""
_MODES: Final = (RNN_RELU, RNN, LSTM, GRU)
"""As the kernels number them."""


def _recurrent(kind: str) -> Formula:
    """Torch's operator over a whole sequence, before it chooses a kernel; `data` holds packed sequences."""

    def formula(a: Arguments, out: Any) -> Work:
        x = a.get("input", a.get("data"))
        steps = int(x.shape[0] if "data" in a else x.shape[0] * x.shape[1])
        return _sequence(kind, x, a["params"], steps, int(a["num_layers"]) * (2 if a["bidirectional"] else 1))

    return formula


def _recurrent_kernel(a: Arguments, out: Any) -> Work:
    """The kernels of CPUs (one layer in one direction) and of CUDA (all of them)."""
    x, kind = a["input"], _MODES[int(a["mode"])]
    if "weight" in a:
        steps = int(x.shape[0] if a["batch_sizes"] else x.shape[0] * x.shape[1])
        layers = int(a["num_layers"]) * (2 if a["bidirectional"] else 1)
        return _sequence(kind, x, a["weight"], steps, layers)
    parameters = [a[f"weight{index}"] for index in range(4 if a["has_biases"] else 2)]
    return _sequence(kind, x, parameters, int(x.shape[0] * x.shape[1]), 1)


def _sequence(kind: str, x: Any, parameters: Sequence[Any], steps: int, layers: int) -> Work:
    """Every matrix once for each of `steps` steps, biases, and the gates of `layers` layers and directions."""
    matrices, biases = ([p for p in parameters if p.dim() == n] for n in (2, 1))
    rows = int(parameters[0].shape[0]) * layers
    done = macs(steps * sum(m.numel() for m in matrices), matrices[0], x)
    summed = Operations(add=steps * (rows + sum(v.numel() for v in biases)))
    return Work("recurrent", done + summed + _UNIT[kind] * (steps * rows // _GATES[kind]))


def distances(a: Arguments, out: Any) -> Work:
    """All distances between rows of (..., n, d) and (..., m, d) of the norm p = 1, 2 or infinite; other p need powers."""
    terms, p = int(out.numel() * a["x1"].shape[-1]), a["p"]
    if p == 1:
        return Work("distance", Operations(add=2 * terms, abs=terms))
    if p == 2:
        return Work("distance", Operations(add=terms, mac=terms, lut=int(out.numel())))
    if p == float("inf"):
        return Work("distance", Operations(add=terms, abs=terms, compare=terms))
    return Work("distance", Operations(add=2 * terms, abs=terms, lut=terms + int(out.numel())))


ATTENTION: Final = "aten::scaled_dot_product_attention"
"""Torch's operator before it chooses a kernel."""
_CONVOLUTIONS: Final = """
convolution _convolution convolution_overrideable cudnn_convolution cudnn_convolution_transpose
_slow_conv2d_forward mkldnn_convolution miopen_convolution
"""
_ATTENTIONS: Final = """
scaled_dot_product_attention _scaled_dot_product_flash_attention _scaled_dot_product_flash_attention_for_cpu
_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention
_scaled_dot_product_fused_attention_overrideable
"""
PRODUCTS: Final[Mapping[str, Formula]] = {
    **{f"aten::{name}": convolution for name in _CONVOLUTIONS.split()},
    **{f"aten::{name}": attention for name in _ATTENTIONS.split()},
    "aten::linear": linear,
    "aten::mm": _product("self", "mat2"),
    "aten::bmm": _product("self", "mat2"),
    "aten::mv": _product("self", "vec"),
    "aten::addmm": _product("mat1", "mat2", "self"),
    "aten::_addmm_activation": _product("mat1", "mat2", "self"),
    "aten::baddbmm": _product("batch1", "batch2", "self"),
    "aten::addmv": _product("mat", "vec", "self"),
    "aten::addmv_": _product("mat", "vec", "self"),
    "aten::dot": _dot,
    "aten::vdot": _dot,
    "aten::_cdist_forward": distances,
    **{f"aten::{kind}": _recurrent(kind) for kind in _MODES},
    "aten::mkldnn_rnn_layer": _recurrent_kernel,
    "aten::_cudnn_rnn": _recurrent_kernel,
    "torchvision::deform_conv2d": deformable_convolution,
}
"""By operator name."""
