"""The set that an adversarial image must stay in: a norm ball round the original, cut with the box of pixel values."""

from dataclasses import dataclass, replace
from math import inf
from typing import Literal

import torch
from torch import Tensor

from tasks.classification.robustness.balls import TOLERANCE

Norm = Literal["linf", "l2"]


@dataclass(frozen=True)
class Ball:
    """All images within `radius` of the original in `norm`, with every value between `low` and `high`.

    Images are float tensors (n, ...); `originals` are assumed to lie in the box.
    """

    norm: Norm
    radius: float
    low: float = 0.0
    high: float = 1.0

    def project(self, images: Tensor, originals: Tensor) -> Tensor:
        """Images of the ball and the box, (n, ...): onto the ball first, then onto the box."""
        if self.norm == "linf":
            near = images.clamp(originals - self.radius, originals + self.radius)
        else:
            near = originals + shortened(images - originals, self.radius)
        return near.clamp_(self.low, self.high)

    def distances(self, images: Tensor, originals: Tensor) -> Tensor:
        """How far each image lies from its original in the norm, (n,) float64."""
        return lengths(images.double() - originals.double(), self.norm)

    def outside(self, images: Tensor, originals: Tensor, tolerance: float = TOLERANCE) -> Tensor:
        """Which images leave the ball or the box by more than `tolerance`, or hold no finite number, (n,) bool."""
        flat = images.flatten(1)
        finite = flat.isfinite().all(1)
        boxed = ((flat >= self.low - tolerance) & (flat <= self.high + tolerance)).all(1)
        return ~(finite & boxed & (self.distances(images, originals) <= self.radius + tolerance))

    def without_box(self) -> "Ball":
        """The same ball with no bounds on the values."""
        return replace(self, low=-inf, high=inf)


def lengths(differences: Tensor, norm: Norm) -> Tensor:
    """The norm of each row, (n, ...) to (n,), in the dtype of the differences."""
    flat = differences.flatten(1)
    return flat.abs().amax(1) if norm == "linf" else torch.linalg.vector_norm(flat, dim=1)


def per_image(values: Tensor, like: Tensor) -> Tensor:
    """One value an image, (n,), shaped to be combined with images (n, ...)."""
    return values.reshape(-1, *[1] * (like.dim() - 1))


def shortened(differences: Tensor, radius: float) -> Tensor:
    """Differences (n, ...) scaled down to Euclidean length `radius` where they are longer."""
    # Summed in float64: over the 150,528 values of an ImageNet image float32 is off by more than the tolerance.
    found = torch.linalg.vector_norm(differences.flatten(1), dim=1, dtype=torch.float64)
    factors = (radius / found.clamp_min(1e-300)).clamp_max(1.0)
    return differences * per_image(factors.to(differences.dtype), differences)
