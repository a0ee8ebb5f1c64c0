"""A cell from a genotype, and the operations on its edges: Liu et al. 2019 (DARTS), section 2.1 and appendix A.1.

Names of parameters are those of quark0/darts and of the repositories made from it, whose checkpoints load as they are.
"""

import torch
from torch import Tensor, nn

from .genotype import Genotype


class Steps(nn.Module):
    """Layers one after the other under the name ``op``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        found: Tensor = self.op(x)
        return found


class Zeros(nn.Module):
    """What an edge gives that is not there."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> zeros of (n, channels, h / stride, w / stride)."""
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])


class FactorizedReduce(nn.Module):
    """Half the size: two pointwise convolutions of stride 2, the second one pixel further, side by side."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_1 = nn.Conv2d(channels_in, channels // 2, 1, 2, bias=False)
        self.conv_2 = nn.Conv2d(channels_in, channels // 2, 1, 2, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / 2, w / 2), of even h and w."""
        x = self.relu(x)
        found: Tensor = self.bn(torch.cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], dim=1))
        return found


class Cell(nn.Module):
    """The normal or the reducing cell of `genotype`; `after_reducing` if the cell before this one halved the size."""

    def __init__(
        self, genotype: Genotype, channels_in: tuple[int, int], channels: int, reducing: bool, after_reducing: bool
    ) -> None:
        super().__init__()
        before, last = channels_in
        self.preprocess0 = FactorizedReduce(before, channels) if after_reducing else pointwise(before, channels)
        self.preprocess1 = pointwise(last, channels)
        edges = genotype.reduce if reducing else genotype.normal
        self.concat = genotype.reduce_concat if reducing else genotype.normal_concat
        self.reads = [state for _, state in edges]
        strides = [2 if reducing and state < 2 else 1 for state in self.reads]
        made = [operation(name, channels, stride) for (name, _), stride in zip(edges, strides, strict=True)]
        self._ops = nn.ModuleList(made)

    @property
    def channels(self) -> int:
        """Channels of its answer, as a multiple of those inside."""
        return len(self.concat)

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        """The answers of the two cells before -> (n, channels, h, w), or half the size."""
        states = [self.preprocess0(before), self.preprocess1(last)]
        for first in range(0, len(self._ops), 2):
            one, other = (self._ops[edge](states[self.reads[edge]]) for edge in (first, first + 1))
            states.append(one + other)
        return torch.cat([states[state] for state in self.concat], dim=1)


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """The layers of an edge, by the name that genotypes have for it."""
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
    if name == "none":
        return Zeros(stride)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride, 1)
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    size = int(name[-1])
    if name.startswith("dil"):
        return Steps(*_separable(channels, size, stride, dilation=2))
    return Steps(*_separable(channels, size, stride), *_separable(channels, size, 1))


def pointwise(channels_in: int, channels: int) -> Steps:
    """A rectifier, a pointwise convolution and batch normalisation."""
    return Steps(nn.ReLU(), nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels))


def _separable(channels: int, size: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (size // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, size, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]
