"""AdderNet's ResNet for CIFAR: layers that sum absolute differences instead of products.

Names of parameters are those of huawei-noah/AdderNet, whose checkpoint loads as it is.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.operations import Operations


class Adder(nn.Module):
    """Minus the L1 distance between each patch and each filter: Chen et al. 2020, equation 2."""

    def __init__(self, channels_in: int, channels: int, size: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.adder = nn.Parameter(torch.randn(channels, channels_in, size, size))
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride).

        `cdist` sums the absolute differences themselves, without the tensor of all of them.
        """
        n, _, height, width = x.shape
        rows = (height + 2 * self.padding - self.size) // self.stride + 1
        columns = (width + 2 * self.padding - self.size) // self.stride + 1
        patches = functional.unfold(x, self.size, padding=self.padding, stride=self.stride).transpose(1, 2)
        found = torch.cdist(patches.reshape(-1, patches.shape[2]), self.adder.flatten(1), p=1.0)
        return -found.reshape(n, rows * columns, -1).transpose(1, 2).reshape(n, -1, rows, columns)

    def cost_operations(self, inputs: tuple[Tensor, ...], output: Tensor) -> Operations:
        """A subtraction, an absolute value and an accumulation for each term, as the paper counts them; no product."""
        terms = output.numel() * self.adder[0].numel()
        return Operations(add=2 * terms, abs=terms)


class Block(nn.Module):
    """Two adder layers of 3 x 3; the shortcut is an adder layer where the size changes."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Adder(channels_in, channels, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = Adder(channels, channels, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(channels)
        changed = stride > 1 or channels_in != channels
        self.downsample = (
            nn.Sequential(Adder(channels_in, channels, 1, stride), nn.BatchNorm2d(channels)) if changed else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class AdderResNet(nn.Module):
    """`depth` layers, 6n + 2; the first and the last multiply."""

    def __init__(self, depth: int = 20, classes: int = 10, width: int = 16) -> None:
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks, 1)
        self.layer2 = _stage(width, 2 * width, blocks, 2)
        self.layer3 = _stage(2 * width, 4 * width, blocks, 2)
        self.fc = nn.Conv2d(4 * width, classes, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: Tensor = self.bn2(self.fc(functional.adaptive_avg_pool2d(x, 1))).flatten(1)
        return logits


def _stage(channels_in: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
    first = Block(channels_in, channels, stride)
    return nn.Sequential(first, *[Block(channels, channels, 1) for _ in range(blocks - 1)])
