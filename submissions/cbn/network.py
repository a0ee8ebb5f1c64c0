"""ResNet-50 with batch normalisation behind the pool, written from the paper; layers are named as in its checkpoints."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

EXPANSION = 4


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch normalisation whose statistics are the plain mean over the batches since they were reset."""
    return nn.BatchNorm2d(channels, momentum=None)


class Bottleneck(nn.Module):
    """The residual block of ResNet-50: (b, channels, h, w) -> (b, 4 * width, h / stride, w / stride)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = width * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 1, bias=False), norm(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), norm(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), norm(out)
        fits = stride == 1 and channels == out
        self.downsample = None if fits else nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), norm(out))

    def forward(self, x: Tensor) -> Tensor:
        """The residual added to the shortcut."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.relu(cast(Tensor, self.bn3(self.conv3(y)) + shortcut))


class Backbone(nn.Sequential):
    """The layers of ResNet-50 under their usual names, the last stage with stride 1."""

    def __init__(self, layers: Sequence[int], width: int) -> None:
        super().__init__()
        self.add_module("conv1", nn.Conv2d(3, width, 7, 2, 3, bias=False))
        self.add_module("bn1", norm(width))
        self.add_module("relu", nn.ReLU())
        self.add_module("maxpool", nn.MaxPool2d(3, 2, 1))
        channels = width
        for index, (blocks, stride) in enumerate(zip(layers, (1, 2, 2, 1), strict=True)):
            stage = []
            for block in range(blocks):
                stage.append(Bottleneck(channels, width << index, stride if block == 0 else 1))
                channels = (width << index) * EXPANSION
            self.add_module(f"layer{index + 1}", nn.Sequential(*stage))
        self.channels = channels


class CameraNetwork(nn.Module):
    """Images (b, 3, h, w) of one camera -> features (b, 32 * width) behind the last batch normalisation."""

    def __init__(self, layers: Sequence[int] = (3, 4, 6, 3), width: int = 64) -> None:
        super().__init__()
        self.base = Backbone(layers, width)
        neck = nn.BatchNorm1d(self.base.channels, momentum=None)
        neck.bias.requires_grad_(False)
        self.bottleneck = nn.Sequential(neck)

    def forward(self, x: Tensor) -> Tensor:
        """The pooled and normalised features."""
        return cast(Tensor, self.bottleneck(self.base(x).mean(dim=(2, 3))))
