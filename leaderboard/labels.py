"""Where the names in a scatter plot go, so that they hide neither each other nor a point."""

from collections.abc import Sequence
from dataclasses import dataclass

CHARACTER_WIDTH = 0.56
LINE_HEIGHT = 1.25
GAP = 8.0
DOT = 5.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points, the origin at the bottom left."""

    x0: float
    y0: float
    x1: float
    y1: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share an area."""
        return self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1

    def contains(self, other: "Box") -> bool:
        """Whether the other lies inside."""
        return self.x0 <= other.x0 and other.x1 <= self.x1 and self.y0 <= other.y0 and other.y1 <= self.y1


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a label stands from its point, in points, and how its text is aligned there."""

    offset: tuple[float, float]
    align: str


SPOTS = tuple(
    Spot((dx, dy), align)
    for dy in (9.0, -9.0, 0.0, 20.0, -20.0, 31.0, -31.0)
    for dx, align in ((GAP, "left"), (-GAP, "right"))
)


def place(
    centres: Sequence[tuple[float, float]],
    texts: Sequence[str],
    dots: Sequence[tuple[float, float]],
    bounds: Box,
    size: float,
) -> list[Spot | None]:
    """A spot for every label, first come first served; None where every spot is taken.

    All lengths are in points; `dots` are the centres of all points, labelled or not.
    """
    taken = [Box(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in dots]
    found: list[Spot | None] = []
    for centre, text in zip(centres, texts, strict=True):
        spot = next((spot for spot in SPOTS if _is_free(_box(centre, spot, text, size), taken, bounds)), None)
        if spot is not None:
            taken.append(_box(centre, spot, text, size))
        found.append(spot)
    return found


def _box(centre: tuple[float, float], spot: Spot, text: str, size: float) -> Box:
    width, height = CHARACTER_WIDTH * size * len(text), LINE_HEIGHT * size
    x, y = centre[0] + spot.offset[0], centre[1] + spot.offset[1]
    left = x if spot.align == "left" else x - width
    return Box(left, y - height / 2, left + width, y + height / 2)


def _is_free(box: Box, taken: Sequence[Box], bounds: Box) -> bool:
    return bounds.contains(box) and not any(box.overlaps(other) for other in taken)
