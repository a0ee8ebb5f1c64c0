"""GoogLeNet for CIFAR-10 whose inception blocks may be narrower inside than published.

Without auxiliary classifiers, the 5x5 convolutions as two of 3x3, biases and batch normalisation everywhere. Names of
parameters are those of lmbxmu/FilterSketch and lmbxmu/HRank, whose checkpoints load as they are.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

BLOCKS: Final = {
    "a3": (64, 96, 128, 16, 32, 32),
    "b3": (128, 128, 192, 32, 96, 64),
    "a4": (192, 96, 208, 16, 48, 64),
    "b4": (160, 112, 224, 24, 64, 64),
    "c4": (128, 128, 256, 24, 64, 64),
    "d4": (112, 144, 288, 32, 64, 64),
    "e4": (256, 160, 320, 32, 128, 128),
    "a5": (256, 160, 320, 32, 128, 128),
    "b5": (384, 192, 384, 48, 128, 128),
}
"""Filters of each block, as in Szegedy et al. 2015, table 1: 1x1; 3x3 reduced and 3x3; 5x5 reduced and 5x5; after pooling."""
ENTERING: Final = 192


def layers(*convolutions: tuple[int, int, int]) -> nn.Sequential:
    """Convolutions (channels in, channels, size), each with batch normalisation and ReLU."""
    made: list[nn.Module] = []
    for channels_in, channels, size in convolutions:
        made += [nn.Conv2d(channels_in, channels, size, padding=size // 2), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*made)


class Inception(nn.Module):
    """Four branches side by side; `share` of the filters inside the branches are kept, none of what leaves them is removed."""

    def __init__(self, channels_in: int, filters: tuple[int, int, int, int, int, int], share: float) -> None:
        super().__init__()
        n1, reduced3, n3, reduced5, n5, pooled = filters
        inner3, inner5, between = (int(count * share) for count in (reduced3, reduced5, n5))
        self.branch1x1 = layers((channels_in, n1, 1))
        self.branch3x3 = layers((channels_in, inner3, 1), (inner3, n3, 3))
        self.branch5x5 = layers((channels_in, inner5, 1), (inner5, between, 3), (between, n5, 3))
        self.branch_pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), *layers((channels_in, pooled, 1)))
        self.leaving = n1 + n3 + n5 + pooled

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, leaving, h, w)."""
        return torch.cat([self.branch1x1(x), self.branch3x3(x), self.branch5x5(x), self.branch_pool(x)], 1)


class GoogLeNet(nn.Module):
    """`shares` are the parts of the filters that the nine blocks keep inside."""

    def __init__(self, shares: Sequence[float], classes: int = 10) -> None:
        super().__init__()
        self.pre_layers = layers((3, ENTERING, 3))
        entering = ENTERING
        for (name, filters), share in zip(BLOCKS.items(), shares, strict=True):
            block = Inception(entering, filters, share)
            self.add_module(f"inception_{name}", block)
            entering = block.leaving
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.avgpool = nn.AvgPool2d(8, 1)
        self.linear = nn.Linear(entering, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = self.pre_layers(x)
        for name in BLOCKS:
            x = self.get_submodule(f"inception_{name}")(x)
            if name in ("b3", "e4"):
                x = self.maxpool(x)
        logits: Tensor = self.linear(self.avgpool(x).flatten(1))
        return logits
