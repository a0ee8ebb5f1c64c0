"""Rank ranges from paired replicates: which systems differ by more than resampling the data explains.

All pairs are tested at once (max-T, the largest standardised difference over all pairs), so that the ranges of a whole
board hold together at the stated level. Overlap of single intervals would waste the pairing; ranks of bootstrap replicates
are too narrow exactly where systems tie.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class RankRange:
    """The best and the worst place that a system can be shown to have, of `of` systems."""

    best: int
    worst: int
    of: int

    def __str__(self) -> str:
        span = str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"
        return f"{span} of {self.of}"


def rank_ranges(
    values: Floats, replicates: Floats, units: int, *, higher_is_better: bool = True, level: float = LEVEL
) -> list[RankRange]:
    """One range a system.

    Parameters
    ----------
    values : float64 (systems,)
        The official scores.
    replicates : float64 (systems, resamples)
        The scores on the same resamples of the data, finite.
    units : int
        How many units were resampled.
    """
    better = significantly_greater(values, replicates, units, level)
    if not higher_is_better:
        better = better.T
    count = len(values)
    beaten_by, beats = better.sum(axis=0), better.sum(axis=1)
    return [RankRange(1 + int(above), count - int(below), count) for above, below in zip(beaten_by, beats, strict=True)]


def significantly_greater(values: Floats, replicates: Floats, units: int, level: float = LEVEL) -> NDArray[np.bool_]:
    """``[i, j]`` is True where score i exceeds score j, all pairs tested together at `level`; bool (systems, systems).

    A difference counts only if it is significant both as it stands and corrected for its bias under resampling, as the
    intervals of single scores are: average precision is biased, and not equally for all systems.
    """
    count = len(values)
    spread = np.zeros((count, count))
    largest = np.zeros(replicates.shape[1])
    for i in range(count - 1):
        difference = replicates[i] - replicates[i + 1 :]
        difference -= difference.mean(axis=1, keepdims=True)
        deviation = difference.std(axis=1, ddof=1)
        spread[i, i + 1 :] = spread[i + 1 :, i] = deviation
        scale = np.where(deviation > 0, deviation, np.inf)
        largest = np.maximum(largest, np.abs(difference / scale[:, None]).max(axis=0))
    official = values[:, None] - values[None, :]
    means = replicates.mean(axis=1)
    corrected = 2 * official - (means[:, None] - means[None, :])
    significant: NDArray[np.bool_] = np.minimum(official, corrected) > critical_value(largest, units, level) * spread
    return significant


def critical_value(largest: Floats, units: int, level: float) -> float:
    """How many standard deviations a difference must exceed.

    The order statistic of the resamples' largest statistics that `level` of them do not exceed, widened for few units as
    Student's t is against the normal distribution (Cornish-Fisher expansion): resamples of n units know their spread only
    to n - 1 degrees of freedom, and without this 8 tied systems on 20 units would be separated in one board of five.
    """
    position = min(ceil((len(largest) + 1) * level), len(largest)) - 1
    z, freedom = float(np.sort(largest)[position]), max(units - 1, 1)
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return (z + first + second) * sqrt(units / freedom)
