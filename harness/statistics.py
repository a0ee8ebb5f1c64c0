"""Resampling: one stream of resamples for every data set, and confidence intervals from replicate scores.

Method and coverage: benchmarks/interval_coverage.py, with its table in benchmarks/README.md.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MINIMUM_UNITS: Final = 20
"""With fewer units there is no interval: the resamples repeat themselves and coverage falls far short."""
METHOD: Final = "bias-centred percentile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval of a score, in the score's unit."""

    low: float
    high: float
    level: float
    method: str


def resample_weights(
    data_digest: str, n_units: int, n_resamples: int = 1000, clusters: NDArray[np.int64] | None = None
) -> NDArray[np.uint16]:
    """Return how often each resample draws each unit: uint16 (n_resamples, n_units).

    Units are drawn with replacement, as many as there are; where `clusters`, int64 (n_units,), is given, whole clusters
    are. The stream depends on `data_digest` alone, so that records on the same data are paired, resample by resample,
    on every machine: raw PCG64 output reduced here, because NumPy may change its Generator methods.
    """
    seed = int.from_bytes(hashlib.sha256(f"resamples/{data_digest}".encode()).digest(), "big")
    stream = np.random.PCG64(seed)
    members = np.arange(n_units) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    n_drawn = int(members.max()) + 1 if n_units else 0
    weights = np.empty((n_resamples, n_units), np.uint16)
    for row in weights:
        row[:] = np.bincount(_draw(stream, n_drawn), minlength=n_drawn)[members]
    return weights


def interval(estimate: float, replicates: NDArray[np.float64], level: float = 0.95) -> Interval:
    """Return the interval around `estimate` from the scores of resamples, float64 (B,), all finite.

    The replicates' percentiles, moved so that the replicates' mean falls on the estimate. Metrics such as average
    precision are biased under resampling (upward, because the precision curve is interpolated from above): plain
    percentiles lie beside the estimate. The interval speaks of the score expected on data sets of this size from the
    same source; how far that is from the score on an unlimited data set is no matter of the method that is scored.
    It always holds the estimate.
    """
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    shift = estimate - float(np.mean(replicates))
    # Where nearly all replicates are equal their mean may lie beside both quantiles, if only by a rounding.
    low, high = min(float(low) + shift, estimate), max(float(high) + shift, estimate)
    return Interval(low=low, high=high, level=level, method=METHOD)


def _draw(stream: np.random.PCG64, n: int) -> NDArray[np.int64]:
    """Return `n` integers below `n`, all equally likely, in the order of the stream's raw 64-bit output."""
    accepted = np.empty(0, np.uint64)
    # Values from the last, incomplete block of n are rejected: the remainder would favour small integers.
    limit = np.uint64((1 << 64) // n * n - 1) if n else np.uint64(0)
    while len(accepted) < n:
        raw = stream.random_raw(n - len(accepted))
        accepted = np.concatenate([accepted, raw[raw <= limit]])
    return (accepted % np.uint64(n)).astype(np.int64) if n else accepted.astype(np.int64)
