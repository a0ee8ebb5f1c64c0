"""What a sentence says of its object, as far as colours, shapes, sizes and places go."""

import re
from dataclasses import dataclass
from typing import Final

COLOURS: Final = {
    "red": (205, 35, 40), "green": (40, 155, 60), "blue": (45, 75, 205), "yellow": (230, 205, 40),
    "purple": (135, 50, 165), "orange": (238, 130, 30), "white": (245, 245, 245), "black": (15, 15, 15),
    "brown": (115, 75, 40), "pink": (240, 150, 185), "grey": (130, 130, 130),
}  # fmt: skip
"""RGB, 0 to 255, of what people mean by the word."""
_SAME: Final = {"gray": "grey", "violet": "purple", "blonde": "yellow", "tan": "brown", "golden": "yellow"}
SHAPES: Final = {
    "disc": "disc", "circle": "disc", "ball": "disc", "round": "disc", "square": "square", "box": "square",
    "triangle": "triangle", "snowman": "tall", "person": "tall", "man": "tall", "woman": "tall",
}  # fmt: skip
PLACES: Final = {
    "left": (-1, 0), "leftmost": (-1, 0), "right": (1, 0), "rightmost": (1, 0), "top": (0, -1), "upper": (0, -1),
    "above": (0, -1), "bottom": (0, 1), "lower": (0, 1), "below": (0, 1),
}  # fmt: skip
"""Direction in which the object lies, x to the right, y down."""
_OTHER: Final = r"\b(?:that is (?:to|in)|to the (?:left|right) of|with|next to)\b"
"""What comes before the words about another object."""
SIZES: Final = {
    "large": 1, "larger": 1, "largest": 1, "big": 1, "bigger": 1, "biggest": 1,
    "small": -1, "smaller": -1, "smallest": -1, "little": -1, "tiny": -1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is said; empty or 0 where nothing is."""

    colour: str = ""
    shape: str = ""
    size: int = 0
    direction: tuple[int, int] = (0, 0)


def read(sentence: str) -> Wanted:
    """The first colour and the first shape are the object's; places and sizes are summed.

    What is said of another object does not count: it follows ``to the left of``, ``with``, ``next to`` and their like.
    """
    words = re.findall(r"[a-z]+", re.split(_OTHER, sentence.lower())[0])
    words = [_SAME.get(word, word) for word in words]
    x = sum(PLACES[word][0] for word in words if word in PLACES)
    y = sum(PLACES[word][1] for word in words if word in PLACES)
    return Wanted(
        colour=next((word for word in words if word in COLOURS), ""),
        shape=next((SHAPES[word] for word in words if word in SHAPES), ""),
        size=sum(SIZES.get(word, 0) for word in words),
        direction=(x, y),
    )
