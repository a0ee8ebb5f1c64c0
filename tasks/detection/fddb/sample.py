"""The small data set that the project generates itself, in FDDB's official layout: 60 images of drawn, tilted faces.

Skin is warm and backgrounds are cool, so that a detector without weights finds most faces; small ones, some that the
border cuts, and warm things that are no faces see to it that it does not find all, and finds others besides. Every pixel
and every number is made by integer arithmetic.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream, between_points
from tasks.detection.fddb.data import IMAGES
from tasks.detection.fddb.folds import FOLDERS, FOLDS, ellipse_list

IntArray = NDArray[np.int64]
SEED: Final = 20100528
PER_FOLD: Final = 6
_STEP: Final = 15
_TURNS: Final = ((1024, 0), (989, 265), (887, 512), (724, 724), (512, 887), (265, 989))
"""1024 times cosine and sine of 0 to 75 degrees."""
_ONE: Final = 1024
_TRIES: Final = 20


@dataclass(frozen=True)
class Face:
    """An ellipse in whole pixels; `turn` counts steps of 15 degrees."""

    major: int
    minor: int
    turn: int
    x: int
    y: int

    def line(self) -> str:
        """As a line of an ellipse list."""
        angle = math.radians(self.turn * _STEP)
        return f"{self.major:f} {self.minor:f} {angle:f} {self.x:f} {self.y:f}  1"


def generate(seed: int, count: int) -> Iterator[tuple[NDArray[np.uint8], list[Face]]]:
    """Yield `count` images, uint8 RGB (height, width, 3), each with at least one face.

    Image `i` of a seed depends on nothing but `(seed, i)`.
    """
    for index in range(count):
        yield _scene(RawStream(seed, index))


def write_sample(directory: Path) -> None:
    """Write `originalPics/2002/MM/DD/big/img_N.png`, then the lists of `FDDB-folds`."""
    from PIL import Image

    (directory / FOLDERS).mkdir(parents=True, exist_ok=True)
    images = generate(SEED, FOLDS * PER_FOLD)
    for fold in range(1, FOLDS + 1):
        names, ellipses = "", ""
        for place in range(PER_FOLD):
            name = f"2002/{7 + place % 3:02d}/{2 * fold:02d}/big/img_{37 * fold + 5 * place}"
            pixels, faces = next(images)
            path = directory / IMAGES / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            names += f"{name}\n"
            ellipses += "\n".join([name, str(len(faces)), *(face.line() for face in faces), ""])
        (directory / FOLDERS / f"FDDB-fold-{fold:02d}.txt").write_bytes(names.encode())
        (directory / FOLDERS / ellipse_list(fold)).write_bytes(ellipses.encode())


def _scene(stream: RawStream) -> tuple[NDArray[np.uint8], list[Face]]:
    height, width = stream.between(140, 200), stream.between(140, 220)
    cool = np.array([stream.between(40, 70), stream.between(70, 120), stream.between(80, 160)])
    lattice = stream.array((height // 16 + 2, width // 16 + 2), 50) - 25
    pixels = cool[None, None, :] + between_points(lattice, 16, height, width)[:, :, None]
    taken = np.zeros((height, width), np.bool_)
    faces: list[Face] = []
    for _ in range(stream.between(1, 5)):
        _add_face(stream, pixels, taken, faces)
    for _ in range(stream.below(3)):
        _add_thing(stream, pixels, taken)
    grain = stream.array((height, width), 13)[:, :, None] - 6
    return np.clip(pixels + grain, 0, 255).astype(np.uint8), faces


def _add_face(stream: RawStream, pixels: IntArray, taken: NDArray[np.bool_], faces: list[Face]) -> None:
    """Draw a face where there is room; the first one finds it always."""
    height, width = taken.shape
    for _ in range(_TRIES):
        major = 11 + 40 * stream.below(1000) * stream.below(1000) // 998_001
        minor = major * stream.between(65, 85) // 100
        x, y = stream.between(minor // 2, width - minor // 2), stream.between(major // 2, height - major // 2)
        face = Face(major, minor, stream.between(4, 8), x, y)
        inside = _inside(face, height, width)
        # Faces may hide each other a little.
        if 12 * int((taken & inside).sum()) > int(inside.sum()):
            continue
        _draw_face(stream, pixels, face, inside)
        taken |= inside
        faces.append(face)
        return


def _draw_face(stream: RawStream, pixels: IntArray, face: Face, inside: NDArray[np.bool_]) -> None:
    height, width = inside.shape
    skin = np.array([stream.between(190, 235), stream.between(140, 165), stream.between(100, 130)])
    pixels[inside] = skin
    cosine, sine = _direction(face.turn)
    # Eyes and mouth, in the directions of the longer axis (down the face) and the shorter one.
    for along, across, size, colour in (
        (-face.major // 4, -face.minor * 2 // 5, face.minor // 6, skin // 5),
        (-face.major // 4, face.minor * 2 // 5, face.minor // 6, skin // 5),
        (face.major * 2 // 5, 0, face.minor // 4, np.array([150, 40, 50])),
    ):
        x = face.x + (along * cosine - across * sine) // _ONE
        y = face.y + (along * sine + across * cosine) // _ONE
        part = Face(max(size, 1), max(size * 2 // 3, 1), 6 if across else face.turn - 6, x, y)
        pixels[_inside(part, height, width) & inside] = colour


def _direction(turn: int) -> tuple[int, int]:
    """1024 times cosine and sine."""
    cosine, sine = _TURNS[turn % len(_TURNS)]
    for _ in range(turn // len(_TURNS) % 4):
        cosine, sine = -sine, cosine
    return cosine, sine


def _add_thing(stream: RawStream, pixels: IntArray, taken: NDArray[np.bool_]) -> None:
    """Something as warm as skin that is no face: a plain rectangle."""
    height, width = stream.between(12, 60), stream.between(12, 60)
    y, x = stream.below(taken.shape[0] - height), stream.below(taken.shape[1] - width)
    place = slice(y, y + height), slice(x, x + width)
    if not taken[place].any():
        pixels[place] = np.array([stream.between(180, 230), stream.between(120, 150), stream.between(80, 110)])
        taken[place] = True


def _inside(face: Face, height: int, width: int) -> NDArray[np.bool_]:
    """The pixels whose centres lie in the ellipse, bool (height, width)."""
    cosine, sine = _direction(face.turn)
    dx, dy = np.arange(width)[None, :] - face.x, np.arange(height)[:, None] - face.y
    along, across = (dx * cosine + dy * sine) * face.minor, (dy * cosine - dx * sine) * face.major
    inside: NDArray[np.bool_] = along * along + across * across <= (face.major * face.minor * _ONE) ** 2
    return inside
