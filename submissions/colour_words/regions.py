"""Connected regions of pixels that have one colour's name."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .words import COLOURS

Int = NDArray[np.int64]
NAMES: Final = tuple(COLOURS)
_PROTOTYPES: Final = np.array([COLOURS[name] for name in NAMES], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region; pixels of the image in which it was sought."""

    colour: str
    pixels: int
    box_xyxy: tuple[int, int, int, int]
    mask: NDArray[np.bool_]

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of its box."""
        left, top, right, bottom = self.box_xyxy
        return (left + right) / 2, (top + bottom) / 2

    @property
    def fill(self) -> float:
        """The share of its box that it covers: about 1 for squares, 0.79 for discs, 0.5 for triangles."""
        left, top, right, bottom = self.box_xyxy
        return self.pixels / ((right - left) * (bottom - top))

    @property
    def aspect(self) -> float:
        """Height of its box over its width."""
        left, top, right, bottom = self.box_xyxy
        return (bottom - top) / (right - left)


def find(image: NDArray[np.uint8], smallest: int) -> list[Region]:
    """The regions of an image, uint8 RGB (height, width, 3), with at least `smallest` pixels; the background is one of them."""
    nearest = np.argmin(((image.astype(np.int64)[:, :, None] - _PROTOTYPES) ** 2).sum(axis=3), axis=2)
    labels = connected(nearest)
    found = []
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        if count >= smallest:
            mask = labels == label
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
            name = NAMES[nearest[rows[0], np.flatnonzero(mask[rows[0]])[0]]]
            found.append(Region(colour=name, pixels=int(count), box_xyxy=box, mask=mask))
    return found


def connected(values: Int) -> Int:
    """Labels of 4-connected regions of equal `values`, int64 (height, width): the lowest index of a pixel in each."""
    labels = np.arange(values.size).reshape(values.shape)
    across, down = values[:, 1:] == values[:, :-1], values[1:] == values[:-1]
    while True:
        before = labels.copy()
        for left, right, same in ((labels[:, :-1], labels[:, 1:], across), (labels[:-1], labels[1:], down)):
            least = np.minimum(left, right)
            # The minimum once more: a pixel's right half may just have become smaller as the next one's left half.
            np.minimum(left, least, out=left, where=same)
            np.minimum(right, least, out=right, where=same)
        # Every pixel takes its representative's label, which halves the way at each turn.
        labels = labels.reshape(-1)[labels]
        if np.array_equal(labels, before):
            return labels
