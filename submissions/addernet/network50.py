"""AdderNet's ResNet-50 for ImageNet: 52 layers that sum absolute differences; the first and the last multiply.

Names of parameters are those of huawei-noah/AdderNet, whose checkpoint loads as it is.
"""

from torch import Tensor, nn
from torch.nn import functional

from .network import Adder

BLOCKS = (3, 4, 6, 3)
EXPANSION = 4


class Bottleneck(nn.Module):
    """Adder layers of 1 x 1, 3 x 3 (which strides) and 1 x 1; the shortcut is one where the shape changes."""

    def __init__(self, channels_in: int, inside: int, stride: int) -> None:
        super().__init__()
        channels = EXPANSION * inside
        self.conv1, self.bn1 = Adder(channels_in, inside, 1), nn.BatchNorm2d(inside)
        self.conv2, self.bn2 = Adder(inside, inside, 3, stride, 1), nn.BatchNorm2d(inside)
        self.conv3, self.bn3 = Adder(inside, channels, 1), nn.BatchNorm2d(channels)
        changed = stride > 1 or channels_in != channels
        shortcut = nn.Sequential(Adder(channels_in, channels, 1, stride), nn.BatchNorm2d(channels))
        self.downsample = shortcut if changed else None

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = functional.relu(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(functional.relu(self.bn2(self.conv2(out)))))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class AdderResNet50(nn.Module):
    """ResNet-50; the classifier is a convolution with a bias, batch normalisation after it."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        channels = 64
        for index, blocks in enumerate(BLOCKS):
            inside, stride = 64 << index, 2 if index else 1
            first = Bottleneck(channels, inside, stride)
            channels = EXPANSION * inside
            rest = [Bottleneck(channels, inside, 1) for _ in range(blocks - 1)]
            self.add_module(f"layer{index + 1}", nn.Sequential(first, *rest))
        self.fc = nn.Conv2d(channels, classes, 1)
        self.bn2 = nn.BatchNorm2d(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for index in range(len(BLOCKS)):
            x = self.get_submodule(f"layer{index + 1}")(x)
        logits: Tensor = self.bn2(self.fc(functional.adaptive_avg_pool2d(x, 1))).flatten(1)
        return logits
