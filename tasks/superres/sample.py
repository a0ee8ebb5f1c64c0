"""The small data set that the project generates itself, in the official layout of Set5.

24 pictures of 96 to 132 pixels a side, multiples of 12 so that nothing is cropped at x2, x3 or x4, and their
low-resolution copies by MATLAB's bicubic. BMP, because its bytes do not depend on a compressor's version.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.raw_stream import RawStream
from tasks.superres.resize import downscale
from tasks.superres.scenes import draw

SAMPLE_SEED = 20190926
SAMPLE_COUNT = 24
SIDES = (96, 108, 120, 132)
SCALES = (2, 3, 4)


def pictures(seed: int, count: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """`count` pictures of `seed` with their names, uint8 RGB; picture ``i`` depends on nothing but ``(seed, i)``."""
    for index in range(count):
        sides = RawStream(seed, index, 1)
        height, width = SIDES[sides.below(len(SIDES))], SIDES[sides.below(len(SIDES))]
        yield f"scene{index:02d}", draw(height, width, seed, index)


def write_sample(directory: Path, name: str = "Set5") -> None:
    """Write ``NAME/HR/*.bmp`` and ``NAME/LR_bicubic/x2|x3|x4/*x2.bmp`` under `directory`."""
    root = directory / name
    for folder in ("HR", *(f"LR_bicubic/x{scale}" for scale in SCALES)):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for stem, picture in pictures(SAMPLE_SEED, SAMPLE_COUNT):
        _save(picture, root / "HR" / f"{stem}.bmp")
        for scale in SCALES:
            _save(downscale(picture, scale), root / "LR_bicubic" / f"x{scale}" / f"{stem}x{scale}.bmp")


def _save(pixels: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path)
