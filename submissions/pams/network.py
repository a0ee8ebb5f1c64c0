"""EDSR with residual blocks of few bits: PAMS.

Only the two convolutions of each residual block are quantised. Layers are named as in colorjam/PAMS, whose checkpoints
load as they are: there the second activation of a block stands under two names.
"""

from torch import Tensor, nn

from harness.operations import Count
from submissions.edsr_baseline.network import MeanShift, conv, upsampler

from .quantised import QuantisedActivation, QuantisedConv2d

FULL = 32
"""Bits of a network that is not quantised at all."""


class ResidualBlock(nn.Module):
    """Two convolutions with a ReLU between them, the input added; what is added and what is between is quantised.

    The first convolution sees what comes in as it is, as in the authors' code.
    """

    def __init__(self, channels: int, bits: int, *, bias: bool) -> None:
        super().__init__()
        self.quant_act1, self.quant_act2, self.quant_act3 = (_activation(bits) for _ in range(3))
        first, second = (_convolution(channels, bits, seen, bias=bias) for seen in (FULL, bits))
        self.body = nn.Sequential(first, nn.ReLU(), self.quant_act2, second)

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, c, h, w) of the same shape."""
        out: Tensor = self.quant_act3(self.body(x)) + self.quant_act1(x)
        return out


def _activation(bits: int) -> nn.Module:
    return nn.Identity() if bits == FULL else QuantisedActivation(bits)


def _convolution(channels: int, bits: int, activation_bits: int, *, bias: bool) -> nn.Module:
    if bits == FULL:
        return nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
    return QuantisedConv2d(channels, bits, activation_bits, bias=bias)


class QuantisedEDSR(nn.Module):
    """RGB (n, 3, h, w) in [0, 255] to RGB (n, 3, scale h, scale w), not clamped.

    `bias` is about the layers before the upsampling: the authors' quantised network has none there.
    """

    def __init__(self, scale: int, bits: int = 8, channels: int = 64, blocks: int = 16, *, bias: bool = False) -> None:
        super().__init__()
        self.reach = 2 * blocks + 4
        self.sub_mean = MeanShift(-1)
        self.head = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1, bias=bias))
        made = [ResidualBlock(channels, bits, bias=bias) for _ in range(blocks)]
        self.body = nn.Sequential(*made, nn.Conv2d(channels, channels, 3, padding=1, bias=bias))
        self.tail = nn.Sequential(upsampler(scale, channels), conv(channels, 3))
        self.add_mean = MeanShift(1)

    def forward(self, image: Tensor) -> Tensor:
        """The enlarged image; see the class."""
        shallow = self.head(self.sub_mean(image))
        out: Tensor = self.add_mean(self.tail(self.body(shallow) + shallow))
        return out

    def cost_views(self, count: Count) -> dict[str, float]:
        """Bits of the weights alone, without the scales of weights and activations: how compression ratios are printed."""
        narrow = {id(part.weight): part.bits for part in self.modules() if isinstance(part, QuantisedConv2d)}
        scales = {id(part.alpha) for part in self.modules() if isinstance(part, QuantisedActivation)}
        rest = (value for value in self.parameters() if id(value) not in scales)
        return {"weight_bits": sum(value.numel() * narrow.get(id(value), FULL) for value in rest)}
