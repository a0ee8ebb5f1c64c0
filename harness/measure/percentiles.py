"""Percentiles of latencies, and their intervals from resampling whole blocks.

Latencies within a block resemble each other, so resampling single latencies gives intervals that are far too narrow
(MEASUREMENT: 36 % coverage instead of 95 %). Blocks that are scattered over the run are resampled instead.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.record import Quantile

T = TypeVar("T")
FloatArray = NDArray[np.float64]
DRAWS = 2000
GRID = 2048
PLANNED_BLOCKS = 20
"""What an interval of a median or a mean needs."""
CONVENTION = "percentile = sorted[int(n*p)], as in MLPerf LoadGen"
SIXTHS = 6
_STUDENT = "or, where wider, Student's t over the values of each"
STUDENT_OVER_SIXTHS = f"{_STUDENT} sixth of the run"
STUDENT_OVER = f"{_STUDENT} process and of each sixth of the run"
INTERVAL = f"95 % cluster bootstrap over blocks, {DRAWS} draws, fixed seed; {STUDENT_OVER}"
NESTED = f"95 % cluster bootstrap over processes and the blocks of each, {DRAWS} draws, fixed seed; {STUDENT_OVER}"
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""97.5 % points of Student's t with 1, 2, ... 10 degrees of freedom."""
EARLY_STOPPING_CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Rule:
    """What a percentile needs before it is reported, and before it gets an interval."""

    name: str
    probability: float
    samples: int
    blocks: int
    interval_blocks: int


RULES = (
    Rule("p50", 0.50, samples=5, blocks=1, interval_blocks=PLANNED_BLOCKS),
    Rule("p90", 0.90, samples=29, blocks=60, interval_blocks=60),
    Rule("p99", 0.99, samples=299, blocks=1, interval_blocks=60),
)
"""p99 needs 299 samples: only then does the largest bound it with 95 % confidence (0.99^299 < 0.05)."""


def percentile(values: FloatArray, probability: float) -> float:
    """The value of rank int(n*p), counted from 0, in ascending order; `values` (n,) float64, n >= 1."""
    ordered = np.sort(values)
    return float(ordered[min(int(len(ordered) * probability), len(ordered) - 1)])


def cluster_intervals(
    blocks: Sequence[FloatArray],
    probabilities: Sequence[float],
    *,
    draws: int = DRAWS,
    seed: int = 0,
    groups: Sequence[int] | None = None,
) -> list[tuple[float, float]]:
    """The 2.5 % and 97.5 % points of each percentile over `draws` resamples of the blocks.

    `blocks` holds (n_i,) float64 arrays, none empty. With `groups`, the process of each block, processes are drawn first
    and then as many blocks of each as it has. Above 2,048 values in all, ranks are looked up on a grid of 2,048.
    """
    ordered = np.sort(np.concatenate(blocks))
    grid = ordered[np.unique(np.linspace(0, len(ordered) - 1, min(GRID, len(ordered))).astype(np.int64))]
    below = np.stack([np.searchsorted(np.sort(block), grid, side="right") for block in blocks]).astype(np.float64)
    weights = nested_counts(groups, draws, seed) if groups else resample_counts(len(blocks), draws, seed)
    sizes = np.array([len(block) for block in blocks], dtype=np.float64)
    estimates = np.empty((len(probabilities), draws))
    for first in range(0, draws, 250):
        part = slice(first, first + 250)
        counts = weights[part] @ below
        totals = weights[part] @ sizes
        for i, probability in enumerate(probabilities):
            rank = np.floor(totals * probability)
            estimates[i, part] = grid[np.argmax(counts > rank[:, None], axis=1)]
    return [(percentile(row, 0.025), percentile(row, 0.975)) for row in estimates]


def resample_counts(n: int, draws: int, seed: int) -> FloatArray:
    """(draws, n) float64: how often each block is drawn. Raw generator output, since NumPy may change its methods."""
    picks = (np.random.PCG64(seed).random_raw(draws * n) % n).astype(np.int64)
    rows = np.repeat(np.arange(draws, dtype=np.int64), n)
    return np.bincount(rows * n + picks, minlength=draws * n).reshape(draws, n).astype(np.float64)


def nested_counts(groups: Sequence[int], draws: int, seed: int) -> FloatArray:
    """(draws, blocks) float64: how often each block is drawn where its process was drawn first."""
    names = sorted(set(groups))
    if len(names) < 2:
        return resample_counts(len(groups), draws, seed)
    drawn = resample_counts(len(names), draws, seed)
    counts = np.zeros((draws, len(groups)))
    for place, name in enumerate(names):
        members = np.flatnonzero(np.asarray(groups) == name)
        picks = np.random.PCG64(seed + 1 + place).random_raw(draws * len(names) * len(members)) % len(members)
        # each of its appearances among the processes brings blocks of its own
        shown = (np.arange(len(names))[None, :] < drawn[:, place, None]).repeat(len(members), axis=1)
        rows = np.arange(draws).repeat(len(names) * len(members))[shown.ravel()]
        np.add.at(counts, (rows, members[picks.astype(np.int64)[shown.ravel()]]), 1.0)
    return counts


def widened(
    interval: tuple[float, float],
    value: float,
    blocks: Sequence[T],
    groups: Sequence[int],
    of: Callable[[list[T]], float],
) -> tuple[float, float]:
    """`interval` of `value`, as wide at least as Student's t says from `of` the blocks of every process and of every sixth.

    Resampling three or four processes tells too little of all memory layouts that might have been drawn, and neighbouring
    blocks, which a wandering clock makes alike, are no independent clusters (benchmarks/gate_simulation.py).
    """
    names = sorted(set(groups))
    processes = [of([block for block, of_ in zip(blocks, groups, strict=True) if of_ == name]) for name in names]
    ends = np.linspace(0, len(blocks), SIXTHS + 1).astype(int)
    sixths = [of(list(blocks[a:b])) for a, b in pairwise(ends)] if len(blocks) >= 2 * SIXTHS else []
    half = math.hypot(_student(processes), _student(sixths))
    return min(interval[0], value - half), max(interval[1], value + half)


def _student(own: Sequence[float]) -> float:
    """Half the width of a 95 % interval of the mean of two to eleven values; 0 for fewer or more."""
    if not 1 < len(own) <= len(STUDENT) + 1:
        return 0.0
    return STUDENT[len(own) - 2] * float(np.std(own, ddof=1)) / math.sqrt(len(own))


def early_stopping_bound(values: FloatArray, probability: float) -> float | None:
    """MLPerf's early-stopping estimate: with 99 % confidence the percentile is not above it, were inferences independent.

    It is sorted[n - t] for the largest t for which at most t of n inferences lie above the percentile with a probability
    of at most 1 % (loadgen/early_stopping.cc); None where not even t = 1 holds (p90 from 64 on, p99 from 662 on).
    """
    n = len(values)
    above = np.arange(n + 1, dtype=np.float64)
    factorials = np.concatenate([[0.0], np.cumsum(np.log(above[1:]))])
    chosen = factorials[n] - factorials - factorials[::-1]
    # in logarithms, since 0.5 to the power of 2,000 is nothing
    odds = np.logaddexp.accumulate(chosen + above * math.log1p(-probability) + above[::-1] * math.log(probability))
    allowed = int(np.searchsorted(odds, math.log(1.0 - EARLY_STOPPING_CONFIDENCE), side="right")) - 1
    return float(np.sort(values)[n - allowed]) if allowed > 0 else None


def quantiles(
    blocks: Sequence[FloatArray], *, seed: int = 0, groups: Sequence[int] | None = None
) -> dict[str, Quantile]:
    """p50, p90 and p99 of all values, each with its interval, or null with the reason; by the rules above.

    `groups` names the process of each block.
    """
    kept = [block for block in blocks if len(block)]
    origin = [group for group, block in zip(groups or [0] * len(blocks), blocks, strict=True) if len(block)]
    intervals = (
        cluster_intervals(kept, [rule.probability for rule in RULES], seed=seed, groups=origin)
        if len(kept) >= min(rule.interval_blocks for rule in RULES)
        else [None] * len(RULES)
    )
    pooled = np.concatenate(kept) if kept else np.empty(0)
    return {
        rule.name: _quantile(rule, pooled, kept, origin, interval)
        for rule, interval in zip(RULES, intervals, strict=True)
    }


def _quantile(
    rule: Rule,
    pooled: FloatArray,
    blocks: Sequence[FloatArray],
    groups: Sequence[int],
    interval: tuple[float, float] | None,
) -> Quantile:
    lacking = _lacking(len(pooled), rule.samples, "inferences") or _lacking(len(blocks), rule.blocks, "blocks")
    if lacking:
        return Quantile(value=None, reason=f"{rule.name} needs {lacking}")
    value = percentile(pooled, rule.probability)
    lacking = _lacking(len(blocks), rule.interval_blocks, "blocks")
    if lacking or interval is None:
        return Quantile(value=value, reason=f"the interval of {rule.name} needs {lacking}")
    low, high = widened(
        interval, value, blocks, groups, lambda part: percentile(np.concatenate(part), rule.probability)
    )
    return Quantile(value=value, low=max(low, 0.0), high=high)


def _lacking(have: int, need: int, what: str) -> str:
    return f"{need} {what}, there are {have}" if have < need else ""


def spearman(values: FloatArray) -> tuple[float, float]:
    """Rank correlation of `values` (n,) with their order, and its two-sided p (normal approximation, n >= 10)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return 0.0, 1.0
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    rho = float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])
    return rho, 2.0 * (1.0 - NormalDist().cdf(abs(rho) * math.sqrt(len(values) - 1)))


def drift(values: FloatArray) -> float | None:
    """Median of the last third over median of the first third, minus 1; None with fewer than 6 values."""
    third = len(values) // 3
    if third < 2:
        return None
    return float(np.median(values[-third:]) / np.median(values[:third])) - 1.0
