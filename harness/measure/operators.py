"""Which of torch's operators multiply and accumulate, by what formula, and which are known to do no such thing."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

Formula = Callable[..., int]


def macs_formulas() -> Mapping[str, Formula]:
    """Multiply-accumulates by operator name ("aten::mm"): called with the operator's arguments and `out_val`.

    Torch's own registry counts two floating-point operations a multiply-accumulate; it is halved here, and completed by
    what it lacks (matrix-vector products, attention on CPUs in some versions, deformable convolution).
    """
    from torch.utils.flop_counter import flop_registry

    formulas: dict[str, Formula] = dict(OWN_FORMULAS)
    for operator, flops in flop_registry.items():
        name = getattr(operator, "_qualified_op_name", None)
        if name is not None:
            formulas[name] = _halved(flops)
    return formulas


def _halved(flops: Callable[..., int]) -> Formula:
    def macs(*args: Any, **kwargs: Any) -> int:
        return flops(*args, **kwargs) // 2

    return macs


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    """Query (..., s, d), key (..., t, d), value (..., t, e): both products, d and e for each pair of s and t."""
    *outer, rows, depth = query.shape
    return int(prod(outer) * rows * key.shape[-2] * (depth + value.shape[-1]))


def _deformable_convolution(_: Any, weight: Any, *__: Any, out_val: Any, **___: Any) -> int:
    """Output (n, c, h, w), weight (c, c_in / groups, kh, kw); the interpolation of the samples is not counted."""
    return int(out_val.numel() * prod(weight.shape[1:]))


def _elements_of_first(matrix: Any, *_: Any, **__: Any) -> int:
    return int(matrix.numel())


def _elements_of_second(_: Any, matrix: Any, *__: Any, **___: Any) -> int:
    return int(matrix.numel())


def _fused_addmm(_: Any, left: Any, right: Any, *__: Any, **___: Any) -> int:
    return int(left.shape[0] * left.shape[1] * right.shape[1])


OWN_FORMULAS: Mapping[str, Formula] = {
    "aten::mv": _elements_of_first,
    "aten::dot": _elements_of_first,
    "aten::vdot": _elements_of_first,
    "aten::addmv": _elements_of_second,
    "aten::addmv_": _elements_of_second,
    "aten::_addmm_activation": _fused_addmm,
    "aten::_scaled_dot_product_flash_attention_for_cpu": _attention,
    "aten::_scaled_dot_product_fused_attention_overrideable": _attention,
    "torchvision::deform_conv2d": _deformable_convolution,
}

NORMALISATION = """
native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm
_batch_norm_impl_index _batch_norm_with_update _batch_norm_no_update batch_norm instance_norm native_layer_norm
layer_norm native_group_norm group_norm _fused_rms_norm rms_norm linalg_vector_norm norm _softmax _log_softmax
softmax log_softmax _safe_softmax native_dropout _prelu_kernel glu
"""
ELEMENTWISE = """
add sub mul div rsub neg abs exp log sqrt rsqrt pow square reciprocal clamp floor ceil round trunc sign relu relu6
leaky_relu elu celu selu gelu silu mish hardswish hardsigmoid hardtanh sigmoid log_sigmoid_forward tanh softplus
softshrink hardshrink threshold erf sin cos atan2 lerp where masked_fill maximum minimum eq ne lt le gt ge
logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not bitwise_xor addcmul addcdiv isnan
isinf isfinite nan_to_num
"""
POOLING = """
max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d
_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_max_pool1d adaptive_max_pool2d
adaptive_max_pool3d max_unpool2d fractional_max_pool2d im2col col2im
"""
SAMPLING = """
upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_bilinear2d upsample_bicubic2d upsample_linear1d
upsample_trilinear3d _upsample_nearest_exact2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa grid_sampler_2d
grid_sampler_3d grid_sampler affine_grid_generator pixel_shuffle pixel_unshuffle channel_shuffle
"""
REDUCTION = """
sum mean std var var_mean std_mean prod any all amax amin aminmax max min argmax argmin logsumexp cumsum cumprod
cummax cummin median nanmedian mode topk sort argsort kthvalue unique_consecutive _unique2 unique_dim nonzero
count_nonzero bincount histc searchsorted bucketize equal is_nonzero item _local_scalar_dense isin trace
"""
MOVEMENT = """
cat stack copy _to_copy clone contiguous roll flip rot90 repeat repeat_interleave tile gather scatter scatter_add
scatter_reduce index index_select index_put _index_put_impl index_add index_copy index_fill masked_select
masked_scatter masked_fill take embedding constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d
replication_pad1d replication_pad2d replication_pad3d pad tril triu lift_fresh lift lift_fresh_copy resize set
_unsafe_view _reshape_copy _reshape_alias _unsafe_index split_with_sizes_copy unbind_copy one_hot meshgrid
combinations diag_embed as_strided detach alias view t transpose squeeze unsqueeze
"""
CREATION = """
empty empty_like empty_strided empty_permuted new_empty new_empty_strided new_zeros new_ones new_full zeros
zeros_like ones ones_like full full_like arange linspace eye scalar_tensor rand rand_like randn randn_like randint
randperm normal uniform bernoulli tril_indices triu_indices zero fill floor_divide remainder
"""
TORCHVISION = "nms roi_align roi_pool ps_roi_align ps_roi_pool"
NOT_MACS = frozenset(
    f"aten::{name}"
    for group in (NORMALISATION, ELEMENTWISE, POOLING, SAMPLING, REDUCTION, MOVEMENT, CREATION)
    for name in group.split()
) | frozenset(f"torchvision::{name}" for name in TORCHVISION.split())
"""No multiply-accumulates by the convention; names without the underscore of in-place forms. Besides these, torch marks
most operators that work element by element, and views."""


def known_without_macs(operator: Any) -> bool:
    """Whether a torch OpOverload is element by element, a view, a reduction, or listed in NOT_MACS."""
    import torch

    marks = {torch.Tag.pointwise, getattr(torch.Tag, "reduction", torch.Tag.pointwise)}
    return (
        operator.is_view
        or not marks.isdisjoint(operator.tags)
        or operator.namespace in ("prim", "prims", "profiler")
        or qualified_name(operator).rstrip("_") in NOT_MACS
    )


def qualified_name(operator: Any) -> str:
    """Namespace and name without the overload, such as `aten::mm`."""
    return str(operator._schema.name)
