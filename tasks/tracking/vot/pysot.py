"""Accuracy, robustness and expected average overlap as pysot's toolkit and the MATLAB toolkit compute them.

Source: STVIR/pysot, toolkit/evaluation/ar_benchmark.py, eao_benchmark.py, toolkit/utils/statistics.py.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.vot.statistics import Float, Track

SKIP: Final = 5
"""Frames from a failure to the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragments:
    """Stretches between starts, (n, longest): overlaps, 0 after a failure, NaN where a stretch says nothing."""

    overlaps: Float
    weights: Float
    sequence: NDArray[np.int64]
    """(n,): to which sequence each belongs."""


def accuracy(tracks: Sequence[Track]) -> float:
    """Mean overlap of all frames of all sequences, each frame the mean of its repetitions; NaN where no frame counts."""
    pooled = np.concatenate([mean_of_repetitions(track.accuracy) for track in tracks])
    return float(np.nanmean(pooled)) if not np.isnan(pooled).all() else float("nan")


def mean_of_repetitions(overlaps: Float) -> Float:
    """Mean overlap of every frame over the repetitions that have one there, (frames,); NaN where none has."""
    if len(overlaps) == 1:
        first: Float = overlaps[0]
        return first
    known = ~np.isnan(overlaps)
    with np.errstate(invalid="ignore"):
        means: Float = np.where(known, overlaps, 0.0).sum(axis=0) / known.sum(axis=0)
    return means


def lost_number(tracks: Sequence[Track]) -> float:
    """Failures of all sequences, mean of the repetitions."""
    return float(np.mean(_failures(tracks)))


def robustness(tracks: Sequence[Track]) -> float:
    """Failures in a hundred frames, mean of the repetitions."""
    return float(np.mean(_failures(tracks) / sum(track.frames for track in tracks)) * 100)


def _failures(tracks: Sequence[Track]) -> Float:
    """Failures of each repetition; where sequences have unlike numbers of them, the sum of their means."""
    if len({len(track.codes) for track in tracks}) == 1:
        totals: Float = np.sum([track.failures for track in tracks], axis=0, dtype=np.float64)
        return totals
    return np.array([sum(float(np.mean(track.failures)) for track in tracks)])


def fragments(tracks: Sequence[Track], tag: int | None = None) -> Fragments:
    """Cut every repetition at its failures; `tag` weighs each stretch by how many of its frames carry it."""
    longest = max(track.frames for track in tracks)
    rows, weights, owners = [], [], []
    for owner, track in enumerate(tracks):
        marks = np.ones(track.frames) if tag is None else track.tags[:, tag].astype(np.float64)
        for codes, overlaps in zip(track.codes, track.overlaps, strict=True):
            for row, share in _cut(np.flatnonzero(codes == 2), overlaps, marks, longest):
                rows.append(row)
                weights.append((1 / (len(track.codes) + 1e-10)) * share)
                owners.append(owner)
    return Fragments(overlaps=np.array(rows), weights=np.array(weights), sequence=np.array(owners, np.int64))


def _cut(failures: NDArray[np.int64], overlaps: Float, marks: Float, longest: int) -> list[tuple[Float, float]]:
    """The stretches of one repetition and the share of marked frames in each.

    Without a failure the overlaps stay as they are, NaN in the first frame. A stretch that ended in a failure reaches one
    frame past the next start and is 0 from there on; the last stretch says nothing past the end of the sequence.
    """
    frames = len(overlaps)
    if not len(failures):
        return [(_padded(overlaps, longest, np.nan), marks.sum() / frames)]
    starts = [0, *(int(failure) + SKIP for failure in failures if failure + SKIP <= frames)]
    known, found = np.nan_to_num(overlaps), []
    for start, after in itertools.pairwise(starts):
        share = marks[start : after + 1].sum() / (after - start + 1)
        found.append((_padded(known[start : after + 1], longest, 0.0), share))
    last = starts[-1]
    found.append((_padded(known[last:], longest, np.nan), marks[last:].sum() / (frames - last + 1e-16)))
    return found


def _padded(values: Float, longest: int, filler: float) -> Float:
    row = np.full(longest, filler)
    row[: len(values)] = values
    return row


def prefix_means(overlaps: Float) -> Float:
    """Mean overlap of frames 1 to i of each stretch at column i, (n, longest); column 0 is 0."""
    means = np.zeros(overlaps.shape)
    np.cumsum(np.nan_to_num(overlaps[:, 1:]), axis=1, out=means[:, 1:])
    means[:, 1:] /= np.arange(1, overlaps.shape[1])
    return means


def expected_overlap_curve(pieces: Fragments) -> NDArray[np.float32]:
    """Expected overlap of sequences of each length, float32 as pysot stores it; NaN where the weights are 0."""
    means, known = prefix_means(pieces.overlaps), ~np.isnan(pieces.overlaps)
    curve = np.zeros(means.shape[1], np.float32)
    curve[0] = 1
    with np.errstate(invalid="ignore", divide="ignore"):
        for i in range(1, len(curve)):
            here = known[:, i]
            if here.any():
                curve[i] = np.sum(means[here, i] * pieces.weights[here]) / np.sum(pieces.weights[here])
    return curve


def expected_average_overlap(curve: NDArray[np.float32], interval: tuple[int, int]) -> float:
    """Mean of the curve from the interval's first to its last length, counted from 1; NaN where nothing is known."""
    inside = np.zeros(len(curve))
    inside[interval[0] - 1 : interval[1]] = 1
    known = ~np.isnan(curve)
    total = np.sum(inside[known])
    return float(np.sum(curve[known] * inside[known]) / total) if total else float("nan")
