"""What each of torch's operators costs: its formula, or why it has none."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from harness.measure.cost_elementwise import TYPED
from harness.measure.cost_products import PRODUCTS, Arguments, Formula, Work
from harness.operations import Operations


def _qualified(names: str, namespace: str = "aten") -> frozenset[str]:
    return frozenset(f"{namespace}::{name}" for name in names.split())


MOVEMENT: Final = """
cat stack copy _to_copy clone contiguous roll flip rot90 repeat repeat_interleave tile gather scatter index index_select
index_put _index_put_impl index_copy index_fill masked_select masked_scatter take embedding constant_pad_nd
reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d pad tril triu
lift_fresh lift lift_fresh_copy resize set _unsafe_view _reshape_copy _reshape_alias _unsafe_index split_with_sizes_copy
unbind_copy one_hot meshgrid combinations diag_embed as_strided detach alias view t transpose squeeze unsqueeze im2col
max_unpool2d pixel_shuffle pixel_unshuffle channel_shuffle equal is_nonzero item _local_scalar_dense nonzero resolve_conj
resolve_neg native_dropout complex view_as_real view_as_complex to
"""
CREATION: Final = """
empty empty_like empty_strided empty_permuted new_empty new_empty_strided new_zeros new_ones new_full zeros zeros_like
ones ones_like full full_like arange linspace eye scalar_tensor rand rand_like randn randn_like randint randperm normal
uniform tril_indices triu_indices zero fill
"""
FREE: Final = _qualified(MOVEMENT + CREATION)
"""Operators that only move or make values, without the underscore of in-place forms."""
WITHOUT_MACS: Final = _qualified(
    """
index_add scatter_add scatter_reduce col2im affine_grid_generator fractional_max_pool2d mode bincount histc searchsorted
bucketize unique_consecutive _unique2 unique_dim
"""
) | _qualified("nms roi_align roi_pool ps_roi_align ps_roi_pool", "torchvision")
"""Operators without multiply-accumulates whose other operations depend on the values, or have no formula here yet."""
GATHERS: Final = _qualified("gather index index_select embedding take masked_select")
"""Operators that read as much as they write, whatever the size of what they choose from."""


def formula_of(operator: Any) -> Formula | None:
    """The formula of a torch OpOverload, or None. Moving and making values costs no operations."""
    name = qualified_name(operator)
    plain = name.rstrip("_")
    found = PRODUCTS.get(name) or PRODUCTS.get(plain) or TYPED.get(plain)
    if found is not None:
        return found
    if plain in FREE or operator.is_view:
        return _free
    return _torch_formulas().get(name)


def _free(a: Arguments, out: Any) -> Work:
    return Work("movement", Operations())


@cache
def _torch_formulas() -> Mapping[str, Formula]:
    """Torch's own registry counts two floating-point operations a multiply-accumulate; it knows operators that we do not."""
    from torch.utils.flop_counter import flop_registry

    named = ((getattr(operator, "_qualified_op_name", ""), flops) for operator, flops in flop_registry.items())
    return {name: _halved(flops) for name, flops in named if name}


def _halved(flops: Callable[..., int]) -> Formula:
    def formula(a: Arguments, out: Any) -> Work:
        return Work("product", Operations(mac=int(flops(*a.values(), out_val=out)) // 2))

    return formula


def without_macs(operator: Any) -> bool:
    """Whether an operator without a formula is known to multiply and accumulate nothing: torch marks it as working element
    by element or as a reduction, or it is in `WITHOUT_MACS`."""
    import torch

    marks = {torch.Tag.pointwise, getattr(torch.Tag, "reduction", torch.Tag.pointwise)}
    return (
        not marks.isdisjoint(operator.tags)
        or operator.namespace in ("prim", "prims", "profiler")
        or qualified_name(operator).rstrip("_") in WITHOUT_MACS
    )


def arguments_of(operator: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names in the operator's schema; those left at their defaults included."""
    found = dict(kwargs)
    for index, argument in enumerate(operator._schema.arguments):
        if index < len(args):
            found[argument.name] = args[index]
        elif argument.name not in found and argument.has_default_value():
            found[argument.name] = argument.default_value
    return found


def qualified_name(operator: Any) -> str:
    """Namespace and name without the overload, such as `aten::mm`."""
    return str(operator._schema.name)
