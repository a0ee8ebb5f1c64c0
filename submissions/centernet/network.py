"""The network: stacked hourglasses with corner, centre, embedding and offset heads (arXiv 1904.08189, section 4).

Key names and shapes are those of the official checkpoints (github.com/Duankaiwen/CenterNet, models/), which therefore
load as they are once their ``module.`` prefix is taken off.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from submissions.centernet.blocks import (
    BottomRightPool,
    CentrePool,
    Convolution,
    Residual,
    TopLeftPool,
    prediction_head,
    project,
)

STRIDE = 4  #: input pixels a heat-map cell, along each axis
_HEAT_BIAS = -2.19  # sigmoid(-2.19) is about 0.1: the focal loss starts from rare positives


@dataclass(frozen=True)
class Architecture:
    """Sizes of one variant; the defaults are the paper's."""

    stacks: int = 2
    classes: int = 80
    stem: tuple[int, int] = (128, 256)
    dims: tuple[int, ...] = (256, 256, 384, 384, 384, 512)  #: channels at each depth of the hourglass, outermost first
    modules: tuple[int, ...] = (2, 2, 2, 2, 2, 4)  #: residual blocks at each depth
    features: int = 256  #: channels that the heads see
    pool_width: int = 128  #: channels inside the pooling modules

    @property
    def size_step(self) -> int:
        """Heights and widths of inputs are multiples of this, less one: 128 for the paper's (``size | 127``)."""
        return int(STRIDE * 2 ** (len(self.dims) - 1))


HOURGLASS_104 = Architecture(stacks=2)
HOURGLASS_52 = Architecture(stacks=1)
SAMPLE = Architecture(
    stacks=1, classes=6, stem=(16, 32), dims=(32, 48, 64, 64), modules=(1, 1, 1, 1), features=32, pool_width=24
)


class Maps(NamedTuple):
    """What one stack predicts at every cell: each (b, c, h, w). Heats are logits; offsets are x then y, in cells."""

    top_left_heat: Tensor
    bottom_right_heat: Tensor
    centre_heat: Tensor
    top_left_tag: Tensor
    bottom_right_tag: Tensor
    top_left_offset: Tensor
    bottom_right_offset: Tensor
    centre_offset: Tensor


def _chain(*dims: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(inputs, outputs) for inputs, outputs in pairwise(dims)))


class Hourglass(nn.Module):
    """One level of an hourglass and, inside it, all deeper ones; halves by a stride of 2, doubles by repetition."""

    def __init__(self, dims: tuple[int, ...], modules: tuple[int, ...]) -> None:
        super().__init__()
        here, below, blocks = dims[0], dims[1], modules[0]
        self.up1 = _chain(*[here] * (blocks + 1))
        self.low1 = nn.Sequential(Residual(here, below, 2), *_chain(*[below] * blocks))
        self.low2 = Hourglass(dims[1:], modules[1:]) if len(dims) > 2 else _chain(*[below] * (modules[1] + 1))
        self.low3 = _chain(*[below] * blocks, here)

    def forward(self, features: Tensor) -> Tensor:
        """(b, dims[0], h, w) -> the same shape; h and w divisible by 2 at every depth."""
        low = self.low3(self.low2(self.low1(features)))
        up: Tensor = self.up1(features)
        return up + nn.functional.interpolate(low, scale_factor=2.0, mode="nearest")


class CenterNet(nn.Module):
    """The whole network: `forward` gives the last stack's maps, `all_stacks` every stack's (for training)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sizes, outer = architecture, architecture.dims[0]
        self.pre = nn.Sequential(Convolution(7, 3, sizes.stem[0], 2), Residual(sizes.stem[0], sizes.stem[1], 2))
        self.kps = self._each(lambda: Hourglass(sizes.dims, sizes.modules))
        self.cnvs = self._each(lambda: Convolution(3, outer, sizes.features))
        self.tl_cnvs = self._each(lambda: TopLeftPool(sizes.features, sizes.pool_width))
        self.br_cnvs = self._each(lambda: BottomRightPool(sizes.features, sizes.pool_width))
        self.ct_cnvs = self._each(lambda: CentrePool(sizes.features, sizes.pool_width))
        self.tl_heats, self.br_heats, self.ct_heats = (self._heads(sizes.classes) for _ in range(3))
        self.tl_tags, self.br_tags = (self._heads(1) for _ in range(2))
        self.tl_regrs, self.br_regrs, self.ct_regrs = (self._heads(2) for _ in range(3))
        self.inters = self._each(lambda: Residual(outer, outer), less=1)
        self.inters_ = self._each(lambda: project(outer, outer), less=1)
        self.cnvs_ = self._each(lambda: project(sizes.features, outer), less=1)
        for heads in (self.tl_heats, self.br_heats, self.ct_heats):
            for head in heads:
                nn.init.constant_(head[-1].bias, _HEAT_BIAS)  # type: ignore[index]

    def _each(self, build: Callable[[], nn.Module], *, less: int = 0) -> nn.ModuleList:
        return nn.ModuleList(build() for _ in range(self.architecture.stacks - less))

    def _heads(self, outputs: int) -> nn.ModuleList:
        sizes = self.architecture
        return self._each(lambda: prediction_head(sizes.features, sizes.dims[0], outputs))

    def forward(self, images: Tensor) -> Maps:
        """Normalised images (b, 3, h, w), h and w = multiples of `size_step` less 1 -> maps of (h + 1) / 4."""
        return self._maps(self.architecture.stacks - 1, self._features(images)[-1])

    def all_stacks(self, images: Tensor) -> list[Maps]:
        """The maps of every stack, first to last; the loss is taken on all of them."""
        return [self._maps(stack, features) for stack, features in enumerate(self._features(images))]

    def _features(self, images: Tensor) -> list[Tensor]:
        inter = self.pre(images)
        found: list[Tensor] = []
        for stack in range(self.architecture.stacks):
            found.append(self.cnvs[stack](self.kps[stack](inter)))
            if stack + 1 < self.architecture.stacks:
                inter = torch.relu(self.inters_[stack](inter) + self.cnvs_[stack](found[-1]))
                inter = self.inters[stack](inter)
        return found

    def _maps(self, stack: int, features: Tensor) -> Maps:
        top_left = self.tl_cnvs[stack](features)
        bottom_right = self.br_cnvs[stack](features)
        centre = self.ct_cnvs[stack](features)
        return Maps(
            self.tl_heats[stack](top_left),
            self.br_heats[stack](bottom_right),
            self.ct_heats[stack](centre),
            self.tl_tags[stack](top_left),
            self.br_tags[stack](bottom_right),
            self.tl_regrs[stack](top_left),
            self.br_regrs[stack](bottom_right),
            self.ct_regrs[stack](centre),
        )
