"""GhostNet: half of a layer's channels come from a convolution, the other half from cheap ones of these.

Written from the paper (sections 3.1 to 3.3, table 1). Names of parameters are those of huawei-noah/Efficient-AI-Backbones,
whose checkpoint loads as it is.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES: Final = (
    ((3, 16, 16, False, 1),),
    ((3, 48, 24, False, 2),),
    ((3, 72, 24, False, 1),),
    ((5, 72, 40, True, 2),),
    ((5, 120, 40, True, 1),),
    ((3, 240, 80, False, 2),),
    (
        (3, 200, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 184, 80, False, 1),
        (3, 480, 112, True, 1),
        (3, 672, 112, True, 1),
    ),
    ((5, 672, 160, True, 2),),
    ((5, 960, 160, False, 1), (5, 960, 160, True, 1), (5, 960, 160, False, 1), (5, 960, 160, True, 1)),
)
"""Table 1: kernel size of a bottleneck, channels inside, channels out, whether it squeezes and excites, stride."""

HEAD: Final = 1280
"""Channels before the classifier, in the paper at every width."""


def whole(channels: float) -> int:
    """The nearest multiple of 4, but at least 4 and never below 90 % of `channels`: MobileNet's rule."""
    found = max(4, int(channels + 2) // 4 * 4)
    return found + 4 if found < 0.9 * channels else found


class GhostModule(nn.Module):
    """A pointwise convolution for the first half of the channels, depthwise 3 x 3 ones of its results for the second."""

    def __init__(self, channels_in: int, channels: int, relu: bool) -> None:
        super().__init__()
        self.channels = channels
        own = math.ceil(channels / 2)
        self.primary_conv = nn.Sequential(*_convolution(channels_in, own, 1), *_rectifier(relu))
        self.cheap_operation = nn.Sequential(*_convolution(own, own, 3, groups=own), *_rectifier(relu))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h, w)."""
        own = self.primary_conv(x)
        return torch.cat([own, self.cheap_operation(own)], dim=1)[:, : self.channels]


class SqueezeExcite(nn.Module):
    """Channels weighed by what their means tell, with the piecewise linear sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, whole(channels / 4), 1)
        self.conv_expand = nn.Conv2d(whole(channels / 4), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> the same shape."""
        weights = functional.relu(self.conv_reduce(functional.adaptive_avg_pool2d(x, 1)))
        return x * functional.hardsigmoid(self.conv_expand(weights))


class Bottleneck(nn.Module):
    """Two ghost modules; between them a depthwise convolution where the size changes, and squeeze and excitation."""

    def __init__(self, channels_in: int, inside: int, channels: int, size: int, stride: int, squeezes: bool) -> None:
        super().__init__()
        self.ghost1 = GhostModule(channels_in, inside, relu=True)
        self.strides = stride > 1
        if self.strides:
            self.conv_dw, self.bn_dw = _convolution(inside, inside, size, stride, inside)
        self.se = SqueezeExcite(inside) if squeezes else nn.Identity()
        self.ghost2 = GhostModule(inside, channels, relu=False)
        self.shortcut = nn.Sequential()
        if self.strides or channels_in != channels:
            depthwise = _convolution(channels_in, channels_in, size, stride, channels_in)
            self.shortcut = nn.Sequential(*depthwise, *_convolution(channels_in, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = self.ghost1(x)
        if self.strides:
            out = self.bn_dw(self.conv_dw(out))
        found: Tensor = self.ghost2(self.se(out)) + self.shortcut(x)
        return found


class Pointwise(nn.Module):
    """The pointwise convolution after the last bottleneck."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv, self.bn1 = _convolution(channels_in, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h, w)."""
        return functional.relu(self.bn1(self.conv(x)))


class GhostNet(nn.Module):
    """The network with `width` times the channels of table 1."""

    def __init__(self, width: float = 1.0, classes: int = 1000, head: int = HEAD, dropout: float = 0.2) -> None:
        super().__init__()
        channels = whole(16 * width)
        self.conv_stem, self.bn1 = _convolution(3, channels, 3, 2)
        stages: list[nn.Sequential] = []
        for rows in STAGES:
            stage = []
            for size, inside, out, squeezes, stride in rows:
                stage.append(Bottleneck(channels, whole(inside * width), whole(out * width), size, stride, squeezes))
                channels = whole(out * width)
            stages.append(nn.Sequential(*stage))
        last = whole(STAGES[-1][-1][1] * width)
        self.blocks = nn.Sequential(*stages, nn.Sequential(Pointwise(channels, last)))
        self.conv_head = nn.Conv2d(last, head, 1)
        self.classifier = nn.Linear(head, classes)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        x = self.blocks(functional.relu(self.bn1(self.conv_stem(x))))
        x = functional.relu(self.conv_head(functional.adaptive_avg_pool2d(x, 1))).flatten(1)
        logits: Tensor = self.classifier(functional.dropout(x, self.dropout, self.training))
        return logits


def _convolution(
    channels_in: int, channels: int, size: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    convolution = nn.Conv2d(channels_in, channels, size, stride, size // 2, groups=groups, bias=False)
    return convolution, nn.BatchNorm2d(channels)


def _rectifier(relu: bool) -> list[nn.Module]:
    return [nn.ReLU(inplace=True)] if relu else []
