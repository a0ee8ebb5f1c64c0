"""The scenes of the generated sample: tiny persons on a beach and in the sea, seen from afar.

Every pixel and every number is made by integer arithmetic from the raw output of PCG64, so that all machines and
library versions make the same data set.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points

IntArray = NDArray[np.int64]
HEIGHT, WIDTH = 200, 288
_SIDES: Final = ((3, 5), (3, 5), (3, 5), (8, 4), (8, 4), (12, 8), (12, 8), (12, 8), (20, 12), (34, 8))
"""Least side of a person's box, pixels, and how many sides there are from it on; one of these is drawn."""
_SHAPES: Final = ((1, 1, 1, 1), (5, 6, 6, 5), (2, 3, 3, 2))
"""Width and height of a box as fractions of its side."""
_SEA, _SAND = (38, 92, 120), (196, 176, 132)


@dataclass(frozen=True)
class Region:
    """One annotation: its box x, y, width, height, pixels, and what is said of it."""

    box: tuple[int, int, int, int]
    ignore: bool = False
    uncertain: bool = False
    logo: bool = False


@dataclass
class Scene:
    """An image in the making: `pixels`, int64 (height, width, 3), may leave 0..255 until the end."""

    pixels: IntArray
    shore: int
    """The first row that is sand."""
    free: NDArray[np.bool_]
    regions: list[Region] = field(default_factory=list)


def generate(seed: int, index: int, *, empty: bool = False) -> tuple[NDArray[np.uint8], list[Region]]:
    """Image `index` of a seed, uint8 RGB (height, width, 3), with its annotations; none where it is to be `empty`."""
    stream = RawStream(seed, index)
    scene = _background(stream)
    if not empty:
        if stream.below(3) == 0:
            _add_logo(stream, scene)
        if stream.below(2) == 0:
            _add_group(stream, scene)
        for _ in range(4 + stream.below(12)):
            low, count = _SIDES[stream.below(len(_SIDES))]
            _add_person(stream, scene, low + stream.below(count))
        for _ in range(stream.below(4)):
            _add_uncertain(stream, scene)
    grain = stream.array(HEIGHT * WIDTH, 7).reshape(HEIGHT, WIDTH, 1) - 3
    return np.clip(scene.pixels + grain, 0, 255).astype(np.uint8), scene.regions


def _background(stream: RawStream) -> Scene:
    """Sea above and sand below, with smooth noise on a lattice of 16 pixels and a line of foam."""
    shore = 60 + stream.below(HEIGHT - 100)
    smooth = between_points(stream.array((14, 20), 28) - 14, 16, HEIGHT, WIDTH)
    pixels = np.where((np.arange(HEIGHT) < shore)[:, None, None], np.array(_SEA), np.array(_SAND)) + smooth[:, :, None]
    pixels[shore - 2 : shore] = 150
    return Scene(pixels.astype(np.int64), shore, np.ones((HEIGHT, WIDTH), np.bool_))


def _place(stream: RawStream, scene: Scene, width: int, height: int) -> tuple[int, int] | None:
    """The upper left corner of a free place with two pixels around it; None if none is found in 30 tries."""
    for _ in range(30):
        x, y = 3 + stream.below(WIDTH - width - 6), 3 + stream.below(HEIGHT - height - 6)
        around = slice(y - 3, y + height + 3), slice(x - 3, x + width + 3)
        if scene.free[around].all():
            scene.free[y : y + height, x : x + width] = False
            return x, y
    return None


def _box(stream: RawStream, side: int) -> tuple[int, int]:
    a, b, c, d = _SHAPES[stream.below(len(_SHAPES))]
    return max(2, side * a // b), max(2, side * c // d)


def _colour(stream: RawStream, behind: IntArray) -> IntArray:
    """A colour that stands off from `behind`: summed difference of the three channels at least 190."""
    while True:
        colour = stream.array(3, 256)
        if int(np.abs(colour - behind).sum()) >= 190:
            return colour


def _add_person(stream: RawStream, scene: Scene, side: int) -> None:
    width, height = _box(stream, side)
    place = _place(stream, scene, width, height)
    if place is None:
        return
    _draw(stream, scene, *place, width, height)
    scene.regions.append(Region((*place, width, height)))


def _draw(stream: RawStream, scene: Scene, x: int, y: int, width: int, height: int) -> None:
    """A head over a body, with a gap between the legs of those on land that are large enough."""
    behind = scene.pixels[y, x]
    body, head = _colour(stream, behind), _colour(stream, behind)
    neck, inset = height // 4, width // 4
    scene.pixels[y : y + neck, x + inset : x + width - inset] = head
    scene.pixels[y + neck : y + height, x : x + width] = body
    if y > scene.shore and height >= 12 and width >= 6:
        gap = slice(x + width // 2 - width // 8, x + width // 2 + (width + 7) // 8)
        scene.pixels[y + height * 2 // 3 : y + height, gap] = behind


def _add_group(stream: RawStream, scene: Scene) -> None:
    """Persons so close together that only their region is annotated, as ignored."""
    across, down, side = 3 + stream.below(3), 2 + stream.below(2), 5 + stream.below(5)
    width, height = across * side, down * (side + 2)
    place = _place(stream, scene, width, height)
    if place is None:
        return
    for i in range(across * down):
        x, y = place[0] + i % across * side, place[1] + i // across * (side + 2)
        _draw(stream, scene, x, y, side - stream.below(2), side + 2)
    scene.regions.append(Region((*place, width, height), ignore=True))


def _add_uncertain(stream: RawStream, scene: Scene) -> None:
    """A faint blot that might be a person."""
    width, height = _box(stream, 4 + stream.below(8))
    place = _place(stream, scene, width, height)
    if place is None:
        return
    x, y = place
    scene.pixels[y : y + height, x : x + width] += 34 if stream.below(2) else -34
    scene.regions.append(Region((x, y, width, height), uncertain=True))


def _add_logo(stream: RawStream, scene: Scene) -> None:
    """A broadcaster's sign in the upper right corner, annotated as logo and ignored."""
    x, y, width, height = WIDTH - 48, 6, 40, 12
    scene.free[y : y + height, x : x + width] = False
    scene.pixels[y : y + height, x : x + width] = 225
    for letter in range(5):
        left = x + 3 + 7 * letter
        scene.pixels[y + 3 : y + 9, left : left + 2 + stream.below(4)] = 30
    scene.regions.append(Region((x, y, width, height), ignore=True, logo=True))
