"""Accuracy, robustness and expected average overlap as the Python VOT toolkit computes them, in single precision.

Source: votchallenge/toolkit 0.9.0, vot/analysis/supervised.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.vot.statistics import Float, Track

SENSITIVITY: Final = 30.0
"""How many frames the reliability of the accuracy-robustness plot looks ahead."""
Single = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Stretches from a start to the failure or the end, (n, longest), float32: overlaps and where they count."""

    overlaps: Single
    counts: Single
    sequence: NDArray[np.int64]
    lengths: NDArray[np.int64]


def accuracy_of(track: Track) -> float:
    """Mean overlap of the frames past the burn-in, mean of the repetitions; a repetition without such frames gives 0."""
    means = []
    for codes, overlaps in zip(track.codes, track.accuracy, strict=True):
        counted = overlaps[(codes > 2) & ~np.isnan(overlaps)]
        means.append(float(np.mean(counted)) if len(counted) else 0.0)
    return sum(means) / len(means)


def accuracy(tracks: Sequence[Track]) -> float:
    """Mean of the sequences' accuracies, weighted by their lengths."""
    return sum(accuracy_of(track) * track.frames for track in tracks) / sum(track.frames for track in tracks)


def robustness(tracks: Sequence[Track]) -> float:
    """Mean of the sequences' failures, weighted by their lengths."""
    failures = sum(int(track.failures.sum()) / len(track.codes) * track.frames for track in tracks)
    return failures / sum(track.frames for track in tracks)


def reliability(failures_per_frame: float) -> float:
    """The abscissa of the accuracy-robustness plot."""
    return math.exp(-failures_per_frame * SENSITIVITY)


def mean_length(tracks: Sequence[Track]) -> float:
    """By which the toolkit divides its weighted failures to plot them."""
    return sum(track.frames for track in tracks) / len(tracks)


def pieces(tracks: Sequence[Track]) -> Pieces:
    """Cut every repetition from each start to the failure, which is left out, or to the end."""
    found: list[tuple[Float, bool, int]] = []
    for owner, track in enumerate(tracks):
        for codes, overlaps in zip(track.codes, np.nan_to_num(track.overlaps), strict=True):
            starts, ends = np.flatnonzero(codes == 1), np.flatnonzero(codes == 2)
            found += [(overlaps[a:b], False, owner) for a, b in zip(starts, ends, strict=False)]
            if len(starts) > len(ends):
                found.append((overlaps[starts[-1] :], True, owner))
    longest = max(len(piece) for piece, _, _ in found)
    values, counts = np.zeros((len(found), longest), np.float32), np.zeros((len(found), longest), np.float32)
    for row, (piece, survived, _) in enumerate(found):
        values[row, : len(piece)] = piece
        counts[row, : len(piece) if survived else longest] = 1
    return Pieces(
        overlaps=values,
        counts=counts,
        sequence=np.array([owner for _, _, owner in found], np.int64),
        lengths=np.array([len(piece) for piece, _, _ in found], np.int64),
    )


def prefix_means(overlaps: Single, longest: int) -> Single:
    """Mean overlap of frames 1 to i at column i, single precision, added up as the toolkit does; at most `longest`."""
    means = overlaps[:, :longest].copy()
    for i in range(1, means.shape[1]):
        means[:, i] = np.mean(overlaps[:, 1 : i + 1], axis=1)
    return means


def expected_overlap_curve(found: Pieces, longest: int) -> Float:
    """Expected overlap of sequences of each length from 0, (at most `longest`,)."""
    counts = found.counts[:, :longest]
    totals = np.sum(prefix_means(found.overlaps, longest) * counts, axis=0)
    curve: Float = totals / np.sum(counts, axis=0).astype(np.float64)
    return curve


def expected_average_overlap(curve: Float, interval: tuple[int, int]) -> float:
    """Mean of the curve between the interval's two lengths, counted from 0, both included; NaN where it ends before."""
    inside = curve[interval[0] : interval[1] + 1]
    return float(np.mean(inside)) if len(inside) else float("nan")
