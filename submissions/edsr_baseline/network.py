"""EDSR, baseline: enhanced deep residual networks for single image super-resolution (https://arxiv.org/abs/1707.02921).

Layers are named as in the authors' PyTorch checkpoints, so that those load as they are.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

PEAK = 255.0
"""What white is to the network."""
MEAN = (0.4488, 0.4371, 0.4040)
"""Mean RGB of DIV2K, of 1."""


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution with bias that keeps the image's size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class MeanShift(nn.Module):
    """The colour mean taken off (`sign` -1) or added; checkpoints hold it as a 1x1 convolution that is not trained."""

    weight: Tensor
    bias: Tensor

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.eye(3).reshape(3, 3, 1, 1))
        self.register_buffer("bias", sign * PEAK * torch.tensor(MEAN))

    def forward(self, image: Tensor) -> Tensor:
        """RGB ``(N, 3, H, W)``, shifted."""
        return conv2d(image, self.weight, self.bias)


class ResidualBlock(nn.Module):
    """Two convolutions with a ReLU between them, the input added; no batch normalisation (section 3.1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels), nn.ReLU(), conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of the same shape."""
        out: Tensor = self.body(x) + x
        return out


def upsampler(scale: int, channels: int) -> nn.Sequential:
    """Convolution and pixel shuffle: by 3 in one step, by 2 in as many steps as it takes."""
    factors = [3] if scale == 3 else [2] * (scale.bit_length() - 1)
    steps = [(conv(channels, channels * factor**2), nn.PixelShuffle(factor)) for factor in factors]
    return nn.Sequential(*[layer for step in steps for layer in step])


class EDSR(nn.Module):
    """RGB ``(N, 3, H, W)`` in [0, 255] to RGB ``(N, 3, scale * H, scale * W)``, not clamped.

    The defaults are the baseline network; `channels` and `blocks` make smaller ones of the same architecture.
    """

    def __init__(self, scale: int, channels: int = 64, blocks: int = 16) -> None:
        super().__init__()
        self.scale = scale
        # A convolution before the blocks, two in each, one behind; then at most two pixels in upsampling.
        self.reach = 2 * blocks + 4
        self.sub_mean = MeanShift(-1)
        self.head = nn.Sequential(conv(3, channels))
        self.body = nn.Sequential(*[ResidualBlock(channels) for _ in range(blocks)], conv(channels, channels))
        self.tail = nn.Sequential(upsampler(scale, channels), conv(channels, 3))
        self.add_mean = MeanShift(1)

    def forward(self, image: Tensor) -> Tensor:
        """The enlarged image; see the class."""
        shallow = self.head(self.sub_mean(image))
        out: Tensor = self.add_mean(self.tail(self.body(shallow) + shallow))
        return out
