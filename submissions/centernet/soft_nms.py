"""Soft non-maximum suppression of one class, in place, with the official code's order of work and its two quirks.

Source: github.com/Duankaiwen/CenterNet, external/nms.pyx, which is princeton-vl/CornerNet's; arXiv 1704.04503. All
steps are rounded to float32. What looks wrong here and is official:

* The callers ignore which rows are kept and take them all. A suppressed row is overwritten by the last one, whose own
  place keeps its copy with the score that it had then: such copies are part of the answer.
* With merging, rows are swapped without the two corner scores, which stay where they were.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
METHODS = ("hard", "linear", "gaussian")
_SIGMA = np.float32(0.5)
_LOWEST = np.float32(0.001)  # rows that overlap and fall below it are dropped
_ONE = np.float32(1.0)


class _Visits(NamedTuple):
    """In which order the rows after the current one are met: row `source`, by then lying at row `place`."""

    source: NDArray[np.int64]
    place: NDArray[np.int64]
    left: int  # rows that remain after the current one


def soft_nms(
    rows: FloatArray, *, method: str = "gaussian", overlap: float = 0.5, merge_exponent: float | None = None
) -> None:
    """Decay scores of `rows`, float32 (n, 5) or with merging (n, 7), in place.

    Columns: left, top, right, bottom, score, and for merging top-left and bottom-right score. `method` is one of
    METHODS; `overlap` is the IoU above which `hard` and `linear` act. With `merge_exponent` each box becomes the mean
    of itself and those that it suppresses, weighted by corner score and (1 - decay) ** merge_exponent. IoU counts
    pixels: widths + 1.
    """
    active = len(rows)
    for index in range(len(rows)):  # over dropped rows too, as the official loop: merging rounds them once more
        end = max(active, index + 1)
        _bring_best(rows, index, end)
        iou = _iou(rows[index], rows[index + 1 : end])
        decay = _decay(iou, method, np.float32(overlap))
        scores = np.where(iou > 0, decay * rows[index + 1 : end, 4], rows[index + 1 : end, 4])
        visits = _visits((iou > 0) & (scores < _LOWEST), index + 1)
        corners = rows[index, :4]
        if merge_exponent is not None:
            corners = _merged(rows, index, visits, iou, decay, merge_exponent)
        _settle(rows, visits, scores, index + 1)
        rows[index, :4] = corners
        active = min(active, index + 1 + visits.left)


def _bring_best(rows: FloatArray, index: int, active: int) -> None:
    best = index + int(rows[index:active, 4].argmax())
    rows[[index, best], :5] = rows[[best, index], :5]


def _iou(box: FloatArray, others: FloatArray) -> FloatArray:
    width = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0]) + _ONE
    height = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1]) + _ONE
    shared = width * height
    # areas are double products of float32 differences: a 1 in the official source is a double constant when compiled
    areas = _area(others).astype(np.float32).astype(np.float64)
    union = (_area(box) + areas - shared.astype(np.float64)).astype(np.float32)
    return np.where((width > 0) & (height > 0), shared / union, np.float32(0.0))


def _area(boxes: FloatArray) -> NDArray[np.float64]:
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    area: NDArray[np.float64] = (width.astype(np.float64) + 1.0) * (height.astype(np.float64) + 1.0)
    return area


def _decay(iou: FloatArray, method: str, overlap: np.float32) -> FloatArray:
    if method == "gaussian":
        return np.exp((-(iou * iou) / _SIGMA).astype(np.float64)).astype(np.float32)
    above = _ONE - iou if method == "linear" else np.zeros_like(iou)
    return np.where(iou > overlap, above, _ONE)


def _visits(dropped: NDArray[np.bool_], first: int) -> _Visits:
    """Walk over the rows: the last one moves into the place of a dropped one and is met next, as officially."""
    order = list(range(len(dropped)))
    if not dropped.any():
        rows = np.arange(len(dropped), dtype=np.int64)
        return _Visits(rows + first, rows + first, len(rows))
    sources, places = [], []
    place, left = 0, len(order)
    while place < left:
        sources.append(order[place])
        places.append(place)
        if dropped[order[place]]:
            left -= 1
            order[place] = order[left]
        else:
            place += 1
    return _Visits(np.array(sources, dtype=np.int64) + first, np.array(places, dtype=np.int64) + first, left)


def _settle(rows: FloatArray, visits: _Visits, scores: FloatArray, first: int) -> None:
    """Leave every place as the official loop does: a row's new score, or what was copied over a dropped row."""
    if visits.left == len(scores):  # nothing was dropped, so nothing moved
        rows[first : first + len(scores), 4] = scores
        return
    before = rows[:, :5].copy()
    for source, place in zip(visits.source, visits.place, strict=True):
        rows[place, :4] = before[source, :4]
        rows[place, 4] = scores[source - first]


def _merged(
    rows: FloatArray, index: int, visits: _Visits, iou: FloatArray, decay: FloatArray, exponent: float
) -> FloatArray:
    """The box at `index` averaged with those that it suppresses, in the order of the visits."""
    at = visits.source - index - 1
    # a double power, rounded: NumPy's float32 power differs between machines
    share = np.where(iou[at] > 0, (_ONE - decay[at]).astype(np.float64) ** exponent, 0.0).astype(np.float32)
    corners = np.empty(4, dtype=np.float32)
    for column in range(4):
        score = 5 + column // 2
        weights = np.concatenate([rows[[index], score], rows[visits.place, score]])
        boxes = np.concatenate([rows[[index], column], rows[visits.source, column]])
        shares = np.concatenate([[_ONE], share], dtype=np.float32)
        total = np.cumsum(weights * shares)[-1]
        # two corners of score 0 can only meet on a tiny image; the official code divides by zero there
        corners[column] = np.cumsum(boxes * weights * shares)[-1] / total if total > 0 else boxes[0]
    return corners
