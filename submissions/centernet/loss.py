"""The training loss of arXiv 1904.08189, section 4.4: points, pull and push of embeddings, offsets."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from submissions.centernet.decode import at_cells
from submissions.centernet.network import Maps

_PULL = _PUSH = 0.1
_EPSILON = 1e-4


class Batch(NamedTuple):
    """Targets of a batch; see `submissions.centernet.targets.Targets` for the meaning of each."""

    images: Tensor  #: (b, 3, H, W)
    heats: Tensor  #: (b, 3, classes, h, w)
    cells: Tensor  #: (b, 3, n) int64
    offsets: Tensor  #: (b, 3, n, 2)
    mask: Tensor  #: (b, n) bool


class Losses(NamedTuple):
    """The four parts, already weighted; each a scalar."""

    focal: Tensor
    pull: Tensor
    push: Tensor
    offset: Tensor


def centernet_loss(stacks: list[Maps], batch: Batch) -> Losses:
    """The loss parts, averaged over the stacks."""
    parts = [_stack_loss(maps, batch) for maps in stacks]
    return Losses(*(torch.stack(values).mean() for values in zip(*parts, strict=True)))


def _stack_loss(maps: Maps, batch: Batch) -> Losses:
    heats = (maps.top_left_heat, maps.bottom_right_heat, maps.centre_heat)
    offsets = (maps.top_left_offset, maps.bottom_right_offset, maps.centre_offset)
    focal = sum((focal_loss(heat, batch.heats[:, i]) for i, heat in enumerate(heats)), torch.zeros(()))
    first = at_cells(maps.top_left_tag, batch.cells[:, 0]).squeeze(2)
    second = at_cells(maps.bottom_right_tag, batch.cells[:, 1]).squeeze(2)
    pull, push = embedding_loss(first, second, batch.mask)
    offset = sum((_offset_loss(found, batch, i) for i, found in enumerate(offsets)), torch.zeros(()))
    return Losses(focal, _PULL * pull, _PUSH * push, offset)


def focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Focal loss of exponents 2 and 4, in which cells near a point cost less; divided by the number of points.

    `logits` and `target` are (b, classes, h, w); a cell is a point where the target is exactly 1.
    """
    probability = torch.sigmoid(logits).clamp(_EPSILON, 1 - _EPSILON)
    points = target.eq(1)
    hit = torch.log(probability) * (1 - probability) ** 2
    miss = torch.log(1 - probability) * probability**2 * (1 - target) ** 4
    count = points.sum().clamp(min=1)
    return -torch.where(points, hit, miss).sum() / count


def embedding_loss(first: Tensor, second: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Pull the two corners of an object together, push objects of an image apart by at least 1.

    `first`, `second`: embeddings (b, n); `mask`: (b, n). The small constants are those of the official code.
    """
    count = mask.sum(1, keepdim=True).to(first.dtype)
    mean = (first + second) / 2
    spread = ((first - mean) ** 2 + (second - mean) ** 2) / (count + _EPSILON)
    pull = spread[mask].sum()
    gap = functional.relu(1 - (mean[:, None, :] - mean[:, :, None]).abs())
    # an object's gap to itself is 1; taking 1 / count off every pair removes that share
    pairs = (gap - 1 / (count + _EPSILON)[:, :, None]) / ((count - 1) * count + _EPSILON)[:, :, None]
    return pull, pairs[mask[:, None, :] & mask[:, :, None]].sum()


def _offset_loss(found: Tensor, batch: Batch, point: int) -> Tensor:
    predicted = at_cells(found, batch.cells[:, point])
    error = functional.smooth_l1_loss(predicted, batch.offsets[:, point], reduction="none")
    return error[batch.mask].sum() / (batch.mask.sum() + _EPSILON)
