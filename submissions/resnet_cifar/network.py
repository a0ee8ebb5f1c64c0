"""ResNet with 6n + 2 layers for pictures of 32 x 32 pixels: He et al. 2016, section 4.2, shortcuts of kind A.

Names of parameters are those of akamaster/pytorch_resnet_cifar10, whose checkpoints load as they are.
"""

from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions of 3 x 3; where the size changes, the shortcut skips pixels and pads channels with zeros.

    `inner` is how many channels are between the convolutions: those that leave, if it is 0.
    """

    def __init__(self, channels_in: int, channels: int, stride: int, inner: int = 0) -> None:
        super().__init__()
        inner = inner or channels
        self.conv1 = nn.Conv2d(channels_in, inner, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.padding = stride, channels - channels_in

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1 or self.padding:
            half = self.padding // 2
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.padding - half))
        return functional.relu(out + x)


class ResNet(nn.Module):
    """`depth` layers, 6n + 2, with `width` channels in the first stage."""

    def __init__(self, depth: int, classes: int = 10, width: int = 16) -> None:
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = _stage(width, width, blocks, 1)
        self.layer2 = _stage(width, 2 * width, blocks, 2)
        self.layer3 = _stage(2 * width, 4 * width, blocks, 2)
        self.linear = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


def _stage(channels_in: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
    first = Block(channels_in, channels, stride)
    return nn.Sequential(first, *[Block(channels, channels, 1) for _ in range(blocks - 1)])
