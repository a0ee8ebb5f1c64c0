"""Prepared inputs as one batch; imports torch, so only live code imports it."""

from collections.abc import Sequence

import torch
from torch import Tensor


def stacked(inputs: Sequence[Tensor]) -> Tensor:
    """Tensors (...) of one shape as one tensor (n, ...): as ``torch.stack``, but nothing is copied where they lie in a row.

    What `harness.workers` prepares does. Who changes the batch in place then changes its parts. A single tensor is copied.
    """
    first, step = inputs[0], inputs[0].numel()
    if len(inputs) == 1:
        return first.unsqueeze(0).clone(memory_format=torch.contiguous_format)
    for place, one in enumerate(inputs):
        if (
            one.untyped_storage().data_ptr() != first.untyped_storage().data_ptr()
            or one.storage_offset() != first.storage_offset() + place * step
            or one.shape != first.shape
            or one.dtype != first.dtype
            or not one.is_contiguous()
        ):
            return torch.stack(list(inputs))
    return first.as_strided((len(inputs), *first.shape), (step, *first.stride()))
