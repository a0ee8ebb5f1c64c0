"""Bilinear resizing of 8-bit images in OpenCV's fixed-point arithmetic, so that multi-scale tests see the same pixels.

Rule (opencv, modules/imgproc/src/resize.cpp, INTER_LINEAR on 8-bit data): pixel centres are aligned, weights rounded to
1/2048, the horizontal pass is exact, the vertical pass drops 4 bits, then 16, and rounds the last 2.
"""

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
_ONE = 2048


def resize_bilinear(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize uint8 (h, w, c) to `size` = (height, width); the same size gives the same pixels."""
    if image.shape[:2] == size:
        return np.ascontiguousarray(image)
    upper, lower, top_weight, bottom_weight = _taps(image.shape[0], size[0], clamp=False)
    left, right, left_weight, right_weight = _taps(image.shape[1], size[1], clamp=True)
    wide = image.astype(np.int64)
    lines = wide[:, left] * left_weight[None, :, None] + wide[:, right] * right_weight[None, :, None]
    above = ((lines[upper] >> 4) * top_weight[:, None, None]) >> 16
    below = ((lines[lower] >> 4) * bottom_weight[:, None, None]) >> 16
    return ((above + below + 2) >> 2).astype(np.uint8)


def _taps(source: int, target: int, *, clamp: bool) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """For every target index the two source indices and their weights, which sum to 2048."""
    step = 1.0 / (target / source)  # OpenCV inverts the ratio twice, which can move the last bit
    centre = ((np.arange(target) + 0.5) * step - 0.5).astype(np.float32)
    first = np.floor(centre).astype(np.int64)
    fraction = centre - first.astype(np.float32)
    if clamp:  # columns past the border take one pixel with full weight; rows mix the same row with itself
        fraction[(first < 0) | (first >= source - 1)] = 0.0
    rest = np.rint((np.float32(1.0) - fraction) * np.float32(_ONE)).astype(np.int64)
    weight = np.rint(fraction * np.float32(_ONE)).astype(np.int64)
    return np.clip(first, 0, source - 1), np.clip(first + 1, 0, source - 1), rest, weight
