"""Operations of the operators that multiply and accumulate nothing: normalisation, activations, pooling, resampling,
reductions. What an operator needs once a row or a channel (a division by a count) is left out unless it is said here."""

from collections.abc import Iterator, Mapping
from math import ceil, log2, prod
from typing import Any, Final

from harness.measure.cost_products import Arguments, Formula, Work, softmax_operations
from harness.operations import Operations

ELEMENTWISE: Final[Mapping[str, Operations]] = {
    "add sub rsub subtract logaddexp": Operations(add=1),
    "mul multiply square bernoulli": Operations(mul=1),
    "div divide true_divide reciprocal remainder fmod floor_divide exp exp2 expm1 log log2 log10 log1p sqrt rsqrt "
    "sigmoid log_sigmoid_forward tanh erf erfc erfinv sin cos tan asin acos atan atan2 sinh cosh": Operations(lut=1),
    "abs neg negative sign sgn": Operations(abs=1),
    "relu threshold eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or "
    "bitwise_not bitwise_xor maximum minimum fmin fmax clamp_min clamp_max floor ceil round trunc frac where masked_fill "
    "isnan isinf isfinite nan_to_num isin bitwise_left_shift bitwise_right_shift": Operations(compare=1),
    "clamp clip hardtanh relu6 softshrink hardshrink": Operations(compare=2),
    "leaky_relu _prelu_kernel prelu": Operations(compare=1, mul=1),
    "elu celu selu": Operations(compare=1, lut=1, add=1, mul=1),
    "gelu": Operations(lut=1, mul=2, add=1),
    "silu": Operations(lut=1, mul=1),
    "mish": Operations(lut=2, add=1, mul=1),
    "softplus": Operations(lut=2, add=1, compare=1),
    "hardsigmoid": Operations(add=1, compare=2, mul=1),
    "hardswish": Operations(add=1, compare=2, mul=2),
    "glu": Operations(lut=1, mul=1),
    "lerp": Operations(add=2, mul=1),
    "addcmul": Operations(add=1, mul=2),
    "addcdiv": Operations(add=1, mul=1, lut=1),
}
"""For each output element. A choice (`where`) counts as a comparison."""
GROUPS: Final = {"relu": "relu", "leaky_relu": "leaky relu", "_prelu_kernel": "prelu", "prelu": "prelu"}
"""Groups that conventions ask for; the rest is `elementwise`."""


def _elementwise(each: Operations, group: str) -> Formula:
    def formula(a: Arguments, out: Any) -> Work:
        scaled = a.get("alpha", 1) != 1
        n = elements(out)
        return Work(group, each * n + Operations(mul=n if scaled and each["add"] else 0))

    return formula


def elements(value: Any) -> int:
    """Elements of a tensor, or of the first tensor of several outputs."""
    if isinstance(value, list | tuple):
        return elements(value[0]) if value else 0
    return int(value.numel()) if hasattr(value, "numel") else 0


def _power(a: Arguments, out: Any) -> Work:
    squared = isinstance(a.get("exponent"), int | float) and a["exponent"] == 2
    return Work("elementwise", (Operations(mul=1) if squared else Operations(lut=1)) * elements(out))


def _input(a: Arguments) -> Any:
    return a.get("input", a.get("self"))


SPATIAL: Final = 4
"""Dimensions of a batch of feature maps."""
STATISTICS: Final = Operations(add=3, mul=1)
"""Mean and variance of the input itself, for each element: a sum, a difference, a square, a sum."""


def _batch_norm(a: Arguments, out: Any) -> Work:
    """With stored statistics one multiplication and one addition an element, since scale and shift can be joined."""
    n = elements(out)
    own = bool(a.get("training"))
    facts = {"affine": a.get("weight") is not None}
    return Work("batch norm", Operations(mul=n, add=n) + STATISTICS * (n if own else 0), facts)


def _layer_norm(a: Arguments, out: Any) -> Work:
    """Statistics, scaling, and weight and bias where there are any."""
    n, affine = elements(out), a.get("weight") is not None
    shifted = Operations(mul=n, add=n if a.get("bias") is not None else 0) if affine else Operations()
    return Work("layer norm", STATISTICS * n + Operations(mul=n) + shifted, {"affine": affine})


def _softmax(a: Arguments, out: Any) -> Work:
    n = elements(out)
    return Work("softmax", softmax_operations(n, n // max(1, int(out.shape[a["dim"]]))) if n else Operations())


def _window(a: Arguments, dimensions: int) -> int:
    """Elements under a pooling window; a single number stands for every dimension."""
    size = a["kernel_size"]
    size = list(size) if isinstance(size, list | tuple) else [size]
    return int(prod(size)) if len(size) == dimensions else int(size[0] ** dimensions)


def _max_pooling(dimensions: int) -> Formula:
    def formula(a: Arguments, out: Any) -> Work:
        return Work("max pooling", Operations(compare=elements(out) * (_window(a, dimensions) - 1)))

    return formula


def _average_pooling(dimensions: int) -> Formula:
    def formula(a: Arguments, out: Any) -> Work:
        n = elements(out)
        return Work("average pooling", Operations(add=n * (_window(a, dimensions) - 1), mul=n))

    return formula


def _adaptive_average(a: Arguments, out: Any) -> Work:
    """Facts: elements of the input; elements of a window where the sizes divide, as the tools assume they do."""
    x, n = _input(a), elements(out)
    spatial = len(a["output_size"])
    kernel = prod(i // max(1, o) for i, o in zip(x.shape[-spatial:], out.shape[-spatial:], strict=True))
    facts = {"inputs": elements(x), "kernel": kernel}
    return Work("adaptive average pooling", Operations(add=max(0, elements(x) - n), mul=n), facts)


def _reduction(**each: int) -> Formula:
    """So many operations for each element of the input but the first of each output; the form with two inputs
    (`max(x, y)`) for each output."""

    def formula(a: Arguments, out: Any) -> Work:
        if hasattr(a.get("other"), "numel"):
            return Work("elementwise", Operations(**each) * elements(out))
        n = elements(_input(a)) if _input(a) is not None else elements(a["tensors"])
        return Work("reduction", Operations(**each) * max(0, n - elements(out)))

    return formula


def _mean(a: Arguments, out: Any) -> Work:
    """A mean over height and width is global average pooling, which is how torch itself computes it."""
    x, n = _input(a), elements(out)
    done = Operations(add=max(0, elements(x) - n), mul=n)
    dims = a.get("dim") or []
    if x.dim() == SPATIAL and {int(d) % SPATIAL for d in dims} == {2, 3}:
        return Work("adaptive average pooling", done, {"inputs": elements(x), "kernel": int(prod(x.shape[-2:]))})
    return Work("reduction", done)


def _variance(a: Arguments, out: Any) -> Work:
    return Work("reduction", STATISTICS * elements(_input(a)))


def _sorting(a: Arguments, out: Any) -> Work:
    """Comparisons of a merge sort along the dimension: n log2 n."""
    x = _input(a)
    length = int(x.shape[a.get("dim", -1)]) if x.dim() else 1
    return Work("sorting", Operations(compare=elements(x) * ceil(log2(max(2, length)))))


def _resampling(taps: int) -> Formula:
    """Weighted sums of `taps` neighbours; where they lie is not counted."""

    def formula(a: Arguments, out: Any) -> Work:
        n = elements(out)
        return Work("resampling", Operations(mul=taps * n, add=(taps - 1) * n) if taps > 1 else Operations())

    return formula


def _grid_sampling(dimensions: int) -> Formula:
    """Bilinear (mode 0), nearest (1) or bicubic (2) values at given places."""

    def formula(a: Arguments, out: Any) -> Work:
        taps = {0: 2**dimensions, 1: 1, 2: 4**dimensions}[int(a["interpolation_mode"])]
        return _resampling(taps)(a, out)

    return formula


def _named(names: str, formula: Formula) -> Iterator[tuple[str, Formula]]:
    return ((f"aten::{name}", formula) for name in names.split())


def _all() -> Iterator[tuple[str, Formula]]:
    for names, each in ELEMENTWISE.items():
        for name in names.split():
            yield f"aten::{name}", _elementwise(each, GROUPS.get(name, "elementwise"))
    yield from _named(
        "batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm "
        "_batch_norm_with_update _batch_norm_no_update miopen_batch_norm", _batch_norm
    )  # fmt: skip
    yield from _named("layer_norm native_layer_norm group_norm native_group_norm rms_norm _fused_rms_norm", _layer_norm)
    yield from _named("_softmax _log_softmax softmax log_softmax _safe_softmax", _softmax)
    for d in (1, 2, 3):
        yield from _named(f"max_pool{d}d max_pool{d}d_with_indices", _max_pooling(d))
        yield from _named(f"avg_pool{d}d", _average_pooling(d))
        yield from _named(f"adaptive_avg_pool{d}d _adaptive_avg_pool{d}d", _adaptive_average)
        yield from _named(f"adaptive_max_pool{d}d", _reduction(compare=1))
        yield from _named(f"upsample_nearest{d}d _upsample_nearest_exact{d}d", _resampling(1))
    yield from _named("upsample_linear1d", _resampling(2))
    yield from _named("upsample_bilinear2d _upsample_bilinear2d_aa", _resampling(4))
    yield from _named("upsample_bicubic2d _upsample_bicubic2d_aa", _resampling(16))
    yield from _named("upsample_trilinear3d", _resampling(8))
    yield from _named("grid_sampler_2d", _grid_sampling(2))
    yield from _named("grid_sampler_3d", _grid_sampling(3))
    yield from _named("sum nansum cumsum logcumsumexp trace", _reduction(add=1))
    yield from _named("prod cumprod", _reduction(mul=1))
    yield from _named("any all amax amin max min argmax argmin cummax cummin count_nonzero", _reduction(compare=1))
    yield from _named("aminmax", _reduction(compare=2))
    yield from _named("linalg_vector_norm norm", _reduction(mul=1, add=1))
    yield from _named("logsumexp", _reduction(compare=1, add=2, lut=1))
    yield from _named("pow", _power)
    yield from _named("mean", _mean)
    yield from _named("var std var_mean std_mean", _variance)
    yield from _named("sort argsort topk kthvalue median nanmedian msort", _sorting)


TYPED: Final[Mapping[str, Formula]] = dict(_all())
"""By operator name without the underscore of in-place forms."""
