"""TinyPerson's miss rates: the log-average of 1 - recall at nine rates of false positives per image.

Source: ucas-vg/TinyBenchmark, third/Cityscapes, eval_MR_multisetup.py, with its quirks: see README.md.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.coco.metrics import Detections, Float, Int, Matches, box_areas, by_category

if TYPE_CHECKING:
    from tasks.detection.tinyperson.metrics import Outcomes, TinyTruth

_MATCH: Final = Kernel(
    "tiny_miss_match", "int64", "int64", "int64", "float64[]", "int64[]", "int32[]", "float64[]", "uint8[]",
    "int64[]", "int32[]", "float64[]", "float64[]", "uint8[]", "uint8[]", "uint16[]", "uint16[]",
)  # fmt: skip
_REPLICATE: Final = Kernel(
    "tiny_miss_replicate", "int64", "int64", "uint16[]", "int64", "int64", "float64[]", "int64[]", "int64",
    "int32[]", "uint16[]", "uint16[]", "int32[]", "float64[]",
)  # fmt: skip
_LOG: Final = Kernel("fixed_log", "int64", "float64[]", "float64[]")
_EXP: Final = Kernel("fixed_exp", "int64", "float64[]", "float64[]")
SETUPS: Final = {
    "tiny1": (2.0, 8.0),
    "tiny2": (8.0, 12.0),
    "tiny3": (12.0, 20.0),
    "tiny": (2.0, 20.0),
    "small": (20.0, 32.0),
    "all": (-1.0, 1e10),
}
"""Ranges of an annotation's size, the square root of its area, pixels, both ends inclusive; officially `all` is `All`."""
VISIBLE: Final = (0.65, 1e10)
"""The range of the visible part of the annotations that count."""
MARGIN: Final = 1.25
"""Detections smaller than the low end by more than this factor, or not below the high end times it, are left out."""


def fppi_points() -> Float:
    """The nine rates of false positives per image, 0.01 to 1, as the official formula gives them (all a trifle high)."""
    low, high, ratio = _log(np.array([0.01, 1.0, 1.0 / 0.01]))
    return _exp(np.arange(low, high + 1e-10, ratio / 8))


def ignored_in_setups(size: Float, visible: Float, ignored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which annotations, (n,), do not count in each set-up: bool (n, set-ups). `iscrowd` is not looked at."""
    low, high = np.array(list(SETUPS.values())).T
    hidden = (visible < VISIBLE[0]) | (visible > VISIBLE[1])
    result: NDArray[np.bool_] = (size[:, None] < low) | (size[:, None] > high) | (ignored | hidden)[:, None]
    return result


def kept_in_setups(boxes_xywh: Float) -> NDArray[np.bool_]:
    """Which detections, boxes (n, 4), each set-up looks at: bool (n, set-ups)."""
    low, high = np.array(list(SETUPS.values())).T
    size = np.sqrt(box_areas(boxes_xywh))[:, None]
    result: NDArray[np.bool_] = (size >= low / MARGIN) & (size < high * MARGIN)
    return result


def match_setups(
    truth: "TinyTruth",
    found: Detections,
    ignored: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    thresholds: Sequence[float],
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Match in every set-up; returns what is positive and what is ignored, uint16 (n, set-ups), bits over thresholds.

    Annotations and detections stand by category inside an image, detections by descending score inside a category.
    """
    positive = np.zeros(kept.shape, np.uint16)
    skipped = np.zeros_like(positive)
    _MATCH(
        len(found.offsets) - 1, kept.shape[1], len(thresholds), np.array(thresholds),
        found.offsets, found.category, found.boxes_xywh, kept.view(np.uint8),
        truth.offsets, truth.category, truth.boxes_xywh, truth.area, truth.nameless.view(np.uint8),
        ignored.view(np.uint8), positive, skipped,
    )  # fmt: skip
    return positive, skipped


def recalls(
    outcomes: "Outcomes", setup: int, n_categories: int, n_thresholds: int, weights: NDArray[np.uint16]
) -> Float:
    """Recall at the nine rates for every row of `weights`, uint16 (B, images): (B, thresholds, 9, categories).

    -1 where a category has no annotation that counts. An image that a row counts `w` times stands for `w` images.
    """
    points, matches = fppi_points(), outcomes.misses
    result = np.empty((n_categories, len(weights), n_thresholds, len(points)))
    order, starts = by_category(matches, n_categories)
    images = np.repeat(np.arange(matches.n_images, dtype=np.int32), np.diff(matches.offsets))
    for k in range(n_categories):
        rows = order[starts[k] : starts[k + 1]]
        rows = rows[outcomes.kept[rows, setup]]
        hit, skipped = matches.positive[rows, setup], matches.ignored[rows, setup]
        _REPLICATE(
            len(weights), matches.n_images, weights, n_thresholds, len(points), points, _truth(matches, k, setup),
            len(rows), images[rows], hit, np.invert(hit | skipped), _blocks(images[rows], matches.score[rows]), result[k],
        )  # fmt: skip
    return np.ascontiguousarray(np.moveaxis(result, 0, -1))


def log_average(recall: Float) -> Float:
    """The miss rates of recalls (B, 9, categories): float64 (B,), NaN where all recalls are -1. A recall of 1 gives 0."""
    missed = 1 - recall.reshape(len(recall), -1)
    logs = _log(missed)
    defined = missed < 2
    if defined.all():
        # Along rows that are contiguous the mean adds up as it does over one: that decides the last digit.
        return _exp(np.mean(logs, axis=1))
    rows = [row[here] for row, here in zip(logs, defined, strict=True)]
    return _exp(np.array([np.mean(row) if len(row) else np.nan for row in rows]))


def replicates(
    outcomes: "Outcomes",
    n_categories: int,
    names: Sequence[tuple[str, ...]],
    weights: NDArray[np.uint16],
    metrics: Sequence[str] | None = None,
) -> Mapping[str, Float]:
    """The miss rates called `names` (set-up after set-up, one name a threshold) for every row of `weights`: (B,) each.

    NaN where a resample has no annotation that counts.
    """
    weights = np.ascontiguousarray(weights, np.uint16)
    wanted = [setup for setup, row in enumerate(names) if metrics is None or set(row) & set(metrics)]
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        found = pool.map(lambda setup: recalls(outcomes, setup, n_categories, len(names[0]), weights), wanted)
        return {
            name: log_average(recall[:, t])
            for setup, recall in zip(wanted, found, strict=True)
            for t, name in enumerate(names[setup])
            if metrics is None or name in metrics
        }


def _truth(matches: Matches, category: int, setup: int) -> Int:
    """How many annotations of a category count in every image, int64 (images,)."""
    images = np.repeat(np.arange(matches.n_images), np.diff(matches.truth_offsets))
    here = matches.truth_category == category
    return np.bincount(
        images[here], weights=matches.truth_count[here, setup], minlength=matches.n_images
    ).astype(np.int64)  # fmt: skip


def _blocks(image: NDArray[np.int32], score: Float) -> NDArray[np.int32]:
    """For the first detection of each run of one image and one score the run's length, else 1."""
    block = np.ones(len(image), np.int32)
    new = np.ones(len(image), np.bool_)
    new[1:] = (image[1:] != image[:-1]) | (score[1:] != score[:-1])
    first = np.flatnonzero(new)
    block[first] = np.diff(np.concatenate([first, [len(image)]]))
    return block


def _log(x: Float) -> Float:
    """Natural logarithms with the same digits everywhere: see native/fixed_log.c."""
    logs = np.empty(x.shape)
    _LOG(x.size, np.ascontiguousarray(x), logs)
    return logs


def _exp(x: Float) -> Float:
    """Exponentials with the same digits everywhere, NaN of NaN."""
    powers = np.empty(x.shape)
    _EXP(x.size, np.ascontiguousarray(x), powers)
    return powers
