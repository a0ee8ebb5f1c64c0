"""What every sequence contributes to the scores of a VOT challenge: overlaps and codes, frame by frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Row, Table
from harness.kernels import Kernel

Float = NDArray[np.float64]
Codes = NDArray[np.uint8]
BURN_IN: Final = 10
"""Frames from each start on that do not count for the accuracy."""
RASTERS: Final = {"pysot": 0, "pysot-legacy-raster": 1, "vot-python": 2}
"""Protocol -> how its regions are rasterised, as native/track_overlap.c numbers it."""
_OVERLAP: Final = Kernel(
    "track_overlap", "int64", "int64", "uint8[]", "float64[]", "uint8[]", "float64[]", "float64", "float64", "float64[]"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Track:
    """All repetitions of one sequence, (repetitions, frames); overlaps are NaN where there is no region."""

    codes: Codes
    accuracy: Float
    """Overlaps inside the frame that the accuracy takes, NaN in the burn-in too."""
    overlaps: Float
    """Overlaps that the expected average overlap takes."""
    tags: NDArray[np.bool_]
    """(frames, tags), or (0, tags) where the sequence carries none."""

    @property
    def failures(self) -> NDArray[np.int64]:
        """How often each repetition failed, (repetitions,)."""
        counts: NDArray[np.int64] = np.count_nonzero(self.codes == 2, axis=1)
        return counts

    @property
    def frames(self) -> int:
        """The length of the sequence."""
        return int(self.codes.shape[1])


def overlaps(
    raster: int, regions: Float, counts: Codes, truth: Float, truth_counts: Codes, bounds: tuple[float, float]
) -> Float:
    """Overlap of each region with the truth inside a frame of `bounds`, width and height in pixels; float64 (n,)."""
    found = np.empty(len(counts))
    _OVERLAP(raster, len(counts), counts, regions, truth_counts, truth, *bounds, found)
    return found


def measure(truth: Table, predictions: Table, tags: dict[str, NDArray[np.bool_]], protocol: str) -> Table:
    """The statistics of every sequence under `protocol`, as a table that `tracks` reads."""
    raster = RASTERS[protocol]
    rows = [
        _measure(truth.row(truth.position(id)), predictions.row(predictions.position(id)), raster) for id in truth.ids
    ]
    lines = _offsets([len(row[0]) for row in rows])
    marks = [tags[id] for id in truth.ids]
    return Table(
        truth.ids,
        {
            "repetitions": np.array([predictions.dense("repetitions")[predictions.position(id)] for id in truth.ids]),
            "codes": Ragged(np.concatenate([row[0] for row in rows]), lines),
            "accuracy": Ragged(np.concatenate([row[1] for row in rows]), lines),
            "overlaps": Ragged(np.concatenate([row[2] for row in rows]), lines),
            "tags": Ragged(np.concatenate(marks), _offsets([len(mark) for mark in marks])),
        },
    )


def _offsets(lengths: list[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *lengths], dtype=np.int64)


def _measure(truth: Row, row: Row, raster: int) -> tuple[Codes, Float, Float]:
    times = int(row["repetitions"])
    width, height = (int(side) for side in truth["size"])
    codes, regions = np.ascontiguousarray(row["codes"], np.uint8), np.ascontiguousarray(row["regions"], np.float64)
    known = (
        np.tile(np.asarray(truth["regions"], np.float64), (times, 1)),
        np.tile(np.asarray(truth["counts"], np.uint8), times),
    )
    whole = overlaps(raster, regions, codes, *known, (width, height))
    # pysot bounds regions by the frame's size for the accuracy, and by one pixel less for the expected overlap.
    expected = whole if raster == 2 else overlaps(raster, regions, codes, *known, (width - 1, height - 1))
    return codes, np.where(_burn_in(codes.reshape(times, -1)).reshape(-1), np.nan, whole), expected


def _burn_in(codes: Codes) -> NDArray[np.bool_]:
    burnt: NDArray[np.bool_] = codes == 1
    for later in range(1, BURN_IN):
        burnt[:, later:] |= codes[:, :-later] == 1
    return burnt


def tracks(table: Table) -> list[Track]:
    """The table's sequences in order."""
    found = []
    for index in range(len(table)):
        row = table.row(index)
        times = int(row["repetitions"])
        codes, accuracy, expected = (row[name].reshape(times, -1) for name in ("codes", "accuracy", "overlaps"))
        found.append(Track(codes, accuracy, expected, row["tags"]))
    return found
