"""From the ranks of the good images to rank-k, average precision and mINP."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged

Float = NDArray[np.float64]
RANKS: Final = (1, 5, 10)
TRAPEZOID, NON_INTERPOLATED = "market-trapezoid", "non-interpolated"


def average_precision(ranks: Ragged, protocol: str) -> Float:
    """Every query's average precision, float64 (queries,); NaN without good images. `ranks` count from 0, ascending.

    `market-trapezoid`: the recall step of every hit times the mean of the precisions at it and one image before it (1 at the
    very start); source: zhunzhong07/person-re-ranking, evaluation/utils/compute_AP.m. `non-interpolated`: the mean of the
    precisions at the hits; source: KaiyangZhou/deep-person-reid, torchreid/metrics/rank.py, in double precision.
    """
    counts = np.diff(ranks.offsets)
    query = np.repeat(np.arange(len(counts)), counts)
    hit = np.arange(len(ranks.values)) - ranks.offsets[query]
    goods = counts[query]
    precision = (hit + 1) / (ranks.values + 1)
    if protocol == TRAPEZOID:
        before = np.where(ranks.values == 0, 1.0, hit / np.maximum(ranks.values, 1))
        # MATLAB subtracts the old recall from the new one; 1 / goods would differ in the last digit.
        terms = ((hit + 1) / goods - hit / goods) * ((before + precision) / 2)
        return np.where(counts > 0, _sums(query, terms, len(counts)), np.nan)
    with np.errstate(invalid="ignore"):
        mean: Float = _sums(query, precision, len(counts)) / counts
    return mean


def _sums(query: NDArray[np.int64], terms: Float, n_queries: int) -> Float:
    # bincount adds one after the other, as the loops of the official code do; add.reduceat would not.
    sums: Float = np.bincount(query, weights=terms, minlength=n_queries).astype(np.float64, copy=False)
    return sums


def first_ranks(ranks: Ragged) -> Float:
    """The rank of every query's first good image, from 0; infinite without one."""
    return _edge(ranks, 0)


def last_ranks(ranks: Ragged) -> Float:
    """The rank of every query's last good image, from 0; infinite without one."""
    return _edge(ranks, -1)


def _edge(ranks: Ragged, which: int) -> Float:
    counts = np.diff(ranks.offsets)
    found = np.full(len(counts), np.inf)
    has = counts > 0
    places = ranks.offsets[:-1] if which == 0 else ranks.offsets[1:] - 1
    found[has] = ranks.values[places[has]]
    return found


def inverse_negative_penalty(ranks: Ragged) -> Float:
    """Good images by the number of images up to the last of them; NaN without any.

    Source: mangye16/ReID-Survey (mINP), JDAI-CV/fast-reid, fastreid/evaluation/rank.py.
    """
    counts = np.diff(ranks.offsets)
    found: Float = np.where(counts > 0, counts / (last_ranks(ranks) + 1), np.nan)
    return found


def per_query(ranks: Ragged, protocol: str) -> Mapping[str, Float]:
    """Every metric of every query, float64 (queries,); its mean over the queries is the score.

    A query without good images counts 0 under `market-trapezoid` (the denominator is all queries) and is NaN, which is left
    out, under `non-interpolated`.
    """
    empty = np.diff(ranks.offsets) == 0
    first = first_ranks(ranks)
    found = {f"rank{k}": (first < k).astype(np.float64) for k in RANKS}
    found["mAP"] = average_precision(ranks, protocol)
    found["mINP"] = inverse_negative_penalty(ranks)
    missing = 0.0 if protocol == TRAPEZOID else np.nan
    return {name: np.where(empty, missing, values) for name, values in found.items()}


def mean(values: Float, protocol: str) -> float | None:
    """The mean of those that are not NaN, None if there are none; summed as the protocol's own code does."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return None
    # One after the other in the official port, by np.mean in torchreid: the last digits differ.
    return float(np.cumsum(kept)[-1]) / len(kept) if protocol == TRAPEZOID else float(np.mean(kept))


def weighted_means(values: Float, weights: NDArray[np.uint16]) -> Float:
    """The mean when query ``i`` counts ``weights[b, i]`` times, float64 (B,), NaN where none counts."""
    kept = ~np.isnan(values)
    chosen = weights[:, kept].astype(np.float64)
    with np.errstate(invalid="ignore"):
        found: Float = chosen @ values[kept] / chosen.sum(axis=1)
    return found


def cumulative_matches(ranks: Ragged, protocol: str, length: int) -> Float:
    """The CMC curve: the share of queries whose first good image is among the first k, for k = 1 .. `length`."""
    first = first_ranks(ranks)
    counted = len(first) if protocol == TRAPEZOID else np.count_nonzero(np.isfinite(first))
    found = np.sort(first[np.isfinite(first)])
    places: Float = np.searchsorted(found, np.arange(length), "right") / max(counted, 1)
    return places
