"""Rank ranges from paired replicates: the places that the data allow, instead of one place that noise decides.

All pairs are tested at once (`harness.paired`), so that the ranges of a whole board hold together at the stated level.
Ranks of bootstrap replicates, which look like an easier way, are too narrow exactly where systems tie.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.paired import LEVEL, Floats, differences


@dataclass(frozen=True, slots=True)
class RankRange:
    """The best and the worst place that a system can be shown to have, of `of` systems."""

    best: int
    worst: int
    of: int
    tier: str = "A"
    """A where nothing was shown to beat it, B where only systems of tier A were, and so on."""
    p_best: float | None = None
    """The share of the resamples in which it comes first; where systems tie this says less than it seems to."""

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
    better = differences(values, replicates, units, level).greater
    if not higher_is_better:
        better = better.T
    centred = replicates + (values - replicates.mean(axis=1))[:, None]
    sign = 1 if higher_is_better else -1
    return ranges_of(better, np.argsort(-sign * values, kind="stable").tolist(), chance_best(sign * centred))


def ranges_of(better: NDArray[np.bool_], order: Sequence[int], p_best: Sequence[float | None]) -> list[RankRange]:
    """Ranges from who is shown to be better than whom, bool (systems, systems); `order` puts nobody before its betters."""
    count = len(better)
    beaten_by, beats, tiers = better.sum(axis=0), better.sum(axis=1), tiers_of(better, order)
    return [
        RankRange(1 + int(above), count - int(below), count, tier_name(tier), p)
        for above, below, tier, p in zip(beaten_by, beats, tiers, p_best, strict=True)
    ]


def tiers_of(better: NDArray[np.bool_], order: Sequence[int]) -> list[int]:
    """The length of the longest chain of systems, each shown to be better than the next, that ends at each system."""
    tiers = np.zeros(len(better), np.int64)
    for system in order:
        tiers[system] = tiers[better[:, system]].max(initial=-1) + 1
    found: list[int] = tiers.tolist()
    return found


def tier_name(tier: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    letters = ""
    number = tier + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def chance_best(replicates: Floats) -> list[float | None]:
    """The share of the resamples, float64 (systems, resamples), in which each system is highest; ties are shared."""
    highest = replicates == replicates.max(axis=0)
    shares = (highest / highest.sum(axis=0)).mean(axis=1)
    return [float(share) for share in shares]
