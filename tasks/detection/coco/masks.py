"""Masks as COCO stores them, in compressed run-length code: their areas, boxes and IoUs, equal to pycocotools' last digit.

Source: cocodataset/cocoapi, common/maskApi.c (rleFrString, rleIou, rleArea, rleToBbox) and PythonAPI/pycocotools/coco.py
(annToRLE, loadRes). pycocotools reads out of bounds on codes that are malformed, so it never sees one here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Ragged, Table
from harness.kernels import Kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

MOST_PIXELS: Final = 1 << 28
"""Images with more pixels are refused: their runs do not fit in what pycocotools reserves for them."""
COLUMNS: Final = (
    ColumnSpec("mask_length", "int64", ragged=True, group="detections", description="characters of each mask's code"),
    ColumnSpec("mask_codes", "uint8", ragged=True, description="run-length codes, one after another"),
)
_MEASURE: Final = Kernel("coco_mask_measure", "int64", "int64[]", "uint8[]", "int64[]", "float64[]", "float64[]")
_IOUS: Final = Kernel(
    "coco_mask_ious", "int64", "int64", "int64[]", "int64[]", "int32[]", "int64[]", "int64[]", "uint8[]",
    "int64[]", "int32[]", "int64[]", "int64[]", "uint8[]", "uint8[]", "int64", "float64[]",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """Masks one after another, and how large the images are that they lie in."""

    starts: Int
    """(n + 1,): mask `i` has the characters `starts[i]` to `starts[i + 1]` of `codes`."""
    codes: NDArray[np.uint8]
    sizes: Int
    """(images, 2): height and width in pixels."""

    def code(self, index: int) -> bytes:
        """The run-length code of one mask, ASCII."""
        return self.codes[self.starts[index] : self.starts[index + 1]].tobytes()


class Side(NamedTuple):
    """The rows of one side of a matching, image after image; `order` says which mask a row has."""

    offsets: Int
    category: NDArray[np.int32]
    order: Int
    masks: Masks


def pack(codes: Sequence[bytes]) -> Ragged:
    """Run-length codes one after another, one row each."""
    lengths = np.fromiter(map(len, codes), np.int64, len(codes))
    return Ragged(np.frombuffer(b"".join(codes), np.uint8), _starts(lengths))


def take(masks: Ragged, rows: Int) -> Ragged:
    """Some of the codes, in the order given; without an index of every character, as `Ragged.take` makes it."""
    edges = masks.offsets
    if len(rows) == len(masks) and (np.diff(rows) == 1).all():
        return masks
    parts = [masks.values[low:high] for low, high in zip(edges[rows].tolist(), edges[rows + 1].tolist(), strict=True)]
    return Ragged(np.concatenate(parts or [masks.values[:0]]), _starts(np.diff(edges)[rows]))


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


def mask_ious(found: Side, truth: Side, crowd: NDArray[np.bool_], *, same_category: bool = True) -> Float:
    """The IoUs of every detection with the annotations of its image (and category), one detection after another."""
    arguments = (
        len(found.offsets) - 1, same_category, truth.masks.sizes,
        found.offsets, found.category, found.order, found.masks.starts, found.masks.codes,
        truth.offsets, truth.category, truth.order, truth.masks.starts, truth.masks.codes,
        np.ascontiguousarray(crowd).view(np.uint8),
    )  # fmt: skip
    rows = np.empty(_IOUS(*arguments, -1, np.empty(0)))
    _IOUS(*arguments, len(rows), rows)
    return rows


def mask_columns(masks: Masks, offsets: Int) -> dict[str, Ragged]:
    """The columns of `COLUMNS`, whose rows `offsets` (images + 1,) delimits; masks stand image after image."""
    lengths = np.diff(masks.starts)
    return {
        "mask_length": Ragged(lengths, offsets),
        "mask_codes": Ragged(masks.codes, masks.starts[offsets]),
    }


def masks_of(table: Table, sizes: Int) -> Masks | None:
    """The masks in a table's columns; None where it has none. `sizes` (images, 2) are heights and widths."""
    if "mask_length" not in table.columns:
        return None
    starts = _starts(table.ragged("mask_length").values)
    return Masks(starts=starts, codes=table.ragged("mask_codes").values, sizes=np.ascontiguousarray(sizes))


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


def _starts(lengths: Int) -> Int:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
