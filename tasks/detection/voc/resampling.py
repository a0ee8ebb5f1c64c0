"""Pascal VOC's metrics of resampled data: every image counts as often as it was drawn.

An image drawn `w` times counts as `w` images, one after the other in the place of the one, so that each line of a class
file stands there `w` times: what the evaluator would say of such a data set, to the last digit.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.average_precision import RECALLS
from tasks.detection.voc.metrics import Float, Int, Ranked, means
from tasks.detection.voc.rules import Rules

_REPLICATE: Final = Kernel(
    "voc_replicate", "int64", "int64", "uint16[]", "int64", "int64", "int64", "int64", "float64[]",
    "int64[]", "int32[]", "int32[]", "int64[]", "int32[]", "int64[]", "int32[]", "int64[]", "uint16[]", "uint16[]",
    "float64[]", "float64[]", "int64[]",
)  # fmt: skip
_CHUNK: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthCounts:
    """How many ground truths that count each image has of each category; only counts above 0 are listed."""

    starts: Int
    """(categories + 1,)"""
    image: NDArray[np.int32]
    count: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What a resample's curves come to, before any protocol reads AP off them."""

    interpolated: Float
    """(resamples, thresholds, categories, 11): precision at the eleven recalls."""
    area: Float
    """(resamples, thresholds, categories)"""
    n_truth: Int
    """(resamples, categories); where 0, the others are 0 and mean nothing."""


def cells(
    ranked: Ranked, truth: TruthCounts, rules: Rules, weights: NDArray[np.uint16], threads: int | None = None
) -> Cells:
    """The curves of every row of `weights`, uint16 (B, images). They do not depend on `threads` (default: two)."""
    weights = np.ascontiguousarray(weights, np.uint16)
    n, n_categories, n_thresholds = len(weights), len(ranked.n_truth), len(rules.thresholds)
    found = Cells(
        interpolated=np.zeros((n, n_thresholds, n_categories, len(RECALLS))),
        area=np.zeros((n, n_thresholds, n_categories)),
        n_truth=np.zeros((n, n_categories), np.int64),
    )
    events = _events(ranked, n_thresholds)
    most = int(ranked.n_truth.max(initial=0)) * int(weights.max(initial=0))

    def fill(chunk: slice) -> None:
        _REPLICATE(
            len(weights[chunk]), weights.shape[1], weights[chunk], n_categories, n_thresholds, int(rules.single), most,
            np.array(RECALLS), truth.starts, truth.image, truth.count, *events,
            found.interpolated[chunk], found.area[chunk], found.n_truth[chunk],
        )  # fmt: skip

    with ThreadPoolExecutor(threads or min(2, os.cpu_count() or 1)) as pool:
        list(pool.map(fill, [slice(start, start + _CHUNK) for start in range(0, n, _CHUNK)]))
    return found


def replicates(cells: Cells, rules: Rules, metrics: Sequence[str]) -> dict[str, Float]:
    """The metrics named, of every resample: float64 (B,), NaN where undefined."""
    aps = _average_precisions(cells, rules)
    aps[np.broadcast_to((cells.n_truth == 0)[:, None, :], aps.shape)] = np.nan
    found = [means(row, rules) for row in aps]
    return {name: np.array([row[name] for row in found], np.float64) for name in metrics}


def _average_precisions(cells: Cells, rules: Rules) -> Float:
    """AP (resamples, thresholds, categories), added up in the order of the functions that score one data set."""
    if not rules.eleven_point:
        found = cells.area.astype(np.float32).astype(np.float64) if rules.single else cells.area * rules.scale
        return found
    points = np.moveaxis(cells.interpolated, -1, 0)
    if rules.single:
        total = np.zeros(points.shape[1:], np.float32)
        for point in points.astype(np.float32):
            total = total + point
        return (total / np.float32(len(RECALLS))).astype(np.float64)
    summed = np.zeros(points.shape[1:])
    for point in points:
        summed = summed + point / len(RECALLS)
    return summed * rules.scale


def _events(ranked: Ranked, n_thresholds: int) -> tuple[NDArray[np.generic], ...]:
    """Plain false positives and all others, as native/voc_replicate.c describes them."""
    every = np.uint16((1 << n_thresholds) - 1)
    counts = (ranked.hit | ranked.miss) != 0
    plain = counts & (ranked.miss == every)
    events = np.flatnonzero(counts & ~plain)
    plain_before = np.concatenate([[0], np.cumsum(plain)]).astype(np.int64)
    return (
        plain_before[ranked.starts], ranked.image[plain],
        np.searchsorted(events, ranked.starts).astype(np.int64), ranked.image[events], plain_before[events],
        ranked.hit[events], ranked.miss[events],
    )  # fmt: skip
