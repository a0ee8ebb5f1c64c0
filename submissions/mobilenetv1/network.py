"""MobileNetV1 with leaky rectifiers: depthwise and pointwise convolutions in three stages.

Names of parameters are those of biubug6/Pytorch_Retinaface, whose pretrained backbone loads as it is.
"""

from torch import Tensor, nn

LEAK = 0.1


class MobileNetV1(nn.Module):
    """The network with `width` times the channels of the paper's."""

    def __init__(self, width: float = 0.25, classes: int = 1000) -> None:
        super().__init__()
        c = [max(1, int(width * channels)) for channels in (32, 64, 128, 256, 512, 1024)]
        self.stage1 = nn.Sequential(
            _convolution(3, c[0], 2), _separable(c[0], c[1], 1), _separable(c[1], c[2], 2), _separable(c[2], c[2], 1),
            _separable(c[2], c[3], 2), _separable(c[3], c[3], 1),
        )  # fmt: skip
        self.stage2 = nn.Sequential(_separable(c[3], c[4], 2), *[_separable(c[4], c[4], 1) for _ in range(5)])
        self.stage3 = nn.Sequential(_separable(c[4], c[5], 2), _separable(c[5], c[5], 1))
        self.avg = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(c[5], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        x = self.avg(self.stage3(self.stage2(self.stage1(x))))
        logits: Tensor = self.fc(x.flatten(1))
        return logits


def _convolution(channels_in: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.LeakyReLU(LEAK, inplace=True),
    )


def _separable(channels_in: int, channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, stride, 1, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in), nn.LeakyReLU(LEAK, inplace=True),
        nn.Conv2d(channels_in, channels, 1, bias=False), nn.BatchNorm2d(channels), nn.LeakyReLU(LEAK, inplace=True),
    )  # fmt: skip
