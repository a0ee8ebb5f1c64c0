"""From the numbers of a file to the pixels that they mean: FDDB's and OpenCV's rounding.

Source: FDDB's evaluation code (EllipsesSingleImage.cpp, EllipseR.cpp, RectangleR.cpp), which draws with OpenCV.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

#: OpenCV's table of sines has seven decimals, in single precision.
SINES: Final = np.array([round(math.sin(math.radians(degree)), 7) for degree in range(91)], np.float32)
_ELLIPSE: Final = Kernel("fddb_ellipse", "float32[]", "int64[]", "int64", "int64", "uint8[]")


def ellipse_numbers(ellipses: Float) -> Int:
    """Ellipses of a file as they are drawn: int64 (n, 5), centre x and y, half axes, whole degrees.

    `ellipses` is float64 (n, 5): major and minor radius, angle in radians, centre x and y. Centres are rounded in single
    precision, half to even; radii are cut off; the angle becomes degrees by two subtractions that leave rounding errors.
    """
    numbers = np.empty((len(ellipses), 5), np.int64)
    numbers[:, :2] = _nearest(ellipses[:, 3:5])
    numbers[:, 2:4] = np.trunc(ellipses[:, :2])
    degrees = (math.pi - ellipses[:, 2]) * 180 / math.pi
    numbers[:, 4] = np.rint(180 - degrees)
    return numbers


def rectangle_numbers(boxes_xywh: Float) -> Int:
    """Rectangles of a file as they are drawn: int64 (n, 5), first and last pixel x0, y0, x1, y1, both inside, and a 0.

    `boxes_xywh` is float64 (n, 4). Corners are rounded in single precision, half to even.
    """
    numbers = np.zeros((len(boxes_xywh), 5), np.int64)
    numbers[:, :2] = _nearest(boxes_xywh[:, :2])
    numbers[:, 2:4] = _nearest(boxes_xywh[:, :2] + boxes_xywh[:, 2:])
    return numbers


def ellipse_mask(numbers: Int, width: int, height: int) -> NDArray[np.bool_]:
    """The pixels of an image that one row of `ellipse_numbers` covers, bool (height, width)."""
    pixels = np.zeros((height, width), np.uint8)
    _ELLIPSE(SINES, np.ascontiguousarray(numbers, np.int64), width, height, pixels)
    return pixels.view(np.bool_)


def _nearest(values: Float) -> Int:
    return np.rint(values.astype(np.float32)).astype(np.int64)
