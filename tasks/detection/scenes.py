"""The scenes of the generated samples: simple shapes on textured backgrounds, with all that is known of them.

Images of 128 to 160 pixels a side, six categories, small, medium and large objects, overlaps and a few crowd regions.
Every pixel and every number is made by integer arithmetic from the raw output of PCG64, so that all machines and
library versions make the same data set.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points
from tasks.detection.shapes import UNITS, IntArray, Shape, fill, place, shoelace_area

CATEGORIES = ("disc", "square", "triangle", "cross", "star", "target")
#: Category ids have gaps, as COCO's own do: whoever takes a label for an id is found out.
CATEGORY_IDS = (1, 2, 3, 5, 8, 13)
SAMPLE_SEED = 20190418
SAMPLE_COUNT = 60
_LARGE_CATEGORIES = (0, 1, 5)
_MIN_VISIBLE_PERCENT = 65


@dataclass(frozen=True)
class Object:
    """One annotated object; boxes and polygons in pixels, multiples of 1/4, so they are exact in decimal and binary."""

    category: int  #: index into CATEGORIES
    box_xyxy: tuple[float, float, float, float]
    area: float  #: of the polygon, or the number of mask pixels of a crowd
    polygon: tuple[float, ...]  #: x0, y0, x1, y1, ...; empty for a crowd
    crowd_mask: NDArray[np.bool_] | None = field(default=None, compare=False)  #: (height, width); None if no crowd


@dataclass
class _Canvas:
    pixels: IntArray  # (height, width, 3), values may leave 0..255 until the end
    owner: IntArray  # (height, width): which object is seen in a pixel; -1 is background
    background: IntArray  # (3,) mean colour


def generate(seed: int, count: int, *, crowds: bool = True) -> Iterator[tuple[NDArray[np.uint8], list[Object]]]:
    """Yield `count` images, uint8 RGB (height, width, 3), each with its objects.

    Image `i` of a seed depends on nothing but `(seed, i)`. Without `crowds` no image has a crowd region (for training).
    """
    for index in range(count):
        yield _scene(RawStream(seed, index), crowds)


def _scene(stream: RawStream, crowds: bool) -> tuple[NDArray[np.uint8], list[Object]]:
    height, width = 128 + stream.below(33), 128 + stream.below(33)
    canvas = _background(stream, height, width)
    objects: list[Object] = []
    sizes = sorted((_size(stream, position) for position in range(1 + stream.below(6))), reverse=True)
    for size in sizes:
        _add_object(stream, canvas, objects, size)
    if stream.below(10) == 0 and crowds:
        _add_crowd(stream, canvas, objects)
    grain = stream.array(height * width * 3, 25).reshape(height, width, 3) - 12
    pixels = np.clip(canvas.pixels + grain, 0, 255).astype(np.uint8)
    return pixels, objects


def _size(stream: RawStream, position: int) -> int:
    """Side of the square that the unstretched shape fills, in pixels."""
    kind = stream.below(20)
    if position == 0 and kind < 5:
        return 110 + stream.below(12)
    return 12 + stream.below(20) if kind < 10 else 32 + stream.below(48)


def _background(stream: RawStream, height: int, width: int) -> _Canvas:
    """A base colour, smooth noise on a lattice of 16 pixels, and some thin lines that belong to no object."""
    base = 40 + stream.array(3, 176)
    smooth = between_points(stream.array((12, 12), 80) - 40, 16, height, width)
    pixels = base[None, None, :] + smooth[:, :, None]
    canvas = _Canvas(pixels, np.full((height, width), -1, dtype=np.int64), base)
    for _ in range(stream.below(5)):
        _draw_line(stream, canvas)
    return canvas


def _draw_line(stream: RawStream, canvas: _Canvas) -> None:
    height, width = canvas.owner.shape
    x0, y0 = stream.below(width * UNITS), stream.below(height * UNITS)
    dx, dy = stream.below(401) - 200, stream.below(401) - 200
    thick = UNITS + stream.below(2 * UNITS)
    quad = np.array([[x0, y0], [x0 + dx, y0 + dy], [x0 + dx + thick, y0 + dy + thick], [x0 + thick, y0 + thick]])
    canvas.pixels[fill(quad, height, width)] = stream.array(3, 256)


def _colour(stream: RawStream, avoid: IntArray) -> IntArray:
    """A colour that stands off from `avoid`: summed difference of the three channels at least 160."""
    while True:
        colour = stream.array(3, 256)
        if int(np.abs(colour - avoid).sum()) >= 160:
            return colour


def _add_object(stream: RawStream, canvas: _Canvas, objects: list[Object], size: int) -> None:
    """Draw one object, unless within 20 tries no place is found where it hides no other one too much."""
    height, width = canvas.owner.shape
    large = size > 100
    category = _LARGE_CATEGORIES[stream.below(3)] if large else stream.below(len(CATEGORIES))
    colour = _colour(stream, canvas.background)
    inner = _colour(stream, colour)
    for _ in range(20):
        shape = place(stream, CATEGORIES[category], size, height, width, upright=large)
        if shape is None:
            continue
        mask = fill(shape.outline, height, width)
        if not _still_visible(canvas.owner, mask, objects):
            continue
        canvas.pixels[mask] = colour
        if category == CATEGORIES.index("target"):
            canvas.pixels[fill(shape.inner, height, width)] = inner
        canvas.owner[mask] = len(objects)
        objects.append(_object(category, shape))
        return


def _still_visible(owner: IntArray, mask: NDArray[np.bool_], objects: list[Object]) -> bool:
    for index, item in enumerate(objects):
        visible = int(((owner == index) & ~mask).sum())
        if 100 * visible < _MIN_VISIBLE_PERCENT * item.area:
            return False
    return True


def _object(category: int, shape: Shape) -> Object:
    low, high = shape.outline.min(axis=0), shape.outline.max(axis=0)
    box = (int(low[0]) / UNITS, int(low[1]) / UNITS, int(high[0]) / UNITS, int(high[1]) / UNITS)
    polygon = tuple(int(value) / UNITS for value in shape.outline.ravel())
    return Object(category, box, shoelace_area(shape.outline), polygon)


def _add_crowd(stream: RawStream, canvas: _Canvas, objects: list[Object]) -> None:
    """A swarm of small shapes of one category in free space, annotated as one crowd region."""
    height, width = canvas.owner.shape
    category = stream.below(len(CATEGORIES))
    left, top = stream.below(width - 56), stream.below(height - 56)
    colour = _colour(stream, canvas.background)
    together = np.zeros((height, width), dtype=np.bool_)
    for _ in range(14):
        shape = place(stream, CATEGORIES[category], 12 + stream.below(4), 56, 56, upright=False)
        if shape is None:
            continue
        mask = fill(shape.outline + np.array([left, top]) * UNITS, height, width)
        if (canvas.owner[mask] >= 0).any() or (together & mask).any():
            continue
        canvas.pixels[mask] = colour
        together |= mask
    if together.any():
        canvas.owner[together] = len(objects)
        objects.append(_crowd(category, together))


def _crowd(category: int, mask: NDArray[np.bool_]) -> Object:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    return Object(category, box, float(mask.sum()), (), mask)
