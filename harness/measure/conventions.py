"""The conventions under which papers and tools print one number for a network's cost, each as a named view of its count.

A number of operations without its convention is not a cost: for the same ResNet-50 the tools print 4,089 to 4,134 million.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.errors import SubmissionError
from harness.operations import Call, Count, mac_widths

View = Callable[[Count], float]

MATRIX: Final = ("product", "attention")
"""Groups whose products are of two activations: no layer's weights are in them."""


def views(count: Count, module: Any = None) -> dict[str, float | None]:
    """`count` under every convention of `VIEWS`, then under those that `module` declares itself.

    `module` may have `pruning_rates`, a mapping from names of layers to the part of their filters that is removed, for
    HRank's counter, and `cost_views(count)`, which returns further views by name. Raises SubmissionError where these do
    not fit.
    """
    found: dict[str, float | None] = {name: _plain(view(count)) for name, (view, _) in VIEWS.items()}
    found["hrank_flops"], found["hrank_params"] = hrank(count, getattr(module, "pruning_rates", None) or {})
    declared = getattr(module, "cost_views", None)
    return found | _checked(declared(count)) if callable(declared) else found


def _plain(value: float) -> float:
    return int(value) if value == int(value) else value


def _checked(declared: Any) -> dict[str, float | None]:
    wrong = not isinstance(declared, Mapping) or not all(
        isinstance(name, str) and (value is None or isinstance(value, int | float)) for name, value in declared.items()
    )
    if wrong:
        raise SubmissionError(f"cost_views gives {declared!r}; it must be a mapping from names to numbers or None")
    return dict(declared)


def macs_of_layers(count: Count) -> int:
    """Multiply-accumulates of convolutions and linear layers; products of two activations (attention) are left out."""
    return sum(_macs(call) for call in count.calls if call.group not in MATRIX)


def _macs(call: Call) -> int:
    return Count(calls=(call,)).macs


def multiplications(count: Count) -> int:
    """#Mul: multiply-accumulates, and what layers declare; elementwise work (normalisation) is left out."""
    return count.macs + sum(call.operations["mul"] for call in count.of("declared"))


def additions(count: Count) -> int:
    """#Add: multiply-accumulates, and what layers declare; bias and elementwise work are left out."""
    return count.macs + sum(call.operations["add"] for call in count.of("declared"))


def binary_operations(count: Count) -> int:
    """BOPs: multiply-accumulates of two bits."""
    return count.operations["xnor_popcount"]


def operations_of_binary_networks(count: Count) -> float:
    """OPs = BOPs / 64 + FLOPs, where FLOPs are the multiply-accumulates that are not binary (Bi-Real Net's rule)."""
    return binary_operations(count) / 64 + count.macs


def bit_operations(count: Count) -> int:
    """Each multiply-accumulate times the bits of its weight times the bits of its activation."""
    widths = ((mac_widths(kind), n) for kind, n in count.operations.counts.items())
    return sum(n * pair[0] * pair[1] for pair, n in widths if pair is not None)


def darts_mult_add(count: Count) -> int:
    """The "x+" of P-DARTS and PC-DARTS for ImageNet, inferred: MACs, 2 an element of batch norm, 1 an element of ReLU."""
    return macs_of_layers(count) + 2 * _outputs(count, "batch norm") + _outputs(count, "relu")


def _outputs(count: Count, group: str) -> int:
    return sum(call.outputs for call in count.of(group))


def thop_2020(count: Count) -> float:
    """pip's thop 0.0.31, as it prints it: summed in single precision, layer after layer.

    Convolutions with their bias, linear layers (attention writes its own otherwise, which the tool does not see) as
    multiplications and additions, 2 an element of batch norm, 1 an output of average pooling, k*k + 1 an output of
    adaptive average pooling, whether a layer or a function pools.
    """
    import numpy as np

    totals: dict[str, np.float32] = dict.fromkeys(count.layers, np.float32(0))
    for call in count.calls:
        totals[call.layer] = totals.get(call.layer, np.float32(0)) + np.float32(_thop_2020(call))
    total = np.float32(0)
    for value in totals.values():
        total += value
    return float(total)


def _thop_2020(call: Call) -> int:
    facts, n = call.facts, call.outputs
    match call.group:
        case "convolution":
            return _macs(call) + (n if facts["bias"] else 0)
        case "linear" if facts["module"] == "Linear":
            return 2 * _macs(call) - (0 if facts["bias"] else n)
        case "batch norm":
            return 2 * n
        case "average pooling" | "leaky relu":
            return n
        case "adaptive average pooling":
            return int((facts["kernel"] + 1) * n)
    return _UPSAMPLING.get(call.operator, 0) * n if facts["module"] in _UPSAMPLE else 0


def thop_2022(count: Count) -> int:
    """pip's thop 0.1.1: MACs without bias, 4 an element of affine normalisation (2 of plain), 1 an output of average pooling,
    inputs and outputs of adaptive average pooling."""
    return sum(_thop_2022(call) for call in count.calls)


def _thop_2022(call: Call) -> int:
    facts, n = call.facts, call.outputs
    match call.group:
        case "convolution":
            return _macs(call)
        case "linear" if facts["module"] == "Linear":
            return _macs(call)
        case "batch norm" | "layer norm":
            return (4 if facts["affine"] else 2) * n
        case "average pooling" | "prelu":
            return n
        case "adaptive average pooling":
            return int(facts["inputs"]) + n
    return _UPSAMPLING.get(call.operator, 0) * n if facts["module"] in _UPSAMPLE else 0


_UPSAMPLE: Final = ("Upsample", "UpsamplingBilinear2d")
_UPSAMPLING: Final = {
    "aten::upsample_linear1d": 5,
    "aten::upsample_bilinear2d": 11,
    "aten::upsample_bicubic2d": 259,
    "aten::upsample_trilinear3d": 31,
}


def hrank(count: Count, rates: Mapping[str, float]) -> tuple[int, int]:
    """HRank's own counter (get_flops.py): operations and parameters of convolutions and linear layers.

    `rates` gives the part of a convolution's filters that is removed, by the layer's name. Only a layer's own filters
    are taken off, not the inputs of the next one; linear layers count their bias, batch norm is left out. Raises
    SubmissionError for a rate of a layer that did not run.
    """
    flops = parameters = 0
    unknown = set(rates)
    for call in count.of("convolution", "linear"):
        facts, filters = call.facts, call.facts["filters"]
        unknown.discard(call.layer)
        left = filters - int(rates.get(call.layer, 0.0) * filters) if call.group == "convolution" else filters
        flops += _macs(call) // filters * left + (facts["bias"] if call.group == "linear" else 0)
        parameters += (facts["weight"] + facts["bias"]) // filters * left
    if unknown:
        raise SubmissionError(f"pruning_rates names {', '.join(sorted(unknown))}, and no such convolution ran")
    return flops, parameters


VIEWS: Final[Mapping[str, tuple[View, str]]] = {
    "macs": (lambda count: count.macs, "all multiply-accumulates: layers, matrix products, attention; no bias"),
    "macs_of_layers": (macs_of_layers, "multiply-accumulates of convolutions and linear layers alone"),
    "flops": (lambda count: 2 * count.macs, "two for each multiply-accumulate"),
    "mul": (multiplications, "#Mul: multiplications of layers and products"),
    "add": (additions, "#Add: additions of layers and products"),
    "bops": (binary_operations, "BOPs: multiply-accumulates of one bit by one bit"),
    "bnn_ops": (operations_of_binary_networks, "OPs of binary networks: BOPs / 64 + other multiply-accumulates"),
    "bit_operations": (bit_operations, "multiply-accumulates, each times bits of weight times bits of activation"),
    "darts_mult_add": (darts_mult_add, "P-DARTS and PC-DARTS: macs_of_layers + 2 batch norm elements + 1 ReLU element"),
    "thop_0.0.31": (thop_2020, "what pip's thop 0.0.31 prints, with its rounding to single precision"),
    "thop_0.1.1": (thop_2022, "what pip's thop 0.1.1 prints"),
}
"""Conventions by name: the view, and what it counts."""
MEANINGS: Final[Mapping[str, str]] = {name: meaning for name, (_, meaning) in VIEWS.items()} | {
    "hrank_flops": "HRank's counter: layers and bias of linear layers, less the removed output filters",
    "hrank_params": "HRank's counter of parameters: layers alone, less the removed output filters",
}
"""What each view counts, for pages and terminals."""
