"""Pixels that answered and true masks have in common, counted on their run-length codes."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from harness.columns import Table
from harness.rle import measure
from tasks.referring.metrics import Int

PIXELS: Final = ("once", "any")


def overlaps(truth: Table, found: Table) -> dict[str, tuple[Int, Int]]:
    """For both kinds of pixels: intersections and unions, int64 (n,); without an answer 0 and the true mask's pixels.

    `truth` has the columns of `data.TRUTH`, `found` those of the interface, with sound codes; both stand in one order.
    """
    sizes = truth.dense("size")
    codes, length = found.ragged("mask_code"), len(truth)
    answered = np.flatnonzero(np.diff(codes.offsets))
    area = np.zeros(length, np.int64)
    area[answered] = measure(codes.take(answered), sizes[answered])[0].astype(np.int64)
    result = {}
    for kind in PIXELS:
        true = truth.ragged(f"mask_{kind}")
        there = np.diff(true.offsets) > 0
        true_area = np.zeros(length, np.int64)
        true_area[there] = measure(true.take(np.flatnonzero(there)), sizes[there])[0].astype(np.int64)
        common = np.zeros(length, np.int64)
        for index, pixels in _common(truth, found, kind, answered):
            common[index] = pixels
        result[kind] = common, true_area + area - common
    return result


def _common(truth: Table, found: Table, kind: str, answered: Int) -> Iterator[tuple[int, int]]:
    from pycocotools.mask import area, merge

    true, codes, sizes = truth.ragged(f"mask_{kind}"), found.ragged("mask_code"), truth.dense("size").tolist()
    for index in answered.tolist():
        pair = [{"size": sizes[index], "counts": part.row(index).tobytes()} for part in (true, codes)]
        yield index, int(area(merge(pair, intersect=True)))
