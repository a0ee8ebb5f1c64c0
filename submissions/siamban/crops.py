"""Square crops around the target, padded with the frame's mean colour."""

from math import floor

import numpy as np
from numpy.typing import NDArray

from submissions.centernet.resize import resize_bilinear

Image = NDArray[np.uint8]
Float = NDArray[np.float64]


def start(region: Float) -> tuple[Float, Float]:
    """Centre and size, each (2,), of the upright box of a region: (4,) x, y, width, height; (8,) four corners.

    Of four corners: their mean, and their own bounds shrunk to the area that their sides span, plus one pixel. Source:
    pysot/utils/bbox.py (get_axis_aligned_bbox) and tools/test.py of the authors' repository.
    """
    if len(region) == 4:
        return region[:2] + region[2:] / 2, region[2:].copy()
    corners = region.reshape(4, 2)
    sides = np.linalg.norm(np.diff(corners[:3], axis=0), axis=1)
    extent = np.ptp(corners, axis=0)
    area = float(extent.prod())
    scale = np.sqrt(sides.prod() / area) if area > 0 else 0.0
    return corners.mean(axis=0), scale * extent + 1


def crop(frame: Image, center: Float, side: int, size: int, color: Float) -> Image:
    """The square of `side` pixels around `center` (x, y), resized to `size`: uint8 (size, size, 3).

    What lies outside of the frame has `color`, (3,), its decimals cut off.
    """
    height, width = frame.shape[:2]
    left, top = (floor(middle - (side + 1) / 2 + 0.5) for middle in center.tolist())
    patch = np.empty((side, side, 3), np.uint8)
    patch[:] = color.astype(np.uint8)
    rows, columns = _common(top, side, height), _common(left, side, width)
    inside = frame[rows.start : rows.stop, columns.start : columns.stop]
    patch[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = inside
    return resize_bilinear(patch, (size, size))


def _common(low: int, side: int, most: int) -> range:
    """The part of a side that lies in the frame."""
    first = min(max(low, 0), most)
    return range(first, max(first, min(low + side, most)))
