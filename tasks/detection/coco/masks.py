"""Masks of many images in columns, and their IoUs, equal to pycocotools' last digit.

Source: cocodataset/cocoapi, common/maskApi.c (rleIou) and PythonAPI/pycocotools/coco.py (annToRLE, loadRes).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Ragged, Table
from harness.kernels import Kernel
from harness.rle import row_starts

Float = NDArray[np.float64]
Int = NDArray[np.int64]

COLUMNS: Final = (
    ColumnSpec("mask_length", "int64", ragged=True, group="detections", description="characters of each mask's code"),
    ColumnSpec("mask_codes", "uint8", ragged=True, description="run-length codes, one after another"),
)
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


def take(masks: Ragged, rows: Int) -> Ragged:
    """Some of the codes, in the order given; without an index of every character, as `Ragged.take` makes it."""
    edges = masks.offsets
    if len(rows) == len(masks) and (np.diff(rows) == 1).all():
        return masks
    parts = [masks.values[low:high] for low, high in zip(edges[rows].tolist(), edges[rows + 1].tolist(), strict=True)]
    return Ragged(np.concatenate(parts or [masks.values[:0]]), row_starts(np.diff(edges)[rows]))


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
    starts = row_starts(table.ragged("mask_length").values)
    return Masks(starts=starts, codes=table.ragged("mask_codes").values, sizes=np.ascontiguousarray(sizes))
