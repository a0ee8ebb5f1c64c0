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
