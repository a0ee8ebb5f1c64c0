"""Weights and activations of few bits, computed in floating point: Li et al. 2020, section 3."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.operations import Operations

DECAY = 0.9997
"""How much of the largest value so far stays, at every batch of the calibration."""


class Round(torch.autograd.Function):
    """To the nearest whole number, halves to even; the gradient passes as if nothing had happened."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """`x` rounded, of the same shape."""
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """The gradient as it comes."""
        return gradients[0]


nearest: Callable[[Tensor], Tensor] = Round.apply


def levels(bits: int) -> float:
    """The largest whole number that a value of so many bits has: they are symmetric around 0."""
    return float(2 ** (bits - 1) - 1)


class QuantisedActivation(nn.Module):
    """Values cut off at a learned maximum `alpha` and rounded to one of 2 levels + 1 steps.

    While `calibrating`, nothing is cut off and `alpha` follows the largest values of the batches.
    """

    max_val: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.alpha = nn.Parameter(torch.full((1,), 10.0))
        self.register_buffer("max_val", torch.ones(1))
        self.calibrating = False
        self.seen = False

    def forward(self, x: Tensor) -> Tensor:
        """Values of the same shape."""
        if self.calibrating:
            self._follow(x.detach())
        else:
            x = torch.max(torch.min(x, self.alpha), -self.alpha)
        top = levels(self.bits)
        return nearest(x * top / self.alpha) * self.alpha / top

    def _follow(self, x: Tensor) -> None:
        largest = x.abs().amax((1, 2, 3)).mean().reshape(1)
        self.max_val = DECAY * self.max_val + (1 - DECAY) * largest if self.seen else largest
        self.seen = True
        self.alpha.data = self.max_val.clone()

    def cost_operations(self, inputs: tuple[Tensor, ...], output: Tensor) -> Operations:
        """Two comparisons that cut off, a scale, and rounding, which is a comparison."""
        return Operations(compare=3 * output.numel(), mul=output.numel())


class QuantisedConv2d(nn.Conv2d):
    """A 3x3 convolution whose weights are rounded to steps of their largest one; `activation_bits` is what comes in."""

    def __init__(self, channels: int, bits: int, activation_bits: int, *, bias: bool) -> None:
        super().__init__(channels, channels, 3, padding=1, bias=bias)
        self.bits, self.activation_bits = bits, activation_bits

    def quantised_weight(self) -> Tensor:
        """The weights that a deployed network stores as whole numbers, times their scale."""
        largest = self.weight.detach().abs().max() + 1e-8
        top = levels(self.bits)
        return nearest(self.weight * top / largest) * largest / top

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, channels, h, w) of the same shape."""
        return functional.conv2d(x, self.quantised_weight(), self.bias, padding=1)

    def cost_operations(self, inputs: tuple[Tensor, ...], output: Tensor) -> Operations:
        """Multiply-accumulates of these widths, and a scale for each output."""
        terms = output.numel() * self.weight[0].numel()
        biased = Operations(add=0 if self.bias is None else output.numel())
        return Operations.macs(terms, self.bits, self.activation_bits) + Operations(mul=output.numel()) + biased

    def parameter_bits(self) -> dict[str, int]:
        """Weights of few bits."""
        return {"weight": self.bits}

    def extra_bits(self) -> int:
        """The weights' scale."""
        return 32
