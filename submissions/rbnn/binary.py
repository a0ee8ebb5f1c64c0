"""A convolution of signs whose weights were rotated in training: Lin et al. 2020, sections 3.2 to 3.4."""

from collections.abc import Callable
from math import isqrt, pi
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.operations import Operations


def factors(count: int) -> tuple[int, int]:
    """The two factors of `count` that are nearest to each other, the smaller one first."""
    small = next(number for number in range(isqrt(count), 0, -1) if count % number == 0)
    return small, count // small


class Sign(torch.autograd.Function):
    """The sign; its gradient is the paper's triangle k (2 t / sqrt 2 - t^2 |x|), not below 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, t: float, k: float) -> Tensor:
        """Signs of `x`, of the same shape; the sign of 0 is 0, as in the authors' code."""
        ctx.save_for_backward(x)
        ctx.t, ctx.k = t, k
        return torch.sign(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient through the sign."""
        (x,) = ctx.saved_tensors
        slope = ctx.k * (2**0.5 * ctx.t - ctx.t**2 * x.abs())
        return slope.clamp(min=0) * gradients[0], None, None


sign: Callable[[Tensor, float, float], Tensor] = Sign.apply


def standardised(x: Tensor) -> Tensor:
    """Each of (n, c, h, w) with its mean taken off, divided by its deviation."""
    centred = x - x.mean((1, 2, 3), keepdim=True)
    return centred / centred.std((1, 2, 3), keepdim=True)


class BinaryConv2d(nn.Conv2d):
    """Signs of weights by signs of inputs, times a learned scale for each filter.

    Each filter, standardised and written as a matrix, is moved towards its rotation ``R1' W R2`` by the part
    ``|sin(rotate)|`` before its signs are taken. Rotations and `rotate` serve training alone: a deployed network stores
    the signs. `steepness` is (t, k) of the weights' gradient, which training changes.
    """

    R1: Tensor
    R2: Tensor

    def __init__(self, channels_in: int, channels: int, size: int, stride: int = 1) -> None:
        super().__init__(channels_in, channels, size, stride, size // 2, bias=False)
        a, b = factors(channels_in * size * size)
        for name, side in (("R1", a), ("R2", b)):
            # A rotation at random; a meta device has no numbers to decompose.
            start = torch.randn(side, side)
            self.register_buffer(name, start if start.is_meta else torch.linalg.qr(start)[0])
        self.alpha = nn.Parameter(self.weight.detach().abs().mean((1, 2, 3))[:, None, None])
        # At a quarter turn a filter has no gradient, and neither has its angle: it could never leave it.
        self.rotate = nn.Parameter(torch.rand(channels, 1, 1, 1) * pi / 2)
        self.steepness = (0.1, 10.0)

    def binary_weight(self) -> Tensor:
        """The signs that a deployed network stores, (filters, c, h, w)."""
        weight = standardised(self.weight)
        matrices = weight.reshape(len(weight), len(self.R1), len(self.R2))
        rotated = (self.R1.t() @ matrices @ self.R2).reshape(weight.shape)
        moved = weight + self.rotate.sin().abs() * (rotated.detach() - weight)
        return sign(moved, *self.steepness)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels in, h, w) -> (n, channels, h / stride, w / stride)."""
        signs = sign(standardised(x), max(self.steepness[0], 1.0), 1.0)
        out = functional.conv2d(signs, self.binary_weight(), None, self.stride, self.padding)
        return out * self.alpha

    @torch.no_grad()
    def turn(self, rounds: int = 3) -> None:
        """Turn the rotations so that the filters come nearer to their signs: the paper's equations 8 to 10, `rounds` times."""
        weight = standardised(self.weight)
        matrices = weight.reshape(len(weight), len(self.R1), len(self.R2))
        for _ in range(rounds):
            signs = torch.sign(self.R1.t() @ matrices @ self.R2)
            u, _, v = torch.linalg.svd((signs @ self.R2.t() @ matrices.transpose(1, 2)).sum(0))
            self.R1.copy_(v.t() @ u.t())
            u, _, v = torch.linalg.svd((matrices.transpose(1, 2) @ self.R1 @ signs).sum(0))
            self.R2.copy_(u @ v)

    def cost_operations(self, inputs: tuple[Tensor, ...], output: Tensor) -> Operations:
        """Exclusive nor and count for every term; the input's mean and a comparison with it; a scale for every output.

        The deviation divides all of an input and so changes no sign: a deployed network leaves it out.
        """
        elements = inputs[0].numel()
        terms = output.numel() * self.weight[0].numel()
        return Operations(xnor_popcount=terms, add=elements, compare=elements, mul=output.numel())

    def parameter_bits(self) -> dict[str, int]:
        """A bit a weight; `rotate` is left behind, `alpha` stays as it is."""
        return {"weight": 1, "rotate": 0}
