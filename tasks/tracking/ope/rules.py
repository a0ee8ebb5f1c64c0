"""How the evaluators of one-pass results differ, rule by rule."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
PRECISION_PIXELS: Final = np.arange(51, dtype=np.float64)
NORMALIZED: Final = np.arange(51, dtype=np.float64) / 100
TWENTY: Final = 20
"""Where the curves of precision are read: at 20 pixels, or a fifth of the box."""
HALF: Final = 10
"""Where the success curve is read: at an overlap of one half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One evaluator. README.md has the rules with their sources."""

    grid: str
    """Success thresholds: `both-ends` (MATLAB's 0:0.05:1), `arange`, `linspace`; they differ in the last digit."""
    repair: str = ""
    """When a frame takes the box of the one before: `otb` (no number at all, or no area), `lasot` (any NaN too)."""
    first_frame: bool = False
    """The first frame's box is replaced by the truth."""
    known: str = "sides"
    """Which truth counts; others are a miss of the success and a hit of the precision, as they are given overlap and
    error -1: `all` (x, y, width, height above 0), `sides` (width and height for the overlap, the centre for the error),
    `any` (every frame)."""
    pixels: bool = False
    """Boxes hold whole pixels: right = x + width - 1."""
    epsilon: float = 0.0
    """Added to the area of the union."""
    drop_nan: bool = False
    """Frames whose truth is NaN leave the denominator too."""
    drop_absent: bool = False
    """Frames in which the target is absent are left out, but stay in the denominator."""
    drop_zero_curves: bool = False
    """Sequences whose curve is 0 everywhere leave the mean."""
    by_name: bool = False
    """Sequences are added up in the order of their names; else in the benchmark's own."""
    pooled: bool = False
    """AUC is the mean of all values of all curves; else the mean of the mean curve."""
    normalized: str = "plain"
    """Centres over the truth's sides: `plain`, `small` (1e-16 added to them), `clipped` (sides of at least 1)."""
    normalized_area: bool = False
    """normalized_precision is the mean of its curve; else the value at a fifth."""

    def thresholds(self) -> Float:
        """The 21 success thresholds."""
        if self.grid == "arange":
            return np.arange(0, 1.05, 0.05)
        if self.grid == "linspace":
            return np.linspace(0, 1, 21)
        return np.array([i * 0.05 if i <= 10 else 1 - (20 - i) * 0.05 for i in range(21)])


RULES: Final = {
    "otb-matlab": Rules(grid="both-ends", repair="otb", first_frame=True, known="all", pixels=True, drop_zero_curves=True),
    "lasot": Rules(
        grid="both-ends", repair="lasot", first_frame=True, known="all", pixels=True, drop_absent=True, drop_zero_curves=True
    ),
    "pysot": Rules(grid="arange", by_name=True, pooled=True, normalized="small", drop_absent=True),
    "got10k": Rules(
        grid="linspace", first_frame=True, known="any", epsilon=float(np.finfo(np.float64).eps), drop_nan=True,
        normalized="clipped", normalized_area=True,
    ),
}  # fmt: skip
