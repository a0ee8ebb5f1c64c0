"""VDSR: accurate super-resolution using very deep convolutional networks (https://arxiv.org/abs/1511.04587).

Layers are named as in the PyTorch port twtygqyy/pytorch-vdsr, whose checkpoints are in use.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution without bias that keeps the image's size; begun as the paper does, or 20 layers would not learn."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


class Layer(nn.Module):
    """A convolution and a ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of the same shape."""
        return torch.relu(self.conv(x))


class VDSR(nn.Module):
    """Luma ``(N, 1, H, W)`` of the bicubic enlargement, [16, 235] / 255, to better luma of the same size, not clamped.

    `layers` counts all convolutions; the defaults are the paper's network.
    """

    def __init__(self, layers: int = 20, channels: int = 64) -> None:
        super().__init__()
        self.reach = layers
        self.input = conv(1, channels)
        self.residual_layer = nn.Sequential(*[Layer(channels) for _ in range(layers - 2)])
        self.output = conv(channels, 1)

    def forward(self, luma: Tensor) -> Tensor:
        """What lacks in the luma, added to it."""
        residual: Tensor = self.output(self.residual_layer(torch.relu(self.input(luma))))
        return luma + residual


def current_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state under today's names: the port's first version numbered its layers, ``features.0``, ``features.2``, ..."""
    numbers = sorted(int(name.split(".")[1]) for name in state if name.startswith("features."))
    if not numbers:
        return dict(state)
    middle = {f"features.{n}.weight": f"residual_layer.{i}.conv.weight" for i, n in enumerate(numbers[1:-1])}
    ends = {f"features.{numbers[0]}.weight": "input.weight", f"features.{numbers[-1]}.weight": "output.weight"}
    return {(middle | ends).get(name, name): value for name, value in state.items()}
