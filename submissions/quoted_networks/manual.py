"""DenseNet-BC for CIFAR (Huang et al. 2017, section 3), ShuffleNet (Zhang et al. 2018, table 1), ProxylessNAS (GPU).

The last one's blocks are facts of its authors' configuration proxyless_gpu (mit-han-lab/ProxylessNAS).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 3
"""Groups of ShuffleNet's pointwise convolutions."""
STAGES = ((4, 240), (8, 480), (4, 960))
"""Units and channels of ShuffleNet's stages, at scale 1 with three groups."""


PROXYLESS_GPU = (
    (24, 3, 1, 1), (32, 5, 3, 2), (56, 7, 3, 2), (56, 3, 3, 1), (112, 7, 6, 2), (112, 5, 3, 1), (128, 5, 6, 1),
    (128, 3, 3, 1), (128, 5, 3, 1), (256, 7, 6, 2), (256, 7, 6, 1), (256, 7, 6, 1), (256, 5, 6, 1), (432, 7, 6, 1),
)  # fmt: skip
"""Channels that leave a block, side of its filters, how many times wider it is inside, stride."""


class Dense(nn.Module):
    """A bottleneck whose answer stands beside what it was given."""

    def __init__(self, entering: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(entering), nn.ReLU(), nn.Conv2d(entering, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth), nn.ReLU(), nn.Conv2d(4 * growth, growth, 3, 1, 1, bias=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """(n, entering, h, w) -> (n, entering + growth, h, w)."""
        return torch.cat([x, self.layers(x)], 1)


def densenet_bc(depth: int, growth: int, classes: int) -> nn.Module:
    """Three dense blocks, the channels halved between them; `depth` counts the layers, 6n + 4."""
    channels = 2 * growth
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 1, 1, bias=False)]
    for block in range(3):
        for _ in range((depth - 4) // 6):
            layers.append(Dense(channels, growth))
            channels += growth
        if block < 2:
            halved = nn.Conv2d(channels, channels // 2, 1, bias=False)
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), halved, nn.AvgPool2d(2)]
            channels //= 2
    last = [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers, *last)


class Unit(nn.Module):
    """A bottleneck of grouped convolutions around a shuffle; one that halves the size stands beside what it was given."""

    def __init__(self, entering: int, leaving: int, stride: int, first_groups: int) -> None:
        super().__init__()
        inside, own = leaving // 4, leaving - (entering if stride == 2 else 0)
        self.reduce = nn.Sequential(
            nn.Conv2d(entering, inside, 1, groups=first_groups, bias=False), nn.BatchNorm2d(inside), nn.ReLU()
        )
        alone = nn.Conv2d(inside, inside, 3, stride, 1, groups=inside, bias=False)
        grouped = nn.Conv2d(inside, own, 1, groups=GROUPS, bias=False)
        self.expand = nn.Sequential(alone, nn.BatchNorm2d(inside), grouped, nn.BatchNorm2d(own))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(n, entering, h, w) -> (n, leaving, h / stride, w / stride)."""
        out = self.expand(functional.channel_shuffle(self.reduce(x), GROUPS))
        if self.stride == 1:
            return functional.relu(x + out)
        return functional.relu(torch.cat([functional.avg_pool2d(x, 3, 2, 1), out], 1))


def shufflenet(scale: float, classes: int) -> nn.Module:
    """ShuffleNet with three groups, `scale` times as wide as table 1 has it."""
    widths = [int(24 * scale), *(int(scale * channels) for _, channels in STAGES)]
    stem = nn.Conv2d(3, widths[0], 3, 2, 1, bias=False)
    layers: list[nn.Module] = [stem, nn.BatchNorm2d(widths[0]), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for place, ((units, _), (entering, leaving)) in enumerate(zip(STAGES, pairwise(widths), strict=True)):
        layers.append(Unit(entering, leaving, 2, GROUPS if place else 1))
        layers += [Unit(leaving, leaving, 1, GROUPS) for _ in range(units - 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))


class Inverted(nn.Module):
    """A block that is wider inside; what enters is added where it has the shape of what leaves."""

    def __init__(self, entering: int, leaving: int, size: int, wider: int, stride: int) -> None:
        super().__init__()
        inside = entering * wider
        widen = [nn.Conv2d(entering, inside, 1, bias=False), nn.BatchNorm2d(inside), nn.ReLU6()] if wider > 1 else []
        alone = nn.Conv2d(inside, inside, size, stride, size // 2, groups=inside, bias=False)
        last = [nn.Conv2d(inside, leaving, 1, bias=False), nn.BatchNorm2d(leaving)]
        self.layers = nn.Sequential(*widen, alone, nn.BatchNorm2d(inside), nn.ReLU6(), *last)
        self.added = stride == 1 and entering == leaving

    def forward(self, x: Tensor) -> Tensor:
        """(n, entering, h, w) -> (n, leaving, h / stride, w / stride)."""
        found: Tensor = self.layers(x)
        return x + found if self.added else found


def proxyless_gpu(classes: int) -> nn.Module:
    """ProxylessNAS as searched for a GPU: 40 channels first, 1728 last."""
    layers: list[nn.Module] = [nn.Conv2d(3, 40, 3, 2, 1, bias=False), nn.BatchNorm2d(40), nn.ReLU6()]
    entering = 40
    for leaving, size, wider, stride in PROXYLESS_GPU:
        layers.append(Inverted(entering, leaving, size, wider, stride))
        entering = leaving
    layers += [nn.Conv2d(entering, 1728, 1, bias=False), nn.BatchNorm2d(1728), nn.ReLU6()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1728, classes))
