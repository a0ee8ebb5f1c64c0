"""The detection metrics of resampled data: every image counts as often as it was drawn.

An image drawn `w` times counts as `w` images, one after the other in the place of the one: what pycocotools would say
of a data set with that many copies of the image and of its annotations and detections. So the digits are official ones
here, too. (Copies matter only where scores tie: the detections of one image and category that share a score repeat as
a whole, copy after copy.)
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.coco.metrics import Float, Int, Matches, Metric, Parameters, by_category, threshold_slice

_REPLICATE: Final = Kernel(
    "coco_replicate", "int64", "int64", "uint16[]", "int64", "int64", "int64", "int64", "int64", "float64[]",
    "int64[]", "int32[]", "int32[]", "int64[]", "int32[]", "int64[]", "int32[]", "int64[]", "int32[]",
    "uint16[]", "uint16[]", "uint8[]", "float64[]", "float64[]", "int64[]",
)  # fmt: skip
_CHUNK: Final = 4
"""Replicates computed at a time: few, so that their precision cells stay in the cache."""
_ALL: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class _Events:
    """One area range's ground truth and detections, as native/coco_replicate.c describes them."""

    truth_starts: Int
    truth_image: NDArray[np.int32]
    truth_count: NDArray[np.int32]
    plain_starts: Int
    plain_image: NDArray[np.int32]
    starts: Int
    image: NDArray[np.int32]
    plain_end: Int
    block: NDArray[np.int32]
    hit: NDArray[np.uint16]
    miss: NDArray[np.uint16]
    level: NDArray[np.uint8]


def replicates(
    matches: Matches,
    n_categories: int,
    parameters: Parameters,
    weights: NDArray[np.uint16],
    metrics: Sequence[str] | None = None,
    threads: int | None = None,
) -> Mapping[str, Float]:
    """Return the metrics named (default: all) for every row of `weights`, uint16 (B, images): float64 (B,) each.

    NaN where a metric is undefined in a resample. The numbers do not depend on `threads` (default: two, if there are).
    """
    chosen = [metric for metric in parameters.metrics if metrics is None or metric.name in metrics]
    values = {metric.name: np.full(len(weights), np.nan) for metric in chosen}
    weights = np.ascontiguousarray(weights, np.uint16)
    sorted_rows = by_category(matches, n_categories)
    with ThreadPoolExecutor(threads or min(2, os.cpu_count() or 1)) as pool:
        for area in sorted({metric.area for metric in chosen}):
            here = [metric for metric in chosen if metric.area == area]
            events = _events(matches, sorted_rows, n_categories, parameters, area)
            chunks = [slice(start, start + _CHUNK) for start in range(0, len(weights), _CHUNK)]
            done = pool.map(lambda chunk: _replicate(events, weights[chunk], parameters, here, n_categories), chunks)  # noqa: B023
            for chunk, part in zip(chunks, done, strict=True):
                for metric, numbers in zip(here, part, strict=True):
                    values[metric.name][chunk] = numbers
    return values


def _replicate(
    events: _Events, weights: NDArray[np.uint16], parameters: Parameters, metrics: Sequence[Metric], n_categories: int
) -> list[list[float]]:
    shape = len(parameters.thresholds), len(parameters.recalls)
    limits = len(parameters.limits)
    want_precision = any(metric.kind == "precision" for metric in metrics)
    precision = np.empty((len(weights) if want_precision else 0, shape[0] * shape[1] * n_categories))
    recall = np.empty((len(weights), limits * shape[0] * n_categories))
    present = np.empty(len(weights), np.int64)
    _REPLICATE(
        len(weights), weights.shape[1], weights, n_categories, *shape, limits, want_precision,
        np.array(parameters.recalls), events.truth_starts, events.truth_image, events.truth_count,
        events.plain_starts, events.plain_image, events.starts, events.image, events.plain_end, events.block,
        events.hit, events.miss, events.level, precision, recall, present,
    )  # fmt: skip
    result: list[list[float]] = [[] for _ in metrics]
    for b, n_present in enumerate(present.tolist()):
        found = recall[b, : limits * shape[0] * n_present].reshape(limits, shape[0], n_present)
        cells = precision[b, : shape[0] * shape[1] * n_present].reshape(*shape, n_present) if want_precision else found
        for metric, numbers in zip(metrics, result, strict=True):
            part = cells if metric.kind == "precision" else found[metric.limit]
            # Contiguous, and without undefined cells: the same summation as the official mean's.
            numbers.append(float(np.mean(part[threshold_slice(metric, parameters)])) if n_present else np.nan)
    return result


def _events(
    matches: Matches, sorted_rows: tuple[Int, Int], n_categories: int, parameters: Parameters, area: int
) -> _Events:
    order, starts = sorted_rows
    image = np.repeat(np.arange(matches.n_images, dtype=np.int32), np.diff(matches.offsets))[order]
    hit, ignored = matches.positive[order, area], matches.ignored[order, area]
    every = np.uint16((1 << len(parameters.thresholds)) - 1)
    miss = np.where((hit | ignored) == 0, _ALL, ~(hit | ignored) & every).astype(np.uint16)
    counts = ((hit | miss) != 0) & (matches.rank[order] < parameters.limits[-1])
    order, image, hit, miss = order[counts], image[counts], hit[counts], miss[counts]
    starts = np.concatenate([[0], np.cumsum(counts)])[starts]
    plain, block = _blocks(matches.category[order], matches.score[order], image, hit, miss)
    before = np.concatenate([[0], np.cumsum(plain)])
    events = np.flatnonzero(~plain)
    return _Events(
        *_truth_by_category(matches, n_categories, area),
        plain_starts=before[starts],
        plain_image=image[plain],
        starts=starts - before[starts],
        image=image[events],
        plain_end=before[events],
        block=block[events],
        hit=hit[events],
        miss=miss[events],
        level=np.searchsorted(parameters.limits, matches.rank[order[events]], side="right").astype(np.uint8),
    )


def _blocks(
    category: NDArray[np.int32],
    score: Float,
    image: NDArray[np.int32],
    hit: NDArray[np.uint16],
    miss: NDArray[np.uint16],
) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Return which detections are plain false positives, and for every block's first row its length (else 1).

    A block is a run of detections of one image and category with one score. Unless it holds nothing but plain false
    positives it repeats as a whole, so that its plain ones are events, too.
    """
    new = np.ones(len(image), np.bool_)
    new[1:] = (image[1:] != image[:-1]) | (score[1:] != score[:-1]) | (category[1:] != category[:-1])
    plain = (hit == 0) & (miss == _ALL)
    first = np.flatnonzero(new)
    if len(first) == 0:
        return plain, np.empty(0, np.int32)
    lengths = np.diff(np.concatenate([first, [len(image)]]))
    plain &= np.repeat(np.logical_and.reduceat(plain, first), lengths)
    block = np.ones(len(image), np.int32)
    block[first] = lengths
    return plain, block


def _truth_by_category(
    matches: Matches, n_categories: int, area: int
) -> tuple[Int, NDArray[np.int32], NDArray[np.int32]]:
    image = np.repeat(np.arange(matches.n_images, dtype=np.int32), np.diff(matches.truth_offsets))
    count = matches.truth_count[:, area]
    rows = np.flatnonzero(count)
    rows = rows[np.argsort(matches.truth_category[rows], kind="stable")]
    totals = np.bincount(matches.truth_category[rows], minlength=n_categories)
    return np.concatenate([[0], np.cumsum(totals)]).astype(np.int64), image[rows], np.ascontiguousarray(count[rows])
