"""Whole numbers that no library version changes, for the samples that tasks generate."""

import numpy as np
from numpy.typing import NDArray


class RawStream:
    """Numbers from the raw 64-bit output of PCG64, whose stream NumPy keeps; its Generator methods may change."""

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(list(seed))

    def below(self, bound: int) -> int:
        """One number in 0 .. bound - 1."""
        return int(self._bits.random_raw()) % bound

    def between(self, low: int, high: int) -> int:
        """One number in low .. high, both included."""
        return low + self.below(high - low + 1)

    def array(self, shape: int | tuple[int, ...], bound: int) -> NDArray[np.int64]:
        """An array of numbers in 0 .. bound - 1, int64."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        return (raw % np.uint64(bound)).astype(np.int64).reshape(shape)


def between_points(lattice: NDArray[np.int64], cell: int, height: int, width: int) -> NDArray[np.int64]:
    """Smooth noise: a lattice's values, a point every `cell` pixels, interpolated bilinearly and rounded down.

    `lattice` is int64 with more than `height` / `cell` + 1 rows and as many columns for `width`; int64 (height, width).
    """
    rows, columns = np.arange(height), np.arange(width)
    y, x = rows[:, None] // cell, columns[None, :] // cell
    wy, wx = (rows % cell)[:, None], (columns % cell)[None, :]
    upper: NDArray[np.int64] = lattice[y, x] * (cell - wx) + lattice[y, x + 1] * wx
    lower: NDArray[np.int64] = lattice[y + 1, x] * (cell - wx) + lattice[y + 1, x + 1] * wx
    return (upper * (cell - wy) + lower * wy) // (cell * cell)
