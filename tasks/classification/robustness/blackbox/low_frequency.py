"""The low frequencies of an image as an orthonormal basis: some coefficients of the cosine transform."""

from dataclasses import dataclass
from math import pi, sqrt

import torch
from torch import Tensor

from tasks.classification.robustness.streams import Streams


def cosines(side: int, count: int) -> Tensor:
    """The first `count` rows of the orthonormal cosine transform (type 2) of `side` values, float64 (count, side)."""
    frequency = torch.arange(count, dtype=torch.float64)[:, None]
    place = 2 * torch.arange(side, dtype=torch.float64)[None, :] + 1
    rows = torch.cos(pi * frequency * place / (2 * side)) * sqrt(2 / side)
    rows[0] = 1 / sqrt(side)
    return rows


@dataclass(frozen=True)
class LowFrequencies:
    """`dimensions` of the lowest `frequencies` x `frequencies` coefficients of each channel; channels are transformed apart."""

    channels: int
    frequencies: int
    places: Tensor
    """Which coefficients, int64 (dimensions,), among channels x frequencies x frequencies."""
    down: Tensor
    across: Tensor
    """The cosines of rows and of columns, float32 (frequencies, height) and (frequencies, width)."""

    @classmethod
    def drawn(cls, shape: torch.Size, frequencies: int, dimensions: int, seed: int) -> "LowFrequencies":
        """`dimensions` coefficients drawn once for all images of `shape` (c, h, w)."""
        channels, height, width = shape
        order = Streams.of(seed, ("",), "low frequencies").permutation(channels * frequencies**2)
        down, across = cosines(height, frequencies), cosines(width, frequencies)
        return cls(channels, frequencies, order[0, :dimensions], down.float(), across.float())

    def __call__(self, coefficients: Tensor) -> Tensor:
        """The change of an image for each row of coefficients, float32 (n, dimensions) to (n, c, h, w)."""
        blocks = coefficients.new_zeros((len(coefficients), self.channels * self.frequencies**2))
        blocks[:, self.places.to(coefficients.device)] = coefficients
        down, across = self.down.to(coefficients.device), self.across.to(coefficients.device)
        shape = (self.channels, self.frequencies, self.frequencies)
        # One image at a time: products of larger matrices may round otherwise.
        return torch.stack([down.T @ block.reshape(shape) @ across for block in blocks])
