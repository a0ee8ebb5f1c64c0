"""Building blocks of the network. Attribute names are keys of the official checkpoints and must stay as they are."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from submissions.centernet.pooling import (
    bottom_pool,
    horizontal_pool,
    left_pool,
    right_pool,
    top_pool,
    vertical_pool,
)

Pool = Callable[[Tensor], Tensor]


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, *, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=(kernel - 1) // 2, bias=bias)


class Convolution(nn.Module):
    """Convolution, batch normalisation (if `norm`), ReLU: (b, inputs, h, w) -> (b, outputs, h/stride, w/stride)."""

    def __init__(self, kernel: int, inputs: int, outputs: int, stride: int = 1, *, norm: bool = True) -> None:
        super().__init__()
        self.conv = _conv(inputs, outputs, kernel, stride, bias=not norm)
        self.bn = nn.BatchNorm2d(outputs) if norm else nn.Sequential()

    def forward(self, features: Tensor) -> Tensor:
        """Apply the three."""
        return torch.relu(self.bn(self.conv(features)))


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.skip = nn.Sequential() if same else project(inputs, outputs, stride)

    def forward(self, features: Tensor) -> Tensor:
        """(b, inputs, h, w) -> (b, outputs, h/stride, w/stride)."""
        inner = torch.relu(self.bn1(self.conv1(features)))
        return torch.relu(self.bn2(self.conv2(inner)) + self.skip(features))


def project(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 1x1 convolution and batch normalisation."""
    return nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


def prediction_head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """A 3x3 convolution with ReLU and a 1x1 convolution, both with bias."""
    return nn.Sequential(Convolution(3, inputs, hidden, norm=False), _conv(hidden, outputs, 1, bias=True))


class _PooledBranches(nn.Module):
    """What both pooling modules share: two branches in, their sum beside a shortcut out."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.p1_conv1 = Convolution(3, dim, width)
        self.p2_conv1 = Convolution(3, dim, width)
        self.p_conv1 = _conv(width, dim, 3)
        self.p_bn1 = nn.BatchNorm2d(dim)
        self.conv1 = _conv(dim, dim, 1)
        self.bn1 = nn.BatchNorm2d(dim)
        self.conv2 = Convolution(3, dim, dim)

    def join(self, features: Tensor, pooled: Tensor) -> Tensor:
        """Add the pooled branches to the shortcut and convolve once more."""
        shortcut = self.bn1(self.conv1(features))
        joined: Tensor = self.conv2(torch.relu(self.p_bn1(self.p_conv1(pooled)) + shortcut))
        return joined


class CascadeCornerPool(_PooledBranches):
    """Cascade corner pooling: look from a boundary into the object, then along the boundary (section 4.3)."""

    def __init__(self, dim: int, width: int, first: Pool, second: Pool) -> None:
        super().__init__(dim, width)
        self.look_conv1 = Convolution(3, dim, width)
        self.look_conv2 = Convolution(3, dim, width)
        self.P1_look_conv = _conv(width, width, 3)
        self.P2_look_conv = _conv(width, width, 3)
        self._first, self._second = first, second

    def forward(self, features: Tensor) -> Tensor:
        """(b, dim, h, w) -> (b, dim, h, w)."""
        inside = self._second(self.look_conv1(features))
        first = self._first(self.P1_look_conv(self.p1_conv1(features) + inside))
        inside = self._first(self.look_conv2(features))
        second = self._second(self.P2_look_conv(self.p2_conv1(features) + inside))
        return self.join(features, first + second)


class TopLeftPool(CascadeCornerPool):
    """Cascade corner pooling for top-left corners."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__(dim, width, top_pool, left_pool)


class BottomRightPool(CascadeCornerPool):
    """Cascade corner pooling for bottom-right corners."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__(dim, width, bottom_pool, right_pool)


class CentrePool(_PooledBranches):
    """Centre pooling: the largest value of the column plus the largest of the row (section 4.2)."""

    def forward(self, features: Tensor) -> Tensor:
        """(b, dim, h, w) -> (b, dim, h, w)."""
        column = vertical_pool(self.p1_conv1(features))
        row = horizontal_pool(self.p2_conv1(features))
        return self.join(features, column + row)
