"""ProxylessNAS' network for CIFAR (Cai et al. 2019): residual blocks that widen steadily, each around trees of operations.

The trees are facts of its authors' configuration (``trees.toml``). Batch normalisation stands before what has weights.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from torch import Tensor, nn
from torch.nn import functional

STEM = 16
"""Channels of the first convolution."""
WIDER = 4
"""A block answers with this many times the channels that it has inside."""
HALVES = 2
"""Groups of a block's 3x3 convolution, and trees that share its answer."""


class Forest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network of ``trees.toml``."""

    source: str
    halving: list[int]
    blocks: list[str]


@cache
def forests() -> Mapping[str, Forest]:
    """The networks by name."""
    return msgspec.toml.decode(Path(__file__).with_name("trees.toml").read_bytes(), type=dict[str, Forest])


def operation(letter: str, channels: int) -> nn.Module:
    """The layers of an operation, which keeps the shape."""
    if letter == "i":
        return nn.Identity()
    if letter == "a":
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    if letter == "m":
        return nn.MaxPool2d(3, 1, 1)
    size, dilation = (3, 2) if letter == "d" else (int(letter), 1)
    padding = size // 2 * dilation
    alone = nn.Conv2d(channels, channels, size, 1, padding, dilation, groups=channels, bias=False)
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), alone, nn.Conv2d(channels, channels, 1, bias=False))


class Tree(nn.Module):
    """Two operations at the root and two behind each of them, whose four answers are added: `pairs` are three in this order."""

    def __init__(self, pairs: list[str], channels: int) -> None:
        super().__init__()
        self.root, self.first, self.second = (
            nn.ModuleList(operation(letter, channels) for letter in pair) for pair in pairs
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> (n, channels, h, w)."""
        near, far = (root(x) for root in self.root)
        found: Tensor = self.first[0](near) + self.first[1](near) + self.second[0](far) + self.second[1](far)
        return found


class Block(nn.Module):
    """A pointwise convolution, a grouped one to twice the channels, a tree over each half of these, and a pointwise one.

    What enters is added, with zeros for the channels that it lacks.
    """

    def __init__(self, entering: int, channels: int, pairs: list[str], stride: int) -> None:
        super().__init__()
        leaving, parted = WIDER * channels, HALVES * channels
        self.enter = nn.Sequential(nn.BatchNorm2d(entering), nn.Conv2d(entering, channels, 1, bias=False))
        grouped = nn.Conv2d(channels, parted, 3, stride, 1, groups=HALVES, bias=False)
        self.part = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), grouped)
        self.trees = nn.ModuleList(Tree(pairs[3 * half : 3 * half + 3], channels) for half in range(HALVES))
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(HALVES))
        last = nn.Conv2d(channels, leaving, 1, bias=False)
        self.leave = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), last, nn.BatchNorm2d(leaving))
        # Odd sizes are kept whole, as the convolution of stride 2 keeps them.
        self.beside = nn.AvgPool2d(2, 2, ceil_mode=True) if stride == 2 else nn.Identity()
        self.lacking = leaving - entering

    def forward(self, x: Tensor) -> Tensor:
        """(n, entering, h, w) -> (n, 4 * channels, h, w), or half the size."""
        halves = functional.channel_shuffle(self.part(self.enter(x)), HALVES).chunk(HALVES, 1)
        grown = [n(tree(h)) + h for h, tree, n in zip(halves, self.trees, self.norms, strict=True)]
        found: Tensor = self.leave(grown[0] + grown[1])
        return found + functional.pad(self.beside(x), (0, 0, 0, 0, 0, self.lacking))


def forest(name: str, classes: int) -> nn.Module:
    """The network `name` of ``trees.toml``: a convolution, the blocks, the mean over a picture, a classifier."""
    plan = forests()[name]
    layers: list[nn.Module] = [nn.Conv2d(3, STEM, 3, 1, 1, bias=False), nn.BatchNorm2d(STEM)]
    entering = STEM
    for place, row in enumerate(plan.blocks):
        width, *pairs = row.split()
        layers.append(Block(entering, int(width), pairs, 2 if place in plan.halving else 1))
        entering = WIDER * int(width)
    last = [nn.BatchNorm2d(entering), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(entering, classes)]
    return nn.Sequential(*layers, *last)
