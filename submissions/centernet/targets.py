"""What the network is trained towards: bumps at corners and centres, their cells, and offsets inside the cells.

Source: github.com/Duankaiwen/CenterNet, sample/coco.py and sample/utils.py (constants), arXiv 1808.01244 section 3.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
_MIN_OVERLAP = 0.7
_CORNER_SIGMAS, _CENTRE_SIGMAS = 6.0, 5.0  # a bump's diameter, counted in its standard deviations
_POINTS = 3  # top-left, bottom-right, centre


@dataclass(frozen=True)
class Targets:
    """Targets of one image. Points are top-left, bottom-right, centre; `n` is the most objects an image may have."""

    heats: FloatArray  #: (3, classes, h, w), 1 at the points
    cells: NDArray[np.int64]  #: (3, n): row * w + column
    offsets: FloatArray  #: (3, n, 2): x, y inside the cell
    mask: NDArray[np.bool_]  #: (n,): which of the n are objects


def make_targets(
    boxes_xyxy: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    classes: int,
    cells: tuple[int, int],
    ratio: tuple[float, float],
    most: int,
) -> Targets:
    """Targets of boxes (k, 4), in input pixels, with labels (k,); `ratio` is cells a pixel along height and width."""
    heats = np.zeros((_POINTS, classes, *cells), dtype=np.float32)
    indices = np.zeros((_POINTS, most), dtype=np.int64)
    offsets = np.zeros((_POINTS, most, 2), dtype=np.float32)
    mask = np.arange(most) < len(boxes_xyxy)
    for number, (box, label) in enumerate(zip(boxes_xyxy[:most], labels, strict=False)):
        left, top, right, bottom = box
        size = math.ceil((bottom - top) * ratio[0]), math.ceil((right - left) * ratio[1])
        radius = max(0, int(gaussian_radius(size, _MIN_OVERLAP)))
        points = ((left, top), (right, bottom), ((left + right) / 2, (top + bottom) / 2))
        for point, (x, y) in enumerate(points):
            exact = np.array([x * ratio[1], y * ratio[0]])
            column, row = (int(value) for value in exact)
            sigmas = _CENTRE_SIGMAS if point == 2 else _CORNER_SIGMAS
            draw_gaussian(heats[point, label], row, column, radius, sigmas)
            indices[point, number] = row * cells[1] + column
            offsets[point, number] = exact - (column, row)
    return Targets(heats, indices, offsets, mask)


def draw_gaussian(heat: FloatArray, row: int, column: int, radius: int, sigmas: float) -> None:
    """Raise `heat` (h, w), in place, to a bump of value 1 at the point that ends at `radius`."""
    sigma = (2 * radius + 1) / sigmas
    rows = slice(max(0, row - radius), row + radius + 1)
    columns = slice(max(0, column - radius), column + radius + 1)
    window = heat[rows, columns]
    dy = np.arange(window.shape[0])[:, None] + rows.start - row
    dx = np.arange(window.shape[1])[None, :] + columns.start - column
    bump = np.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
    np.maximum(window, bump.astype(np.float32), out=window)


def gaussian_radius(size: tuple[int, int], overlap: float) -> float:
    """How far corners may be off for the box to keep about `overlap` IoU; `size` is (height, width) in cells.

    The three cases are quadratics a r^2 + b r + c = 0. Their roots are taken as (b + sqrt(b^2 - 4 a c)) / 2 in the
    official code, without the division by a; the published networks were trained with that, and so is ours.
    """
    height, width = size
    around, area = height + width, height * width
    cases = (
        (1.0, around, area * (1 - overlap) / (1 + overlap)),
        (4.0, 2 * around, (1 - overlap) * area),
        (4 * overlap, -2 * overlap * around, (overlap - 1) * area),
    )
    return min((b + math.sqrt(b * b - 4 * a * c)) / 2 for a, b, c in cases)
