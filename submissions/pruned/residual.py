"""Residual networks whose blocks may be narrower inside than published: for CIFAR with 6n + 2 layers, ResNet-50 for ImageNet.

What enters and leaves a block keeps its width, since the shortcut needs it. Names of parameters are those of
lmbxmu/FilterSketch and lmbxmu/HRank, whose checkpoints load as they are.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from torch import Tensor, nn
from torch.nn import functional

from submissions.resnet_cifar.network import Block

STAGES_50 = (3, 4, 6, 3)
"""Blocks of ResNet-50's stages."""


def cifar_channels(depth: int, width: int = 16) -> list[int]:
    """Channels inside each block of the CIFAR network, unpruned."""
    return [width * factor for factor in (1, 2, 4) for _ in range((depth - 2) // 6)]


def resnet50_channels() -> list[int]:
    """Channels inside each block of ResNet-50, unpruned."""
    return [64 << stage for stage, blocks in enumerate(STAGES_50) for _ in range(blocks)]


class CifarResNet(nn.Module):
    """He et al. 2016, section 4.2, shortcuts of kind A; `inner` are the blocks' inner widths, `head` the classifier's name."""

    def __init__(self, inner: Sequence[int], classes: int = 10, width: int = 16, head: str = "fc") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks = len(inner) // 3
        for stage in range(3):
            channels = width << stage
            widths = inner[stage * blocks : (stage + 1) * blocks]
            entering = [width << max(0, stage - 1), *[channels] * (blocks - 1)]
            strides = [1 if stage == 0 else 2, *[1] * (blocks - 1)]
            made = [Block(c, channels, s, n) for c, s, n in zip(entering, strides, widths, strict=True)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.head = head
        self.add_module(head, nn.Linear(4 * width, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        for stage in (1, 2, 3):
            x = self.get_submodule(f"layer{stage}")(x)
        logits: Tensor = self.get_submodule(self.head)(self.avgpool(x).flatten(1))
        return logits


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, `inner` channels wide between them; the 3x3 has the stride."""

    def __init__(self, channels_in: int, channels: int, stride: int, inner: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        changed = stride > 1 or channels_in != channels
        projection = [nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)]
        self.downsample = nn.Sequential(*(projection if changed else []))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = functional.relu(self.bn1(self.conv1(x)))
        out = functional.relu(self.bn2(self.conv2(out)))
        return functional.relu(self.bn3(self.conv3(out)) + self.downsample(x))


class ResNet50(nn.Module):
    """ResNet-50 for photographs; `inner` are the widths inside the 16 blocks."""

    def __init__(self, inner: Sequence[int], classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        leaving, ends = 64, [0, *accumulate(STAGES_50)]
        for stage, (start, end) in enumerate(pairwise(ends)):
            blocks = []
            for block in range(start, end):
                stride = 2 if stage and block == start else 1
                blocks.append(Bottleneck(leaving, 256 << stage, stride, inner[block]))
                leaving = 256 << stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.avgpool = nn.AvgPool2d(7)
        self.fc = nn.Linear(leaving, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised photographs (n, 3, 224, 224) -> logits (n, classes)."""
        x = self.maxpool(functional.relu(self.bn1(self.conv1(x))))
        for stage in (1, 2, 3, 4):
            x = self.get_submodule(f"layer{stage}")(x)
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits
