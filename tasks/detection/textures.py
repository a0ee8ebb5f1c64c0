"""Backgrounds of generated samples, by integer arithmetic alone."""

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream

_CELL = 16


def smooth_noise(stream: RawStream, height: int, width: int, bound: int) -> NDArray[np.int64]:
    """Values in 0 .. bound - 1, interpolated between the points of a lattice of 16 pixels: int64 (height, width)."""
    rows, columns = np.arange(height), np.arange(width)
    y, x = rows[:, None] // _CELL, columns[None, :] // _CELL
    wy, wx = (rows % _CELL)[:, None], (columns % _CELL)[None, :]
    lattice = stream.array((height // _CELL + 2, width // _CELL + 2), bound)
    upper: NDArray[np.int64] = lattice[y, x] * (_CELL - wx) + lattice[y, x + 1] * wx
    lower: NDArray[np.int64] = lattice[y + 1, x] * (_CELL - wx) + lattice[y + 1, x + 1] * wx
    return (upper * (_CELL - wy) + lower * wy) // (_CELL * _CELL)
