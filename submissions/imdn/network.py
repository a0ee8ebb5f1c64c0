"""IMDN: lightweight super-resolution with an information multi-distillation network (https://arxiv.org/abs/1909.11856).

Layers are named as in the authors' checkpoints, so that those load as they are.
"""

import torch
from torch import Tensor, nn

SLOPE = 0.05
"""Negative slope of every leaky ReLU, as in the authors' released code."""


def conv(inputs: int, outputs: int, size: int = 3) -> nn.Conv2d:
    """A convolution with bias that keeps the image's size."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


class ContrastAttention(nn.Module):
    """Contrast-aware channel attention (section 3.2): a gate a channel from its mean plus its standard deviation."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = channels // reduction
        self.conv_du = nn.Sequential(
            conv(channels, hidden, 1), nn.ReLU(inplace=True), conv(hidden, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)``, each channel times its gate."""
        mean = x.mean((2, 3), keepdim=True)
        contrast = (x - mean).square().mean((2, 3), keepdim=True).sqrt()
        gates: Tensor = self.conv_du(contrast + mean)
        return x * gates


class DistillationBlock(nn.Module):
    """One information multi-distillation block: three times a quarter of the channels is kept and the rest refined."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.kept = channels // 4
        self.passed = channels - self.kept
        self.c1 = conv(channels, channels)
        self.c2 = conv(self.passed, channels)
        self.c3 = conv(self.passed, channels)
        self.c4 = conv(self.passed, self.kept)
        self.c5 = conv(channels, channels, 1)
        self.act = nn.LeakyReLU(SLOPE)
        self.cca = ContrastAttention(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of the same shape, the input added."""
        distilled = []
        rest = x
        for layer in (self.c1, self.c2, self.c3):
            kept, rest = self.act(layer(rest)).split((self.kept, self.passed), dim=1)
            distilled.append(kept)
        features = torch.cat([*distilled, self.c4(rest)], dim=1)
        out: Tensor = self.c5(self.cca(features)) + x
        return out


class IMDN(nn.Module):
    """RGB ``(N, 3, H, W)`` in [0, 1] to RGB ``(N, 3, scale * H, scale * W)``, not clamped.

    The defaults are the paper's network; `channels` and `blocks` make smaller ones of the same architecture.
    """

    def __init__(self, scale: int, channels: int = 64, blocks: int = 6, reduction: int = 16) -> None:
        super().__init__()
        self.scale = scale
        self.block_names = [f"IMDB{index}" for index in range(1, blocks + 1)]
        self.fea_conv = conv(3, channels)
        for name in self.block_names:
            self.add_module(name, DistillationBlock(channels, reduction))
        self.c = nn.Sequential(conv(channels * blocks, channels, 1), nn.LeakyReLU(SLOPE))
        self.LR_conv = conv(channels, channels)
        self.upsampler = nn.Sequential(conv(channels, 3 * scale**2), nn.PixelShuffle(scale))

    def forward(self, image: Tensor) -> Tensor:
        """The enlarged image; see the class."""
        shallow = self.fea_conv(image)
        features = [shallow]
        for name in self.block_names:
            features.append(self.get_submodule(name)(features[-1]))
        deep = self.LR_conv(self.c(torch.cat(features[1:], dim=1)))
        out: Tensor = self.upsampler(deep + shallow)
        return out
