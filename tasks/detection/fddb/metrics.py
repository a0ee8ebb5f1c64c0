"""FDDB's numbers: for every image what its detections amount to at each of their scores; rates at numbers of false positives.

Source: V. Jain and E. Learned-Miller, FDDB: A Benchmark for Face Detection in Unconstrained Settings, UM-CS-2010-009, and
its evaluation code (Matching.cpp, Results.cpp).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.fddb.regions import SINES, Float, Int

RECTANGLES: Final = 0
ELLIPSES: Final = 1
_MATCH: Final = Kernel(
    "fddb_match", "float32[]", "int64", "int64[]", "int64[]", "int64[]", "int64", "int64[]", "int64[]", "float64[]",
    "int64[]", "int64[]", "float64[]", "int32[]", "int32[]", "float64[]",
)  # fmt: skip
_REPLICATE: Final = Kernel(
    "fddb_replicate", "int64", "int64", "uint16[]", "int64", "int64[]", "int64[]", "int32[]", "int32[]", "float64[]",
    "int64", "int64", "int32[]", "int32[]", "int32[]", "int64[]", "int32[]", "int64[]", "int64[]", "float64[]", "uint8[]",
)  # fmt: skip
_CURVE: Final = Kernel(
    "fddb_curve", "int64", "int64", "int32[]", "int32[]", "float64[]", "int64", "float64[]"
)  # fmt: skip
Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regions:
    """Regions of all images, one image after the other, as `regions` makes them of files."""

    offsets: Int
    """(images + 1,)"""
    numbers: Int
    """(n, 5)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """For every image, what the detections down to each of its scores amount to, from the highest score to the lowest."""

    offsets: Int
    """(images + 1,)"""
    scores: Float
    false_positives: Int32
    """Detections kept that are paired with no face at an IoU above 0.5."""
    hits: Int32
    """Pairs with an IoU above 0.5."""
    iou_sums: Float
    """The sum of the IoUs of all pairs."""
    faces: Int32
    """(images,)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What stands at each limit of false positives, of `B` resamples and `L` limits."""

    faces: Int
    """(B,)"""
    hits: Int
    """(B, L)"""
    iou_sums: Float
    """(B, L)"""
    reached: NDArray[np.bool_]
    """(B, L): whether the curve has that many false positives anywhere."""

    def discrete(self) -> Float:
        """True-positive rates, float64 (B, L); NaN where the curve does not reach the limit or there is no face."""
        return self._rate(self.hits)

    def continuous(self) -> Float:
        """The same with IoUs counted instead of hits."""
        return self._rate(self.iou_sums)

    def _rate(self, values: Float | Int) -> Float:
        valid = self.reached & (self.faces > 0)[:, None]
        rates: Float = np.where(valid, values / np.maximum(self.faces, 1)[:, None], np.nan)
        return rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Roc:
    """The points of both curves, one for each score of the data set, from the highest to the lowest."""

    scores: Float
    false_positives: Int
    hits: Int
    iou_sums: Float


def match(sizes: Int, faces: Regions, detections: Regions, scores: Float, kind: int) -> Steps:
    """Pair detections and faces of every image at each of its scores, so that the sum of IoUs is the largest.

    `sizes` is int64 (images, 2), width first; `faces` are ellipses, detections of `kind` RECTANGLES or ELLIPSES; `scores`
    float64 (n,). IoUs are those of pixels inside the image.
    """
    n_images, n = len(sizes), len(scores)
    image = np.repeat(np.arange(n_images), np.diff(detections.offsets))
    order = np.lexsort((-scores, image)) - detections.offsets[image]
    counts, step_scores, iou_sums = np.empty(n_images, np.int64), np.empty(n), np.empty(n)
    false_positives, hits = np.empty(n, np.int32), np.empty(n, np.int32)
    total = _MATCH(
        SINES, n_images, sizes, faces.offsets, faces.numbers, kind, detections.offsets, detections.numbers, scores,
        order, counts, step_scores, false_positives, hits, iou_sums,
    )  # fmt: skip
    return Steps(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        scores=step_scores[:total].copy(),
        false_positives=false_positives[:total].copy(),
        hits=hits[:total].copy(),
        iou_sums=iou_sums[:total].copy(),
        faces=np.diff(faces.offsets).astype(np.int32),
    )


def roc(steps: Steps) -> Roc:
    """Both curves over all images; IoUs are added image after image, as FDDB's code merges them."""
    scores, place = _places(steps)
    image, order = _images(steps), np.argsort(place, kind="stable")
    iou_sums = np.empty(len(scores))
    _CURVE(len(steps.faces), len(order), place[order], image[order], steps.iou_sums[order], len(scores), iou_sums)
    return Roc(
        scores=scores,
        false_positives=_totals(steps, steps.false_positives, place, len(scores)),
        hits=_totals(steps, steps.hits, place, len(scores)),
        iou_sums=iou_sums,
    )


def rates(steps: Steps, weights: NDArray[np.uint16], limits: tuple[int, ...]) -> Rates:
    """The last point of the curves that has at most each limit's false positives, limits ascending.

    `weights` is uint16 (B, images): an image counts as that many images side by side.
    """
    scores, place = _places(steps)
    image, change = _images(steps), _changes(steps, steps.false_positives)
    rows = np.flatnonzero(change)
    rows = rows[np.argsort(place[rows], kind="stable")]
    fall = np.zeros(len(rows) + 1, np.int64)
    fall[:-1] = np.cumsum(np.minimum(change[rows], 0)[::-1], dtype=np.int64)[::-1]
    draws, shape = len(weights), (len(weights), len(limits))
    faces, hits, iou_sums = np.empty(draws, np.int64), np.empty(shape, np.int64), np.empty(shape)
    reached = np.empty(shape, np.uint8)
    _REPLICATE(
        draws, len(steps.faces), np.ascontiguousarray(weights, np.uint16), len(limits), np.array(limits, np.int64),
        steps.offsets, place, steps.hits, steps.iou_sums, len(scores), len(rows), place[rows], image[rows], change[rows],
        fall, steps.faces, faces, hits, iou_sums, reached,
    )  # fmt: skip
    return Rates(faces=faces, hits=hits, iou_sums=iou_sums, reached=reached.astype(np.bool_))


def _places(steps: Steps) -> tuple[Float, Int32]:
    """The scores of the data set, descending, and where each step's stands among them."""
    negated, place = np.unique(-steps.scores, return_inverse=True)
    return -negated, place.reshape(-1).astype(np.int32)


def _images(steps: Steps) -> Int32:
    return np.repeat(np.arange(len(steps.faces), dtype=np.int32), np.diff(steps.offsets))


def _changes(steps: Steps, counts: Int32) -> Int32:
    """By how much each step differs from its image's last one, the first one from 0."""
    changes = np.diff(counts, prepend=np.int32(0))
    first = steps.offsets[:-1][np.diff(steps.offsets) > 0]
    changes[first] = counts[first]
    return changes


def _totals(steps: Steps, counts: Int32, place: Int32, n_places: int) -> Int:
    changes = np.bincount(place, weights=_changes(steps, counts), minlength=n_places)
    return np.cumsum(changes).astype(np.int64)


def hits_at(steps: Steps, limit: int) -> Int:
    """Every image's hits where the curves are read at `limit` false positives, or at their end, int64 (images,)."""
    scores, place = _places(steps)
    false_positives = _totals(steps, steps.false_positives, place, len(scores))
    here = np.flatnonzero(false_positives <= limit)
    last = int(here[-1]) if len(here) else -1
    found = np.zeros(len(steps.faces), np.int64)
    kept = np.flatnonzero(place <= last)
    # Steps go down an image's scores, so that its last one that is kept stays.
    found[_images(steps)[kept]] = steps.hits[kept]
    return found
