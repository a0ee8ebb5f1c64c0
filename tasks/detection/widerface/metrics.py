"""WIDER FACE's average precision: arrays in, numbers out.

Source: the official eval_tools (MATLAB: norm_score, evaluation, boxoverlap, VOCap), in the double precision of its Python
ports. Every count is a whole number, so that none of it depends on an order of additions but the last sum's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from tasks.detection.average_precision import area

Float = NDArray[np.float64]
Int = NDArray[np.int64]

BINS: Final = 1000
IOU: Final = 0.5
THRESHOLDS: Final[Float] = 1 - np.arange(1, BINS + 1) / BINS
"""The scores at which precision and recall are read, descending from 0.999 to 0."""
_LOWEST: Final = float(np.finfo(np.float32).tiny)
_HIGHEST: Final = float(np.finfo(np.float32).max)
"""Where the official search for the highest and the lowest score starts: realmin and realmax of single precision."""
_MATCH: Final = Kernel("wider_match", "int64", "int64[]", "float64[]", "int64[]", "float64[]", "float64", "int64[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What counts of every detection. Image `i` has the detections ``offsets[i]`` to ``offsets[i + 1]``."""

    offsets: Int
    bin: NDArray[np.uint16]
    """The first threshold that the score reaches, or `BINS` where it reaches none."""
    proposal: NDArray[np.uint8]
    """Bit s: counts as a detection in setting s (it lies on no face that does not count)."""
    hit: NDArray[np.uint8]
    """Bit s: the first detection of a face that counts in setting s."""


def score_range(scores: Float) -> tuple[float, float]:
    """The lowest and the highest score as the official code finds them, whatever the scores are."""
    return float(np.min(scores, initial=_HIGHEST)), float(np.max(scores, initial=_LOWEST))


def score_bins(scores: Float, low: float, high: float) -> NDArray[np.uint16]:
    """The first of `THRESHOLDS` that each score reaches after normalisation, uint16 (n,).

    Where all scores are equal, 0 / 0 reaches no threshold.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        normalised = (scores - low) / (high - low)
    bins = BINS - np.searchsorted(THRESHOLDS[::-1], normalised, side="right")
    bins[np.isnan(normalised)] = BINS
    return bins.astype(np.uint16)


def match(
    offsets: Int,
    boxes_xywh: Float,
    bins: NDArray[np.uint16],
    truth_offsets: Int,
    truth_boxes: Float,
    counted: NDArray[np.bool_],
) -> Marks:
    """Mark the detections, which stand by descending score inside their image.

    `boxes_xywh` (n, 4), `truth_boxes` (faces, 4), `counted` (faces, settings). A detection of a face that was detected
    before remains a proposal; detections on images without faces are none.
    """
    face = np.empty(len(boxes_xywh), np.int64)
    _MATCH(len(offsets) - 1, offsets, _corners(boxes_xywh), truth_offsets, _corners(truth_boxes), IOU, face)
    bits = counted @ (1 << np.arange(counted.shape[1])).astype(np.uint8)
    every = np.uint8((1 << counted.shape[1]) - 1)
    found = face >= 0
    proposal = np.full(len(face), every)
    proposal[found] = bits[face[found]]
    first = np.zeros(len(face), np.bool_)
    first[np.flatnonzero(found)[np.unique(face[found], return_index=True)[1]]] = True
    proposal[np.repeat(np.diff(truth_offsets) == 0, np.diff(offsets))] = 0
    hit = np.where(first, proposal, 0).astype(np.uint8)
    return Marks(offsets=offsets, bin=bins, proposal=proposal, hit=hit)


def _corners(boxes_xywh: Float) -> Float:
    """x1, y1, x2, y2; the far corner is x + width, not the last pixel, as officially."""
    return np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], axis=1)


def counts(bins: NDArray[np.uint16], chosen: NDArray[np.bool_]) -> Int:
    """How many of the chosen detections reach each threshold, int64 (BINS,)."""
    return np.cumsum(np.bincount(bins[chosen], minlength=BINS + 1)[:BINS])


def precision_recall(hits: Int, proposals: Int, faces: int) -> tuple[Float, Float]:
    """Precision and recall at the thresholds, float64 (BINS,); precision is NaN before the first proposal."""
    with np.errstate(invalid="ignore"):
        return hits / proposals, hits / np.float64(faces)


def average_precision(hits: Int, proposals: Int, faces: int) -> float | None:
    """The area under the curve; None without faces. Points without proposals have recall 0 and no part in it."""
    if faces == 0:
        return None
    precision, recall = precision_recall(hits, proposals, faces)
    return area(recall, np.where(proposals == 0, 0.0, precision))
