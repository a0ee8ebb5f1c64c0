"""WIDER FACE's average precision of resampled data: every image counts as often as it was drawn.

The range of the scores stays that of the whole set, and with it the bin of every detection. What is left are sums of whole
numbers, so that a replicate is what the official code would say of a set with that many copies of the image.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.widerface.metrics import BINS, Float, Int, Marks, average_precision

_REPLICATE: Final = Kernel(
    "wider_replicate", "int64", "int64", "uint16[]", "int64", "int64[]", "int32[]", "int64[]"
)  # fmt: skip
_CHUNK: Final = 96
"""Resamples at a time: a multiple of the kernel's own 32, and few enough to take little memory."""


def replicates(marks: Marks, faces: Int, weights: NDArray[np.uint16], settings: Mapping[str, int]) -> dict[str, Float]:
    """The average precision of each of `settings` (name -> its bit), for every row of `weights`, uint16 (B, images).

    `faces` is int64 (images, settings). float64 (B,), NaN where a resample has no face that counts.
    """
    weights = np.ascontiguousarray(weights, np.uint16)
    image = np.repeat(np.arange(len(faces), dtype=np.int32), np.diff(marks.offsets))
    order = np.argsort(marks.bin, kind="stable")
    values: dict[str, Float] = {}
    for name, bit in settings.items():
        lists = [_by_bin(marks.bin, image, order, (part >> bit & 1) != 0) for part in (marks.hit, marks.proposal)]
        values[name] = np.concatenate(
            [
                _replicate(lists, faces[:, bit], weights[start : start + _CHUNK])
                for start in range(0, len(weights), _CHUNK)
            ]
        )
    return values


def _by_bin(
    bins: NDArray[np.uint16], image: NDArray[np.int32], order: Int, chosen: NDArray[np.bool_]
) -> tuple[Int, NDArray[np.int32]]:
    """Where each bin's marks start, and whose each mark is, of the chosen detections."""
    kept = order[chosen[order]]
    return np.searchsorted(bins[kept], np.arange(BINS + 1)).astype(np.int64), image[kept]


def _replicate(lists: list[tuple[Int, NDArray[np.int32]]], faces: Int, weights: NDArray[np.uint16]) -> Float:
    found = [np.empty((len(weights), BINS), np.int64) for _ in lists]
    for (starts, image), counts in zip(lists, found, strict=True):
        _REPLICATE(len(weights), weights.shape[1], weights, BINS, starts, image, counts)
    # Exact: whole numbers far below 2^53.
    totals = (weights @ faces.astype(np.float64)).astype(np.int64)
    values = [average_precision(*rows) for rows in zip(*found, totals.tolist(), strict=True)]
    return np.array([np.nan if value is None else value for value in values])
