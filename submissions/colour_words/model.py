"""Colour words behind the three timed steps: a photograph and a sentence in, a box and a mask out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.submission import BuildContext
from harness.task import Sample

from .regions import Region, find
from .words import Wanted, read

FILLS: Final = {"square": (1.0, 1.0), "disc": (0.79, 1.0), "triangle": (0.5, 1.0), "tall": (0.8, 1.6)}
"""Share of its box that a shape covers, and height over width of the box."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A photograph at the size at which regions are sought, and what the sentence asks for."""

    image: NDArray[np.uint8]
    step: int
    wanted: Wanted


class ColourWords:
    """The method; see `harness.submission.Method`."""

    def __init__(self, side: int, smallest: int) -> None:
        if side < 1 or smallest < 1:
            raise UsageError("colour-words: side and smallest must be at least 1")
        self._side, self._smallest = side, smallest

    def prepare(self, sample: Sample) -> Prepared:
        """Every n-th pixel, and the words that are understood."""
        image = np.asarray(sample.inputs["image"])
        step = -(-max(image.shape[:2]) // self._side)
        return Prepared(image[::step, ::step], step, read(sample.inputs["sentence"]))

    def forward(self, inputs: Sequence[Prepared]) -> list[tuple[Prepared, list[Region]]]:
        """The regions of every photograph, without the largest one, which is taken for the background."""
        found = []
        for one in inputs:
            regions = find(one.image, self._smallest)
            found.append((one, sorted(regions, key=lambda region: -region.pixels)[1:]))
        return found

    def finish(self, raw: tuple[Prepared, list[Region]], sample: Sample) -> dict[str, NDArray[Any]]:
        """The region that fits best, as `box_xyxy` float64 (4,) and `mask` bool (height, width); the whole image if none is."""
        prepared, regions = raw
        height, width = np.asarray(sample.inputs["image"]).shape[:2]
        if not regions:
            return {"box_xyxy": np.array([0.0, 0.0, width, height]), "mask": np.ones((height, width), np.bool_)}
        best = choose(regions, prepared.wanted, prepared.image.shape[:2])
        box = np.minimum(np.array(best.box_xyxy, np.float64) * prepared.step, [width, height, width, height])
        mask = best.mask.repeat(prepared.step, axis=0).repeat(prepared.step, axis=1)[:height, :width]
        return {"box_xyxy": box, "mask": np.ascontiguousarray(mask)}


def choose(regions: Sequence[Region], wanted: Wanted, size: tuple[int, int]) -> Region:
    """The region with the highest score; the first of equals, so that the answer is the same everywhere."""
    height, width = size
    named = [region for region in regions if region.colour == wanted.colour] or list(regions)
    most = max(region.pixels for region in named)

    def score(region: Region) -> float:
        x, y = region.centre
        place = wanted.direction[0] * (2 * x / width - 1) + wanted.direction[1] * (2 * y / height - 1)
        # Shapes decide before places, places before sizes; a larger region is the better guess where nothing is said.
        share = region.pixels / most
        return 4 * _likeness(region, wanted.shape) + 2 * place + wanted.size * share + 0.1 * share

    return max(named, key=score)


def _likeness(region: Region, shape: str) -> float:
    """1 for the region's shape, less for others; 0 where no shape is named."""
    if not shape:
        return 0.0
    fill, aspect = FILLS[shape]
    return 1.0 - 2 * abs(region.fill - fill) - abs(region.aspect - aspect)


def build(context: BuildContext) -> ColourWords:
    """The baseline."""
    side, smallest = context.options["side"], context.options["smallest"]
    assert isinstance(side, int) and isinstance(smallest, int)
    return ColourWords(side, smallest)
