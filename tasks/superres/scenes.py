"""Generated pictures, rich in edges and texture, drawn by integer arithmetic alone.

A picture is a background and shapes with patterns, painted on a canvas three times as fine and averaged, so that edges
are smooth as a camera's are. Every number comes from the raw output of PCG64, whose stream NumPy keeps, so that all
machines and versions draw the same pixels.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FINE = 3
"""Canvas pixels a picture pixel, along each axis."""
DIRECTIONS = ((8, 0), (8, 1), (7, 3), (6, 4), (5, 6), (4, 7), (2, 8), (0, 8), (-2, 8), (-4, 7), (-6, 5), (-7, 3))
"""Whole-number directions of about the same length, all round."""


class Canvas:
    """What is painted on: `pixels` int64 ``(rows, columns, 3)``, and the coordinates `y`, `x` of its pixels."""

    def __init__(self, height: int, width: int) -> None:
        self.rows, self.columns = height * FINE, width * FINE
        self.pixels: Ints = np.zeros((self.rows, self.columns, 3), np.int64)
        self.y: Ints = np.arange(self.rows, dtype=np.int64)[:, None]
        self.x: Ints = np.arange(self.columns, dtype=np.int64)[None, :]

    def picture(self) -> NDArray[np.uint8]:
        """The painting averaged down to uint8 ``(height, width, 3)``, rounded half-up."""
        blocks = self.pixels.reshape(self.rows // FINE, FINE, self.columns // FINE, FINE, 3)
        means: Ints = (blocks.sum(axis=(1, 3)) + FINE**2 // 2) // FINE**2
        return means.astype(np.uint8)


def _direction(stream: RawStream) -> tuple[int, int]:
    return DIRECTIONS[stream.below(len(DIRECTIONS))]


# -- patterns: whole numbers 0 .. 256 on the canvas, how much of the second colour a pixel has ------------------------
def flat(stream: RawStream, canvas: Canvas) -> Ints:
    """One colour."""
    return np.zeros((canvas.rows, canvas.columns), np.int64)


def gradient(stream: RawStream, canvas: Canvas) -> Ints:
    """From one colour to the other along a direction."""
    a, b = _direction(stream)
    ramp = a * canvas.x + b * canvas.y
    low, high = int(ramp.min()), int(ramp.max())
    shade: Ints = (ramp - low) * 256 // max(high - low, 1)
    return shade


def stripes(stream: RawStream, canvas: Canvas) -> Ints:
    """Parallel stripes, 4 to 16 picture pixels wide."""
    a, b = _direction(stream)
    width = 8 * FINE * stream.between(4, 16)
    return (a * canvas.x + b * canvas.y) // width % 2 * 256


def checks(stream: RawStream, canvas: Canvas) -> Ints:
    """A chequered pattern, upright or turned."""
    a, b = _direction(stream)
    side = 8 * FINE * stream.between(6, 18)
    along, across = (a * canvas.x + b * canvas.y) // side, (a * canvas.y - b * canvas.x) // side
    return (along + across) % 2 * 256


def zones(stream: RawStream, canvas: Canvas) -> Ints:
    """Rings round a point, narrower outwards."""
    y, x = canvas.y - stream.below(canvas.rows), canvas.x - stream.below(canvas.columns)
    return (x * x + y * y) // (FINE**2 * stream.between(400, 1600)) % 2 * 256


def clouds(stream: RawStream, canvas: Canvas) -> Ints:
    """Smooth noise: random values on a lattice, interpolated bilinearly."""
    cell = FINE * stream.between(3, 16)
    lattice = stream.array((canvas.rows // cell + 2, canvas.columns // cell + 2), 257)
    return between_points(lattice, cell, canvas.rows, canvas.columns)


def writing(stream: RawStream, canvas: Canvas) -> Ints:
    """Lines of signs like letters: random dots on a grid of five by seven, with gaps between signs and lines."""
    dot = FINE * stream.between(3, 5)
    y, x = canvas.y // dot, canvas.x // dot
    dots = stream.array((canvas.rows // dot + 1, canvas.columns // dot + 1), 2)
    inside: Ints = ((y % 10 < 7) & (x % 6 < 5)).astype(np.int64)
    return dots[y, x] * inside * 256


Pattern = Callable[[RawStream, Canvas], Ints]
PATTERNS: tuple[Pattern, ...] = (flat, flat, gradient, stripes, checks, zones, clouds, writing)


# -- shapes: where the pattern is painted ------------------------------------------------------------------------------
def _centre(stream: RawStream, canvas: Canvas) -> tuple[Ints, Ints]:
    return canvas.y - stream.below(canvas.rows), canvas.x - stream.below(canvas.columns)


def disc(stream: RawStream, canvas: Canvas) -> Mask:
    """A disc or a ring."""
    y, x = _centre(stream, canvas)
    radius = FINE * stream.between(6, 40)
    hole = radius * stream.below(4) // 4
    distance = x * x + y * y
    return (distance < radius**2) & (distance >= hole**2)


def box(stream: RawStream, canvas: Canvas) -> Mask:
    """A turned rectangle; thin ones are lines."""
    y, x = _centre(stream, canvas)
    a, b = _direction(stream)
    length, breadth = 8 * FINE * stream.between(8, 50), 8 * FINE * stream.between(1, 24)
    inside: Mask = (np.abs(a * x + b * y) < length) & (np.abs(a * y - b * x) < breadth)
    return inside


def wedge(stream: RawStream, canvas: Canvas) -> Mask:
    """What lies between two directions from a point: a corner of any angle."""
    y, x = _centre(stream, canvas)
    first, second = _direction(stream), _direction(stream)
    return (first[0] * x + first[1] * y > 0) & (second[0] * y - second[1] * x > 0)


SHAPES: tuple[Callable[[RawStream, Canvas], Mask], ...] = (disc, box, box, wedge)


def _colour(stream: RawStream) -> Ints:
    """A colour, mostly grey: photographs' channels go together too."""
    return (stream.array((3,), 256) + 2 * stream.below(256)) // 3


def _paint(stream: RawStream, canvas: Canvas, where: Mask) -> None:
    first, second = _colour(stream), _colour(stream)
    share = PATTERNS[stream.below(len(PATTERNS))](stream, canvas)[where][:, None]
    canvas.pixels[where] = (first * (256 - share) + second * share) // 256


def draw(height: int, width: int, *seed: int) -> NDArray[np.uint8]:
    """The picture of `seed`, uint8 RGB ``(height, width, 3)``."""
    stream, canvas = RawStream(*seed), Canvas(height, width)
    _paint(stream, canvas, np.ones((canvas.rows, canvas.columns), np.bool_))
    for _ in range(stream.between(6, 14)):
        shape = SHAPES[stream.below(len(SHAPES))](stream, canvas)
        _paint(stream, canvas, shape)
    return canvas.picture()
