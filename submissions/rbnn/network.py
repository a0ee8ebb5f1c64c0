"""RBNN's networks: ResNet-18 and ResNet-20 in two forms and VGG-small for CIFAR-10, ResNet-18 and ResNet-34 for ImageNet.

The first convolution and the classifier are of full precision everywhere. Names of parameters are those of lmbxmu/RBNN,
whose checkpoints load as they are.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from .binary import BinaryConv2d


def projection(layer: nn.Module, channels: int) -> nn.Sequential:
    """A shortcut's convolution with batch normalisation."""
    return nn.Sequential(layer, nn.BatchNorm2d(channels))


class Block(nn.Module):
    """Two binary convolutions; what came in is added behind both, or `twice`: behind each of them (Bi-Real Net).

    Where the size changes, the shortcut is a binary 1x1 convolution, or with `padded` skips pixels and pads channels.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, *, padded: bool, twice: bool) -> None:
        super().__init__()
        self.conv1 = BinaryConv2d(channels_in, channels, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = BinaryConv2d(channels, channels, 3)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.added, self.twice = stride, channels - channels_in, twice
        self.shortcut = nn.Sequential()
        if self.added and not padded:
            self.shortcut = projection(BinaryConv2d(channels_in, channels, 1, stride), channels)

    def _around(self, x: Tensor) -> Tensor:
        if not self.added or len(self.shortcut):
            return self.shortcut(x)  # type: ignore[no-any-return]
        half = self.added // 2
        return functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.added - half))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = self.bn1(self.conv1(x))
        if not self.twice:
            return functional.hardtanh(self.bn2(self.conv2(functional.hardtanh(out))) + self._around(x))
        middle = functional.hardtanh(out + self._around(x))
        return functional.hardtanh(self.bn2(self.conv2(middle)) + middle)


class CifarResNet(nn.Module):
    """`channels` and `blocks` of each stage; ResNet-20 has three stages with padded shortcuts, ResNet-18 four."""

    def __init__(
        self, channels: Sequence[int], blocks: Sequence[int], classes: int, *, padded: bool, twice: bool = False
    ) -> None:
        super().__init__()
        self.padded = padded
        self.conv1 = nn.Conv2d(3, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        entering, self.stages = channels[0], len(channels)
        for stage, (width, count) in enumerate(zip(channels, blocks, strict=True)):
            made = []
            for block in range(count):
                made.append(Block(entering, width, 2 if stage and not block else 1, padded=padded, twice=twice))
                entering = width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self.bn2 = nn.BatchNorm1d(entering)
        self.linear = nn.Linear(entering, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = self.bn1(self.conv1(x))
        # ResNet-18 goes on without a nonlinearity here, as in the authors' code.
        x = functional.hardtanh(x) if self.padded else x
        for stage in range(self.stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        logits: Tensor = self.linear(self.bn2(x.mean((2, 3))))
        return logits


class VGGSmall(nn.Module):
    """Six convolutions, the first of full precision, pooling behind every second one."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        widths = (128, 128, 256, 256, 512, 512)
        self.conv0 = nn.Conv2d(3, 128, 3, 1, 1, bias=False)
        for place, channels in enumerate(widths):
            if place:
                self.add_module(f"conv{place}", BinaryConv2d(widths[place - 1], channels, 3))
            self.add_module(f"bn{place}", nn.BatchNorm2d(channels))
        self.fc = nn.Linear(512 * 4 * 4, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        for place in range(6):
            x = self.get_submodule(f"conv{place}")(x)
            x = functional.max_pool2d(x, 2) if place % 2 else x
            x = functional.hardtanh(self.get_submodule(f"bn{place}")(x))
        logits: Tensor = self.fc(x.flatten(1))
        return logits


class ImageNetBlock(nn.Module):
    """Two binary convolutions, what came in added behind each; a shortcut's convolution is of full precision."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = BinaryConv2d(channels_in, channels, 3, stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = BinaryConv2d(channels, channels, 3)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride > 1:
            self.downsample = projection(nn.Conv2d(channels_in, channels, 1, stride, bias=False), channels)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        around = x if self.downsample is None else self.downsample(x)
        middle = functional.hardtanh(self.bn1(self.conv1(x)) + around)
        return functional.hardtanh(self.bn2(self.conv2(middle)) + middle)


class ImageNetResNet(nn.Module):
    """`blocks` of four stages of 64 to 512 channels, for photographs."""

    def __init__(self, blocks: Sequence[int], classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        entering = 64
        for stage, count in enumerate(blocks):
            made = []
            for block in range(count):
                made.append(ImageNetBlock(entering, 64 << stage, 2 if stage and not block else 1))
                entering = 64 << stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self.bn2 = nn.BatchNorm1d(entering)
        self.fc = nn.Linear(entering, classes)
        # Checkpoints hold it, and the authors' network never runs it.
        self.bn3 = nn.BatchNorm1d(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised photographs (n, 3, 224, 224) -> logits (n, classes)."""
        x = functional.max_pool2d(functional.hardtanh(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{stage}")(x)
        logits: Tensor = self.fc(self.bn2(functional.avg_pool2d(x, 7, 1).flatten(1)))
        return logits
