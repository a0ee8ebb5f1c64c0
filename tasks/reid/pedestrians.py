"""Pictures of people for the generated sample and for training on it: simple figures under cameras of different colours.

Everything is computed in whole numbers from raw random bits, so that the pixels are the same on every machine.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream

HEIGHT: Final = 64
WIDTH: Final = 32
Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]
_CLOTHES: Final[tuple[Colour, ...]] = (
    (200, 40, 40), (40, 70, 190), (40, 150, 70), (225, 205, 60), (235, 235, 235), (35, 35, 40), (150, 60, 160), (235, 130, 40),
)  # fmt: skip
_HAIR: Final[tuple[Colour, ...]] = ((30, 25, 20), (110, 70, 35), (205, 175, 100), (150, 150, 150))
_SKIN: Final[tuple[Colour, ...]] = ((235, 195, 165), (190, 140, 105), (110, 75, 55))
_GAINS: Final[tuple[Colour, ...]] = ((256, 256, 256), (150, 220, 300), (310, 240, 150), (210, 300, 210))
"""What each camera makes of red, green and blue, in 256ths; further cameras begin again."""
_GROUNDS: Final[tuple[Colour, ...]] = ((120, 125, 130), (95, 120, 95), (150, 130, 110), (80, 85, 110))


@dataclass(frozen=True, slots=True)
class Person:
    """What tells one person from another."""

    shirt: Colour
    trousers: Colour
    hair: Colour
    skin: Colour
    bag: Colour | None
    stripe: Colour | None
    wide: int
    tall: int


def person(seed: int, number: int) -> Person:
    """Person `number` of a crowd."""
    bits = RawStream(seed, 1, number)
    clothes = [_CLOTHES[bits.below(len(_CLOTHES))] for _ in range(4)]
    return Person(
        shirt=clothes[0],
        trousers=clothes[1],
        hair=_HAIR[bits.below(len(_HAIR))],
        skin=_SKIN[bits.below(len(_SKIN))],
        bag=clothes[2] if bits.below(3) == 0 else None,
        stripe=clothes[3] if bits.below(3) == 0 else None,
        wide=bits.between(6, 8),
        tall=bits.between(48, 56),
    )


def picture(seed: int, number: int, camera: int, shot: int) -> Picture:
    """Person `number` as `camera`, from 1, sees them: uint8 RGB (64, 32, 3)."""
    bits = RawStream(seed, 2, number, camera, shot)
    pixels = _ground(camera, bits)
    left, top = bits.between(-3, 3), bits.between(-3, 3)
    _draw(pixels, person(seed, number), WIDTH // 2 + left, HEIGHT - 4 + top, mirrored=bits.below(2) == 1)
    return _seen(pixels, camera, bits)


def part_of_person(seed: int, number: int, camera: int) -> Picture:
    """A detector's mistake: a figure of which only a part is in the picture."""
    bits = RawStream(seed, 3, number, camera)
    pixels = _ground(camera, bits)
    aside, down = (-14, 14)[bits.below(2)], bits.between(-26, 26)
    _draw(pixels, person(seed, number), WIDTH // 2 + aside, HEIGHT + down, mirrored=False)
    return _seen(pixels, camera, bits)


def _ground(camera: int, bits: RawStream) -> NDArray[np.int64]:
    base = np.array(_GROUNDS[(camera - 1) % len(_GROUNDS)], np.int64)
    rows = np.arange(HEIGHT)[:, None, None] * bits.between(-1, 1) // 2
    return base + rows + bits.array((HEIGHT, WIDTH, 1), 25) - 12


def _draw(pixels: NDArray[np.int64], who: Person, middle: int, feet: int, *, mirrored: bool) -> None:
    """Paint one figure, its feet at the row `feet`, cut off where the picture ends."""
    side = -1 if mirrored else 1
    head, hips, neck = feet - who.tall, feet - who.tall * 9 // 20, feet - who.tall * 4 // 5
    _fill(pixels, hips, feet, middle - who.wide + 2, middle - 1, who.trousers)
    _fill(pixels, hips, feet, middle + 1, middle + who.wide - 2, who.trousers)
    _fill(pixels, neck, hips + 1, middle - who.wide, middle + who.wide, who.shirt)
    _fill(pixels, neck + 2, hips - 2, middle - who.wide - 2, middle - who.wide, who.skin)
    _fill(pixels, neck + 2, hips - 2, middle + who.wide, middle + who.wide + 2, who.skin)
    if who.stripe is not None:
        _fill(pixels, neck + 6, neck + 10, middle - who.wide, middle + who.wide, who.stripe)
    if who.bag is not None:
        edges = sorted((middle + side * (who.wide - 2), middle + side * (who.wide + 4)))
        _fill(pixels, neck + 8, hips + 2, edges[0], edges[1], who.bag)
    _fill(pixels, head + 3, neck, middle - 4, middle + 4, who.skin)
    _fill(pixels, head, head + 5, middle - 4, middle + 4, who.hair)


def _fill(pixels: NDArray[np.int64], top: int, bottom: int, left: int, right: int, colour: Colour) -> None:
    pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = colour


def _seen(pixels: NDArray[np.int64], camera: int, bits: RawStream) -> Picture:
    """The camera's colours, the light of the moment, and noise."""
    gains = np.array(_GAINS[(camera - 1) % len(_GAINS)], np.int64)
    light = bits.between(85, 115)
    noise = bits.array((HEIGHT, WIDTH, 3), 17) - 8
    seen: Picture = np.clip(pixels * gains // 256 * light // 100 + noise, 0, 255).astype(np.uint8)
    return seen
