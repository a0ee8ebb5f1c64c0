"""Ball and box without torch, for what is scored from files: the same rule as `ball.Ball.outside`."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 1e-6
"""By how much an image in float32 may leave ball or box; 2/255 added to a pixel and rounded is 3e-8 too far."""


@dataclass(frozen=True)
class Bounds:
    """All images within `radius` of the original in `norm`; with `box`, of values from 0 to 1."""

    norm: str
    radius: float
    box: bool

    def distances(self, images: NDArray[Any], originals: NDArray[Any]) -> NDArray[np.float64]:
        """How far each image (n, ...) lies from its original, float64 (n,)."""
        found = np.empty(len(images), np.float64)
        for row, (image, original) in enumerate(zip(images, originals, strict=True)):
            difference = image.astype(np.float64).ravel() - original.astype(np.float64).ravel()
            found[row] = np.abs(difference).max() if self.norm == "linf" else np.sqrt(np.square(difference).sum())
        return found

    def outside(self, images: NDArray[Any], originals: NDArray[Any]) -> NDArray[np.bool_]:
        """Which images leave ball or box by more than `TOLERANCE`, or hold no number, bool (n,)."""
        # Written so that NaN fails.
        near = self.distances(images, originals) <= self.radius + TOLERANCE
        flat = images.reshape(len(images), -1)
        boxed = (
            ((flat >= -TOLERANCE) & (flat <= 1 + TOLERANCE)).all(axis=1) if self.box else np.isfinite(flat).all(axis=1)
        )
        found: NDArray[np.bool_] = ~(near & boxed)
        return found
