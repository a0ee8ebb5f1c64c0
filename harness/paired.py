"""Which of several systems differ by more than resampling the data explains: all pairs at once, from paired replicates.

The largest studentised difference over all pairs (max-T) sets how large a difference must be, so that everything said of a
group holds together at the stated level. Overlap of single intervals would waste the pairing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.record import Metric

Floats = NDArray[np.float64]
LEVEL = 0.95
MOST_TOGETHER = 500
"""With more systems the largest difference of every resample takes minutes: then Bonferroni's bound over all pairs stands in
its place, which asks for more."""
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Differences:
    """Every pair of systems; entry ``[i, j]`` of a matrix is about score i minus score j, float64 (systems, systems)."""

    official: Floats
    """The difference of the official scores."""
    corrected: Floats
    """The same, corrected for its bias under resampling."""
    spread: Floats
    """Its standard deviation over the resamples."""
    critical: float
    """How many standard deviations a difference must exceed."""
    largest: Floats
    """What the resamples' largest differences come to, in rising order, float64 (resamples,); empty where there were too
    many systems."""

    @property
    def greater(self) -> NDArray[np.bool_]:
        """Where score i exceeds score j, bool (systems, systems).

        A difference counts only if it is significant both as it stands and corrected for its bias, as the intervals of
        single scores are: average precision is biased, and not equally for all systems.
        """
        found: NDArray[np.bool_] = np.minimum(self.official, self.corrected) > self.critical * self.spread
        return found

    def interval(self, i: int, j: int) -> tuple[float, float]:
        """The simultaneous interval of score i minus score j; it excludes 0 where one of them is shown to be greater."""
        ends = sorted((float(self.official[i, j]), float(self.corrected[i, j])))
        half = self.critical * float(self.spread[i, j])
        return ends[0] - half, ends[1] + half

    def p_value(self, i: int, j: int) -> float:
        """The two-sided p-value of i against j, adjusted for all pairs; at most 1 - level where they are shown to differ."""
        ends = sorted((float(self.official[i, j]), float(self.corrected[i, j])))
        if ends[0] <= 0 <= ends[1]:
            return 1.0
        least, spread = min(map(abs, ends)), float(self.spread[i, j])
        reached = np.searchsorted(self.largest, least / spread) if spread else len(self.largest)
        return float(1 + len(self.largest) - reached) / (1 + len(self.largest))


def differences(values: Floats, replicates: Floats, units: int, level: float = LEVEL) -> Differences:
    """Compare all pairs.

    Parameters
    ----------
    values : float64 (systems,)
        The official scores.
    replicates : float64 (systems, resamples)
        The scores on the same resamples of the data, finite.
    units : int
        How many units were resampled.
    """
    means = replicates.mean(axis=1)
    official = values[:, None] - values[None, :]
    corrected = 2 * official - (means[:, None] - means[None, :])
    together = len(values) <= MOST_TOGETHER
    spread, largest = _together(replicates) if together else (_spreads(replicates - means[:, None]), np.empty(0))
    largest = np.sort(widened(largest, units))
    if together:
        critical = float(largest[min(ceil((len(largest) + 1) * level), len(largest)) - 1])
    else:
        pairs = len(values) * (len(values) - 1) / 2
        critical = float(widened(np.array([NormalDist().inv_cdf(1 - (1 - level) / (2 * pairs))]), units)[0])
    return Differences(official, corrected, spread, critical, largest)


def widened(largest: Floats, units: int) -> Floats:
    """The statistics as they would be if the spread were known to few degrees of freedom only.

    As Student's t is against the normal distribution (Cornish-Fisher expansion): resamples of n units know their spread
    only to n - 1 degrees of freedom, and without this 8 tied systems on 20 units would be separated in one board of five.
    """
    freedom = max(units - 1, 1)
    first = (largest**3 + largest) / (4 * freedom)
    second = (5 * largest**5 + 16 * largest**3 + 3 * largest) / (96 * freedom**2)
    found: Floats = (largest + first + second) * sqrt(units / freedom)
    return found


def _together(replicates: Floats) -> tuple[Floats, Floats]:
    """Standard deviation of every difference, (systems, systems), and every resample's largest one, (resamples,)."""
    count, resamples = replicates.shape
    spread, largest = np.zeros((count, count)), np.zeros(resamples)
    for i, some in _pairs(count):
        difference = replicates[i] - replicates[some]
        difference -= difference.mean(axis=1, keepdims=True)
        deviation = np.sqrt(np.einsum("ij,ij->i", difference, difference) / max(resamples - 1, 1))
        spread[i, some] = spread[some, i] = deviation
        difference *= np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0)[:, None]
        np.abs(difference, out=difference)
        np.maximum(largest, difference.max(axis=0), out=largest)
    return spread, largest


def _pairs(count: int) -> Iterator[tuple[int, slice]]:
    """Every system with those behind it, some at a time: their differences then stay in the processor's cache."""
    for i in range(count - 1):
        for start in range(i + 1, count, _BLOCK):
            yield i, slice(start, min(start + _BLOCK, count))


def _spreads(centred: Floats) -> Floats:
    """The standard deviations alone, from one product of matrices; equal systems may be a rounding apart."""
    product = centred @ centred.T
    variances = np.diag(product).copy()
    product *= -2
    product += variances[:, None]
    product += variances[None, :]
    spread: Floats = np.sqrt(np.maximum(product, 0) / max(centred.shape[1] - 1, 1))
    return spread


def drawn_units(metric: Metric) -> int:
    """How many things a resample draws: the metric's units, or the clusters that its units belong to."""
    clusters = metric.facts.get("clusters")
    return clusters if type(clusters) is int and 0 < clusters <= metric.n else metric.n
