"""Average precision as Pascal VOC defines it, twice: at eleven recalls, and as the area under the envelope.

Source: Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 2010, section 4.2; VOC2010 devkit, section
3.4.1; in Python `voc_ap` of rbgirshick/py-faster-rcnn, lib/datasets/voc_eval.py. The order of the additions is that
function's: it decides the last digit. WIDER FACE takes the area as well.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

RECALLS: Final[tuple[float, ...]] = tuple(np.arange(0.0, 1.1, 0.1).tolist())
"""The eleven recalls; the fourth is 0.30000000000000004, and so it is read."""


def envelope(precision: Float) -> Float:
    """The highest precision at this or any later point, float64 (n,)."""
    highest: Float = np.maximum.accumulate(precision[::-1])[::-1]
    return highest


def interpolated(recall: Float, precision: Float) -> Float:
    """The highest precision where recall is at least each of `RECALLS`, 0 where it never is: float64 (11,).

    `recall` and `precision` are float64 (n,), by descending score; recall never falls.
    """
    first = np.searchsorted(recall, RECALLS, side="left")
    return np.append(envelope(precision), 0.0)[first]


def eleven_point(recall: Float, precision: Float) -> float:
    """Average precision of VOC2007: the mean of the interpolated precision at eleven recalls.

    `recall` and `precision` are float64 (n,), by descending score, n = 0 allowed; recall never falls.
    """
    total = 0.0
    for value in interpolated(recall, precision).tolist():
        total = total + value / 11.0
    return total


def area(recall: Float, precision: Float) -> float:
    """Average precision since VOC2010: the area under the envelope of precision.

    `recall` and `precision` are float64 (n,), in the order of their points, n = 0 allowed.
    """
    mrec = np.concatenate([[0.0], recall, [1.0]])
    mpre = envelope(np.concatenate([[0.0], precision, [0.0]]))
    steps = np.flatnonzero(mrec[1:] != mrec[:-1])
    return float(np.sum((mrec[steps + 1] - mrec[steps]) * mpre[steps + 1]))
