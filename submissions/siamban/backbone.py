"""ResNet-50 with dilation instead of strides in its last two stages; layers are named as in the authors' checkpoints."""

from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor, nn

EXPANSION: Final = 4


class Bottleneck(nn.Module):
    """The residual block: (b, channels, h, w) -> (b, 4 * width, h', w').

    A first block of a stage has a 3 x 3 shortcut and half of the stage's dilation; with stride 2 nothing is padded.
    """

    def __init__(self, channels: int, width: int, *, stride: int = 1, dilation: int = 1, kernel: int = 0) -> None:
        super().__init__()
        out, padding = width * EXPANSION, 0 if stride == 2 else dilation
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = None
        if kernel:
            shortcut = nn.Conv2d(channels, out, kernel, stride, padding if kernel > 1 else 0, dilation, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """The residual added to the shortcut."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(cast(Tensor, y + (x if self.downsample is None else self.downsample(x))))


class Backbone(nn.Module):
    """Images (b, 3, h, w) -> the outputs of stages 2, 3 and 4, all of one size: 15 for 127 pixels, 31 for 255."""

    def __init__(self, layers: Sequence[int] = (3, 4, 6, 3), width: int = 64) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, bias=False), nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(width, width, layers[0])
        self.layer2 = _stage(4 * width, 2 * width, layers[1], stride=2)
        self.layer3 = _stage(8 * width, 4 * width, layers[2], dilation=2)
        self.layer4 = _stage(16 * width, 8 * width, layers[3], dilation=4)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Three maps with 512, 1024 and 2048 channels."""
        x = self.layer1(self.maxpool(torch.relu(self.bn1(self.conv1(x)))))
        two = self.layer2(x)
        three = self.layer3(two)
        return [two, three, self.layer4(three)]


def _stage(channels: int, width: int, blocks: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    plain = stride == 1 and dilation == 1
    first = Bottleneck(channels, width, stride=stride, dilation=max(1, dilation // 2), kernel=1 if plain else 3)
    rest = [Bottleneck(width * EXPANSION, width, dilation=dilation) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)
