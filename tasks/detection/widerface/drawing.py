"""Drawn faces on textured backgrounds, made by integer arithmetic: the same pixels on every machine.

Skin is warm and backgrounds are cool, so that a detector without weights finds most faces; bars before faces, faces of a
dozen pixels and warm things that are no faces see to it that it does not find all, and finds others besides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points

IntArray = NDArray[np.int64]

EVENTS = ("0--Meadow", "1--Shore", "2--Night_Street")
_COLOURS = ((70, 120, 80), (80, 120, 160), (50, 50, 75))
"""Each event's background, RGB."""
SMALLEST, LARGEST = 10, 100
_TRIES = 20


@dataclass(frozen=True)
class Face:
    """A face's box in whole pixels, and whether a bar hides a part of it."""

    x: int
    y: int
    width: int
    height: int
    hidden: bool


def generate(seed: int, count: int) -> Iterator[tuple[int, NDArray[np.uint8], list[Face]]]:
    """Yield `count` images: the event's index, uint8 RGB (height, width, 3), and the faces. Every ninth has none.

    Image `i` of a seed depends on nothing but `(seed, i)`; the events take turns.
    """
    for index in range(count):
        event = index % len(EVENTS)
        yield event, *_scene(RawStream(seed, index), event, faces=index % 9 != 5)


def _scene(stream: RawStream, event: int, *, faces: bool) -> tuple[NDArray[np.uint8], list[Face]]:
    height, width = stream.between(160, 224), stream.between(160, 224)
    pixels = _background(stream, event, height, width)
    taken = np.zeros((height, width), np.bool_)
    found: list[Face] = []
    for _ in range(stream.between(1, 9) if faces else 0):
        face = _place(stream, taken)
        if face is not None:
            _draw_face(stream, pixels, face)
            found.append(face)
    for _ in range(stream.below(3)):
        thing = _place(stream, taken)
        if thing is not None:
            _draw_thing(stream, pixels, thing)
    grain = stream.array(height * width, 13).reshape(height, width, 1) - 6
    return np.clip(pixels + grain, 0, 255).astype(np.uint8), found


def _background(stream: RawStream, event: int, height: int, width: int) -> IntArray:
    """The event's colour and a lattice of 16 pixels between whose points brightness is interpolated."""
    smooth = between_points(stream.array((16, 16), 50) - 25, 16, height, width)
    pixels: IntArray = np.array(_COLOURS[event], np.int64)[None, None, :] + smooth[:, :, None]
    return pixels


def _place(stream: RawStream, taken: NDArray[np.bool_]) -> Face | None:
    """A free place for a face, small ones more often; None where 20 tries find none."""
    height = SMALLEST + (LARGEST - SMALLEST) * stream.below(1000) * stream.below(1000) // 998_001
    width = max(height * stream.between(65, 85) // 100, 8)
    hidden = stream.below(8) == 0
    for _ in range(_TRIES):
        x, y = stream.below(taken.shape[1] - width + 1), stream.below(taken.shape[0] - height + 1)
        place = taken[max(y - 2, 0) : y + height + 2, max(x - 2, 0) : x + width + 2]
        # Faces may hide each other a little.
        if 12 * int(place.sum()) < place.size:
            taken[y : y + height, x : x + width] = True
            return Face(x, y, width, height, hidden)
    return None


def _draw_face(stream: RawStream, pixels: IntArray, face: Face) -> None:
    skin = np.array([stream.between(190, 235), stream.between(140, 165), stream.between(100, 130)])
    _ellipse(pixels, face.x, face.y, face.width, face.height, skin)
    eye = max(face.width // 6, 1)
    for left in (face.width // 4, 3 * face.width // 4):
        _ellipse(pixels, face.x + left - eye // 2, face.y + face.height * 2 // 5 - eye // 2, eye, eye, skin // 5)
    mouth = max(face.width * 2 // 5, 2)
    x, y = face.x + (face.width - mouth) // 2, face.y + face.height * 7 // 10
    _ellipse(pixels, x, y, mouth, max(face.height // 12, 1), np.array([150, 40, 50]))
    if face.hidden:
        bar = slice(face.x + face.width // 2, face.x + face.width * 3 // 4)
        pixels[face.y : face.y + face.height, bar] = stream.array(3, 60) + np.array([20, 40, 60])


def _draw_thing(stream: RawStream, pixels: IntArray, face: Face) -> None:
    """Something as warm as skin that is no face: a plain rectangle."""
    colour = np.array([stream.between(180, 230), stream.between(120, 150), stream.between(80, 110)])
    pixels[face.y : face.y + face.height, face.x : face.x + face.width] = colour


def _ellipse(pixels: IntArray, x: int, y: int, width: int, height: int, colour: IntArray) -> None:
    """Fill the pixels whose centres lie in the ellipse that the box holds."""
    dx = (2 * np.arange(width) + 1 - width)[None, :] * height
    dy = (2 * np.arange(height) + 1 - height)[:, None] * width
    inside = dx * dx + dy * dy <= (width * height) ** 2
    pixels[y : y + height, x : x + width][inside] = colour
