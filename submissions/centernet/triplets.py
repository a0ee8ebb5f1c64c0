"""Triplets: a box stands only if a centre of its class lies in its central region (arXiv 1904.08189, section 4.1).

Source of the rules: github.com/Duankaiwen/CenterNet, test/coco.py.
"""

import numpy as np
from numpy.typing import NDArray

from submissions.centernet.decode import REJECTED
from submissions.centernet.preprocess import Geometry

FloatArray = NDArray[np.float32]

_LARGE_AREA = 22500.0  # 150 x 150 pixels: above it the central region is a fifth of each side, else a third
_MARGIN = 5.0  # boxes that reach this far out of the image are no boxes


def to_image(
    pairs: FloatArray, centres: FloatArray, geometry: Geometry, *, mirrored: bool
) -> tuple[FloatArray, FloatArray]:
    """Cells -> pixels of the original image, on copies. Pairs (m, 8) and centres (k, 4) are as `decode` gives them."""
    pairs, centres = pairs.copy(), centres.copy()
    if mirrored:
        width = geometry.cells[1]
        pairs[:, [0, 2]] = width - pairs[:, [2, 0]]
        centres[:, 0] = width - centres[:, 0]
    (row_ratio, column_ratio), (top, left) = geometry.ratio, geometry.border
    height, width = geometry.resized
    for points, columns, rows in ((pairs, [0, 2], [1, 3]), (centres, [0], [1])):
        points[:, columns] = points[:, columns] / np.float32(column_ratio) - np.float32(left)
        points[:, rows] = points[:, rows] / np.float32(row_ratio) - np.float32(top)
    outside = (
        (pairs[:, 0] <= -_MARGIN)
        | (pairs[:, 1] <= -_MARGIN)
        | (pairs[:, 2] >= width + _MARGIN)
        | (pairs[:, 3] >= height + _MARGIN)
    )
    pairs[outside, 4] = REJECTED
    for points, columns, rows in ((pairs, [0, 2], [1, 3]), (centres, [0], [1])):
        points[:, columns] = np.clip(points[:, columns], 0, width) / np.float32(geometry.scale)
        points[:, rows] = np.clip(points[:, rows], 0, height) / np.float32(geometry.scale)
    return pairs, centres


def keep_triplets(pairs: FloatArray, centres: FloatArray) -> FloatArray:
    """Drop pairs without a centre; the others score (2 * corners + centre) / 3. Best first; pairs (m, 8) -> (n, 8).

    Of several centres in a region the first of the list counts, which is the best of its view.
    """
    pairs = pairs[pairs[:, 4] > REJECTED]
    area = (pairs[:, 2] - pairs[:, 0]) * (pairs[:, 3] - pairs[:, 1])
    large = area > _LARGE_AREA
    # the official code lists large boxes first, which decides between equal scores
    scored = np.concatenate([_with_centre(pairs[large], centres, 5), _with_centre(pairs[~large], centres, 3)])
    ordered: FloatArray = scored[np.argsort(-scored[:, 4], kind="stable")]
    return ordered


def _with_centre(pairs: FloatArray, centres: FloatArray, parts: int) -> FloatArray:
    low, high = central_region(pairs[:, :4], parts)
    points = centres[:, None, :2]
    inside = ((points > low) & (points < high)).all(2) & (centres[:, None, 2] == pairs[:, 7])
    found = inside.any(0)
    kept: FloatArray = pairs[found]
    if len(kept):
        kept[:, 4] = (kept[:, 4] * 2 + centres[inside[:, found].argmax(0), 3]) / 3
    return kept


def central_region(boxes: FloatArray, parts: int) -> tuple[FloatArray, FloatArray]:
    """The middle one of `parts` (3 or 5) equal parts of every box (m, 4): corners low (m, 2) and high (m, 2)."""
    near, far = (parts + 1) // 2, (parts - 1) // 2
    first, second = boxes[:, :2], boxes[:, 2:4]
    low = np.divide(near * first + far * second, parts, dtype=np.float32)
    high = np.divide(far * first + near * second, parts, dtype=np.float32)
    return low, high
