"""Masks in COCO's run-length code: read, checked and measured, equal to pycocotools' last digit.

Source: cocodataset/cocoapi, common/maskApi.c (rleFrString, rleFrPoly, rleArea, rleToBbox) and
PythonAPI/pycocotools/coco.py (annToRLE). pycocotools reads out of bounds on codes that are malformed, so it never sees one
here.
"""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.errors import HarnessError
from harness.kernels import Kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Refuse = Callable[[str], HarnessError]
"""Makes the error for what is wrong, half a sentence, with the place where it stands."""

MOST_PIXELS: Final = 1 << 28
"""Images with more pixels are refused: their runs do not fit in what pycocotools reserves for them."""
_MEASURE: Final = Kernel("coco_mask_measure", "int64", "int64[]", "uint8[]", "int64[]", "float64[]", "float64[]")


class RunLengths(msgspec.Struct):
    """A mask: height and width, and its runs, compressed (text) or not."""

    size: tuple[int, int]
    counts: list[int] | str


def pack(codes: Sequence[bytes]) -> Ragged:
    """Run-length codes one after another, one row each."""
    lengths = np.fromiter(map(len, codes), np.int64, len(codes))
    return Ragged(np.frombuffer(b"".join(codes), np.uint8), row_starts(lengths))


def measure(masks: Ragged, sizes: Int) -> tuple[Float, Float, int]:
    """Areas (n,), boxes x, y, width, height (n, 4) in pixels, and the index of the first unsound code (n if there is none).

    `sizes` (n, 2) are each mask's height and width.
    """
    area, boxes = np.zeros(len(masks)), np.zeros((len(masks), 4))
    bad = _MEASURE(len(masks), masks.offsets, masks.values, np.ascontiguousarray(sizes), area, boxes)
    return area, boxes, bad


def unsound(code: bytes, height: int, width: int) -> str:
    """What is wrong with a run-length code that `measure` refuses, as half a sentence."""
    if any(not 48 <= byte <= 111 for byte in code):
        return "its counts hold a character that is none of a run-length code"
    if code and (code[-1] - 48) & 0x20:
        return "its counts end in the middle of a run"
    return f"its runs do not fill the {height} x {width} pixels of its size exactly"


def run_code(runs: RunLengths, refuse: Refuse) -> bytes:
    """The compressed code of a mask given as runs; what cannot be one raises the error that `refuse` makes."""
    height, width = runs.size
    if height < 1 or width < 1 or height * width > MOST_PIXELS:
        raise refuse(impossible_size(height, width))
    if isinstance(runs.counts, str):
        if not runs.counts.isascii():
            raise refuse("its counts hold a character that is none of a run-length code")
        return runs.counts.encode("ascii")
    if min(runs.counts, default=0) < 0 or sum(runs.counts) != height * width:
        raise refuse(f"its runs do not fill the {height} x {width} pixels of its size exactly")
    return compress(runs.counts, height, width)


def check_polygons(polygons: list[list[float]], height: int, width: int, refuse: Refuse) -> None:
    """Raise for polygons that pycocotools cannot draw: it draws a line of two corners, but not as the first polygon."""
    if not polygons:
        raise refuse("it holds no polygon; a mask needs one")
    for index, polygon in enumerate(polygons):
        if len(polygon) < (4 if index else 6) or len(polygon) % 2:
            raise refuse(f"a polygon has {len(polygon)} numbers; it needs x and y of at least three corners")
        lowest, highest = min(polygon), max(polygon)
        far = max(height, width)
        # Each step along an edge is drawn: corners far outside would take memory without end.
        if not (isfinite(lowest) and isfinite(highest) and lowest >= -far and highest <= 2 * far):
            raise refuse(f"a polygon has a corner far outside the image of {height} x {width} pixels")


def impossible_size(height: int, width: int) -> str:
    """What is wrong with a size that `run_code` refuses, as half a sentence."""
    return f"its size is {height} x {width}; between 1 and {MOST_PIXELS} pixels are possible"


def compress(counts: Sequence[int], height: int, width: int) -> bytes:
    """The compressed code of runs that fill the image exactly."""
    from pycocotools.mask import frPyObjects

    return _counts(frPyObjects({"counts": list(counts), "size": [height, width]}, height, width))


def from_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> bytes:
    """The code of what polygons cover together, drawn as pycocotools draws them."""
    from pycocotools.mask import frPyObjects, merge

    return _counts(merge(frPyObjects(polygons, height, width)))


def from_pixels(masks: NDArray[np.bool_]) -> list[bytes]:
    """The codes of masks given pixel by pixel, bool (k, height, width)."""
    from pycocotools.mask import encode

    return [_counts(one) for one in encode(np.asfortranarray(masks.transpose(1, 2, 0), np.uint8))] if len(masks) else []


def _counts(code: Any) -> bytes:
    return bytes(code["counts"])


def row_starts(lengths: Int) -> Int:
    """Where rows of these lengths begin, and where the last one ends, int64 (n + 1,)."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
