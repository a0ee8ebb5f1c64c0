"""CARN and CARN-M: a cascading residual network for fast super-resolution (https://arxiv.org/abs/1803.08664).

Layers are named as in the authors' checkpoints, so that those load as they are. One network holds the upsamplers of all
three scales.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

MEAN = (0.4488, 0.4371, 0.4040)
"""Mean RGB of DIV2K, of 1."""
SCALES = (2, 3, 4)
BLOCKS = 3
"""Cascading blocks in the network, and residual blocks in each of them."""


def conv(inputs: int, outputs: int, size: int = 3, groups: int = 1) -> nn.Conv2d:
    """A convolution with bias that keeps the image's size."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups)


class MeanShift(nn.Module):
    """The colour mean taken off (`sign` -1) or added; checkpoints hold it as a 1x1 convolution that is not trained."""

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.shifter = nn.Module()
        self.shifter.register_buffer("weight", torch.eye(3).reshape(3, 3, 1, 1))
        self.shifter.register_buffer("bias", sign * torch.tensor(MEAN))

    def forward(self, image: Tensor) -> Tensor:
        """RGB ``(N, 3, H, W)``, shifted."""
        return conv2d(image, self.shifter.get_buffer("weight"), self.shifter.get_buffer("bias"))


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and the input; the efficient one has groups and a 1x1 convolution behind them."""

    def __init__(self, channels: int, groups: int, efficient: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv(channels, channels, groups=groups), nn.ReLU()]
        layers.append(conv(channels, channels, groups=groups))
        if efficient:
            layers += [nn.ReLU(), conv(channels, channels, 1)]
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of the same shape."""
        return torch.relu(self.body(x) + x)


class Fusion(nn.Module):
    """All features so far, brought back to `channels` by a 1x1 convolution."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(inputs, channels, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, inputs, H, W)`` to ``(N, channels, H, W)``."""
        out: Tensor = self.body(x)
        return out


class Cascade(nn.Module):
    """Blocks one after the other, each fed the fusion of all outputs before it; `shared` blocks have one set of weights."""

    def __init__(self, channels: int, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.b1 = blocks[0]
        if len(blocks) > 1:
            self.b2, self.b3 = blocks[1:]
        self.c1, self.c2, self.c3 = (Fusion(channels * count, channels) for count in (2, 3, 4))
        self.shared = len(blocks) == 1

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of the same shape."""
        blocks = [self.b1] * BLOCKS if self.shared else [self.b1, self.b2, self.b3]
        features = out = x
        for block, fusion in zip(blocks, (self.c1, self.c2, self.c3), strict=True):
            features = torch.cat([features, block(out)], dim=1)
            out = fusion(features)
        return out


class Upsampler(nn.Module):
    """Convolution, ReLU and pixel shuffle: by 3 in one step, by 2 in one or two."""

    def __init__(self, scale: int, channels: int, groups: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for factor in {2: (2,), 3: (3,), 4: (2, 2)}[scale]:
            layers += [conv(channels, channels * factor**2, groups=groups), nn.ReLU(), nn.PixelShuffle(factor)]
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, scale * H, scale * W)``."""
        out: Tensor = self.body(x)
        return out


class CARN(Cascade):
    """RGB ``(N, 3, H, W)`` in [0, 1] to RGB ``(N, 3, scale * H, scale * W)``, not clamped.

    `mobile` makes CARN-M: efficient residual blocks in `groups`, whose weights the blocks of a cascade share. The
    defaults are the paper's; `channels` makes smaller networks of the same architecture.
    """

    def __init__(self, scale: int = 4, channels: int = 64, groups: int = 1, mobile: bool = False) -> None:
        count = 1 if mobile else BLOCKS
        inner = [[ResidualBlock(channels, groups, mobile) for _ in range(count)] for _ in range(BLOCKS)]
        super().__init__(channels, [Cascade(channels, list(blocks)) for blocks in inner])
        self.scale = scale
        # One pixel in the entry, two in each residual block, at most two in upsampling and exit together.
        self.reach = 3 + 2 * BLOCKS**2
        self.sub_mean, self.add_mean = MeanShift(-1), MeanShift(1)
        self.entry, self.exit = conv(3, channels), conv(channels, 3)
        self.upsample = nn.ModuleDict({f"up{each}": Upsampler(each, channels, groups) for each in SCALES})

    def forward(self, image: Tensor) -> Tensor:
        """The image enlarged by the network's scale; see the class."""
        return self.enlarge(image, self.scale)

    def enlarge(self, image: Tensor, scale: int) -> Tensor:
        """The image enlarged by `scale`, one of 2, 3 and 4."""
        features = super().forward(self.entry(self.sub_mean(image)))
        out: Tensor = self.add_mean(self.exit(self.upsample[f"up{scale}"](features)))
        return out
