"""The small residual networks that alpha-beta-CROWN verifies: no normalisation layers, two linear layers at the end.

Names of parameters are those of alpha-beta-CROWN's ``cifar10_resnet`` checkpoints, which load as they are.
"""

from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions of 3 x 3 with biases; the shortcut is a convolution of 1 x 1 where the size changes."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)
        changed = stride > 1 or channels_in != channels
        self.shortcut = nn.Sequential(*[nn.Conv2d(channels_in, channels, 1, stride)] * changed)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        return functional.relu(self.conv2(functional.relu(self.conv1(x))) + self.shortcut(x))


class VerifiedResNet(nn.Module):
    """`stages` stages of two blocks, each halving the picture; the first convolution halves it, too.

    ResNet-2B has one stage after 8 channels, ResNet-4B two after 16; all stages have twice the first channels.
    """

    def __init__(self, stages: int, width: int, classes: int = 10, side: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 2, 1)
        self.stages = stages
        channels = width
        for index in range(stages):
            self.add_module(
                f"layer{index + 1}", nn.Sequential(Block(channels, 2 * width, 2), Block(2 * width, 2 * width, 1))
            )
            channels = 2 * width
        self.linear1 = nn.Linear(channels * (side >> (stages + 1)) ** 2, 100)
        self.linear2 = nn.Linear(100, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, side, side) -> logits (n, classes)."""
        x = functional.relu(self.conv1(x))
        for index in range(self.stages):
            x = self.get_submodule(f"layer{index + 1}")(x)
        logits: Tensor = self.linear2(functional.relu(self.linear1(x.flatten(1))))
        return logits
