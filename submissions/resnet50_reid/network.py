"""ResNet with a global average pool as an embedding; layers are named as in the published checkpoints.

Source: He et al., Deep Residual Learning, CVPR 2016, arXiv 1512.03385; for re-identification Luo et al., Bag of Tricks and a
Strong Baseline for Deep Person Re-identification, CVPR Workshops 2019, arXiv 1903.07071 (stride 1 in the last stage, batch
normalisation as a neck behind the pool).
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut; (b, channels, h, w) -> (b, 4 * width, h / stride, w / stride)."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * EXPANSION, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * EXPANSION)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width * EXPANSION:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, width * EXPANSION, 1, stride, bias=False), nn.BatchNorm2d(width * EXPANSION)
            )

    def forward(self, x: Tensor) -> Tensor:
        """The residual added to the shortcut."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(cast(Tensor, self.bn3(self.conv3(y)) + shortcut))


class Backbone(nn.Module):
    """ResNet without its classifier: images (b, 3, h, w) -> (b, 32 * width, h / 32 or / 16, w / 32 or / 16)."""

    def __init__(self, layers: Sequence[int], width: int, last_stride: int, stem_relu: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stem_relu = stem_relu
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = width
        for index, (blocks, stride) in enumerate(zip(layers, (1, 2, 2, last_stride), strict=True)):
            inner = width << index
            stage = [Bottleneck(channels, inner, stride)]
            stage += [Bottleneck(inner * EXPANSION, inner, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
            channels = inner * EXPANSION
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """The last feature map."""
        x = self.bn1(self.conv1(x))
        # The strong baseline's code leaves this ReLU out, and its checkpoints were trained so.
        x = self.maxpool(torch.relu(x) if self.stem_relu else x)
        for index in range(4):
            x = getattr(self, f"layer{index + 1}")(x)
        return x


class EmbeddingNetwork(nn.Module):
    """Images (b, 3, h, w) -> features (b, d), behind the neck where there is one."""

    def __init__(
        self,
        layers: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
        last_stride: int = 1,
        neck: bool = True,
        stem_relu: bool = True,
    ) -> None:
        super().__init__()
        self.base = Backbone(layers, width, last_stride, stem_relu)
        self.bottleneck = nn.BatchNorm1d(self.base.channels) if neck else None
        if self.bottleneck is not None:
            self.bottleneck.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """The pooled features."""
        pooled = cast(Tensor, self.base(x)).mean(dim=(2, 3))
        return pooled if self.bottleneck is None else cast(Tensor, self.bottleneck(pooled))
