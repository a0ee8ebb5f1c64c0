"""Local maxima of a map, and the suppression of boxes that overlap better ones."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]


def local_maxima(values: Float) -> tuple[Int, Int]:
    """Rows and columns of the cells above 0 that none of their eight neighbours exceeds."""
    framed = np.pad(values, 1, constant_values=-np.inf)
    height, width = values.shape
    highest = values > 0
    for down in range(3):
        for across in range(3):
            highest &= values >= framed[down : down + height, across : across + width]
    rows, columns = np.nonzero(highest)
    return rows, columns


def suppressed(boxes: Float, scores: Float, overlap: float, most: int) -> Int:
    """The best boxes, `boxes` xyxy, in order, at most `most`.

    None shares more than `overlap` of the smaller one's area with a better one: neither a second answer for one blob nor a
    part of a blob is an answer.
    """
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while len(order) and len(kept) < most:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(boxes[order, :2], boxes[best, :2])
        high = np.minimum(boxes[order, 2:], boxes[best, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        order = order[shared <= overlap * np.minimum(areas[order], areas[best])]
    return np.array(kept, np.int64)
