"""Shapes drawn with integers alone: outlines in quarter pixels, filled by an exact even-odd test at pixel centres."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream

IntArray = NDArray[np.int64]

UNITS = 4  #: coordinates are whole numbers of 1/4 pixel
_ONE = 1024  # fixed-point 1.0
_QUADRANT = ((1024, 0), (989, 265), (887, 512), (724, 724), (512, 887), (265, 989))  # 1024 (cos, sin) of 0, 15, ... 75
_STAR = (  # five points; outer radius 1024, inner 430
    (0, -1024), (253, -348), (974, -316), (409, 133), (602, 828),
    (0, 430), (-602, 828), (-409, 133), (-974, -316), (-253, -348),
)  # fmt: skip
_CROSS = (
    (-300, -950), (300, -950), (300, -300), (950, -300), (950, 300), (300, 300),
    (300, 950), (-300, 950), (-300, 300), (-950, 300), (-950, -300), (-300, -300),
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """`outline` and, for two-coloured shapes, `inner`: int64 (n, 2) vertices x, y in quarter pixels."""

    outline: IntArray
    inner: IntArray


def _directions() -> IntArray:
    """(24, 2) int64: 1024 times cosine and sine of 0, 15, ... 345 degrees."""
    points = list(_QUADRANT)
    for _ in range(3):
        points += [(-y, x) for x, y in points[-6:]]
    return np.array(points, dtype=np.int64)


_DIRECTIONS = _directions()
_TEMPLATES: dict[str, IntArray] = {
    "disc": _DIRECTIONS,
    "target": _DIRECTIONS,
    "square": _DIRECTIONS[[3, 9, 15, 21]] * 5 // 4,
    "triangle": _DIRECTIONS[[6, 14, 22]],
    "cross": np.array(_CROSS, dtype=np.int64),
    "star": np.array(_STAR, dtype=np.int64),
}


def place(stream: RawStream, name: str, size: int, height: int, width: int, *, upright: bool) -> Shape | None:
    """A shape of about `size` pixels, stretched, turned, placed wholly inside height x width; None if too big."""
    template = _TEMPLATES[name]
    stretch = np.array([16, 16] if upright else [10 + stream.below(7), 10 + stream.below(7)], dtype=np.int64)
    turn = 0 if upright else stream.below(24)
    cosine, sine = int(_DIRECTIONS[turn, 0]), int(_DIRECTIONS[turn, 1])
    x, y = (template * stretch).T
    turned = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1)
    # template (1024) * stretch (16) * rotation (1024) -> quarter pixels; adding half a unit rounds to nearest
    unit = 2 * 16 * _ONE * _ONE
    outline = (turned * (size * UNITS) + unit // 2) // unit
    low, high = outline.min(axis=0), outline.max(axis=0)
    free_x, free_y = width * UNITS - int(high[0] - low[0]), height * UNITS - int(high[1] - low[1])
    if free_x < 0 or free_y < 0:
        return None
    outline = outline - low + np.array([stream.below(free_x + 1), stream.below(free_y + 1)])
    centre = (outline.min(axis=0) + outline.max(axis=0)) // 2
    return Shape(outline, (outline + centre) // 2)


def fill(outline: IntArray, height: int, width: int) -> NDArray[np.bool_]:
    """Pixels whose centre lies inside the outline (even-odd rule): bool (height, width)."""
    px = (np.arange(width, dtype=np.int64) * UNITS + UNITS // 2)[None, :]
    py = (np.arange(height, dtype=np.int64) * UNITS + UNITS // 2)[:, None]
    inside = np.zeros((height, width), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        straddles = (y0 > py) != (y1 > py)
        side = (x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)
        inside ^= straddles & ((side > 0) if y1 > y0 else (side < 0))
    return inside


def shoelace_area(outline: IntArray) -> float:
    """Area of the polygon in square pixels; a multiple of 1/32, hence exact."""
    x, y = outline.T
    doubled = int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    return abs(doubled) / (2 * UNITS * UNITS)
