"""Generated scenes whose objects have a name: coloured shapes on grey, and sentences that mean one of them each.

Every pixel and every number is made by integer arithmetic from the raw output of PCG64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream

HEIGHT: Final = 120
WIDTH: Final = 160
CELL: Final = 40
COLOURS: Final = {
    "red": (208, 32, 40), "green": (36, 160, 60), "blue": (40, 72, 208), "yellow": (232, 208, 36),
    "purple": (136, 44, 168), "orange": (240, 128, 24), "white": (246, 246, 246), "black": (14, 14, 14),
}  # fmt: skip
SHAPES: Final = ("disc", "square", "triangle", "snowman")
_CIRCLE: Final = ((1024, 0), (887, 512), (512, 887))
"""1024 times cosine and sine of 0, 30 and 60 degrees; the rest of the circle follows by turning."""
_ALIKE: Final = 4
"""Sizes that differ by less, in pixels, are not called larger or smaller."""

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object; `polygons` are corners in pixels, two of them overlapping where it is a snowman."""

    colour: str
    shape: str
    radius: int
    centre: tuple[int, int]
    polygons: tuple[Points, ...]

    @property
    def name(self) -> str:
        """Colour and shape."""
        return f"{self.colour} {self.shape}"

    @property
    def box_xyxy(self) -> tuple[int, int, int, int]:
        """The box around its corners."""
        x, y = zip(*[point for polygon in self.polygons for point in polygon], strict=True)
        return min(x), min(y), max(x), max(y)


def scene(seed: int, index: int) -> tuple[NDArray[np.uint8], list[Thing]]:
    """Image `index` of a seed, uint8 RGB (120, 160, 3), and its objects, none of which hides another."""
    stream = RawStream(seed, index)
    cells = list(range((HEIGHT // CELL) * (WIDTH // CELL)))
    grey = 96 + stream.below(64)
    pixels = np.full((HEIGHT, WIDTH, 3), grey, np.int64)
    things: list[Thing] = []
    for _ in range(stream.between(3, 5)):
        cell = cells.pop(stream.below(len(cells)))
        # Often one more of the same kind, so that words for places and sizes are needed.
        again = things[-1] if things and stream.below(5) < 2 else None
        thing = _thing(stream, cell, again)
        pixels[drawn(thing)] = COLOURS[thing.colour]
        things.append(thing)
    grain = stream.array((HEIGHT, WIDTH, 3), 17) - 8
    return np.clip(pixels + grain, 0, 255).astype(np.uint8), things


def _thing(stream: RawStream, cell: int, again: Thing | None) -> Thing:
    colour = again.colour if again else tuple(COLOURS)[stream.below(len(COLOURS))]
    shape = again.shape if again else SHAPES[stream.below(len(SHAPES))]
    radius = stream.between(8, 17)
    row, column = divmod(cell, WIDTH // CELL)
    free = CELL // 2 - 2 - radius
    x = column * CELL + CELL // 2 + stream.between(-free, free)
    y = row * CELL + CELL // 2 + stream.between(-free, free)
    return Thing(colour=colour, shape=shape, radius=radius, centre=(x, y), polygons=_polygons(shape, x, y, radius))


def _polygons(shape: str, x: int, y: int, radius: int) -> tuple[Points, ...]:
    if shape == "square":
        return (
            ((x - radius, y - radius), (x + radius, y - radius), (x + radius, y + radius), (x - radius, y + radius)),
        )
    if shape == "triangle":
        return (((x, y - radius), (x + radius, y + radius), (x - radius, y + radius)),)
    if shape == "disc":
        return (_circle(x, y, radius),)
    small = max(3, radius * 5 // 8)
    return _circle(x, y - radius + small, small), _circle(x, y + radius - small, small)


def _circle(x: int, y: int, radius: int) -> Points:
    points = list(_CIRCLE)
    for _ in range(3):
        points += [(-b, a) for a, b in points[-3:]]
    return tuple((x + (a * radius + 512) // 1024, y + (b * radius + 512) // 1024) for a, b in points)


def drawn(thing: Thing) -> NDArray[np.bool_]:
    """The pixels of an object: those whose centre lies inside one of its polygons, which are convex."""
    x, y = (2 * np.arange(WIDTH) + 1)[None, :], (2 * np.arange(HEIGHT) + 1)[:, None]
    covered = np.zeros((HEIGHT, WIDTH), np.bool_)
    for polygon in thing.polygons:
        inside = np.ones((HEIGHT, WIDTH), np.bool_)
        for (x0, y0), (x1, y1) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
            inside &= (x1 - x0) * (y - 2 * y0) - (y1 - y0) * (x - 2 * x0) >= 0
        covered |= inside
    return covered


def sentences(thing: Thing, things: Sequence[Thing], style: str) -> Iterator[str]:
    """Sentences that mean `thing` and no other one. Styles: `places`, `looks` (no words for places), `long`."""
    alike = [other for other in things if other.name == thing.name and other is not thing]
    if style == "long":
        yield from _long(thing, things, alike)
    elif not alike:
        yield thing.name
        if style == "looks":
            yield f"the {thing.shape} that is {thing.colour}"
    elif style == "looks":
        yield from _by_size(thing, alike)
    if style == "places":
        yield from _by_place(thing, alike, thing.name)
        same = [other for other in things if other.shape == thing.shape and other is not thing]
        if same:
            yield from _by_place(thing, same, thing.shape)


def _by_place(thing: Thing, others: Sequence[Thing], name: str) -> Iterator[str]:
    if not others:
        return
    (x, y), apart = thing.centre, CELL // 2
    if all(x + apart < other.centre[0] for other in others):
        yield f"{name} on the left"
    if all(x - apart > other.centre[0] for other in others):
        yield f"the right {name}"
    if all(y + apart < other.centre[1] for other in others):
        yield f"{name} at the top"
    if all(y - apart > other.centre[1] for other in others):
        yield f"bottom {name}"


def _by_size(thing: Thing, others: Sequence[Thing]) -> Iterator[str]:
    if all(thing.radius >= other.radius + _ALIKE for other in others):
        yield f"the larger {thing.name}"
    if all(thing.radius <= other.radius - _ALIKE for other in others):
        yield f"smaller {thing.name}"


def _long(thing: Thing, things: Sequence[Thing], alike: Sequence[Thing]) -> Iterator[str]:
    for phrase in _by_place(thing, alike, thing.name):
        yield f"{phrase} of the whole picture"
    for other in things if not alike else ():
        if other is not thing:
            side = "to the left of" if thing.centre[0] + CELL // 2 < other.centre[0] else "in a picture with"
            yield f"the {thing.name} that is {side} the {other.name}"
            return
