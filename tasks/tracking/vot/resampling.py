"""The scores of resamples of the sequences: every sequence counted as often as a resample drew it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.vot import pysot, toolkit
from tasks.tracking.vot.statistics import Float, Track

Weights = NDArray[np.uint16]


def replicate_pysot(tracks: Sequence[Track], weights: Weights, interval: tuple[int, int]) -> Mapping[str, Float]:
    """The metrics of every row of `weights`, (resamples, sequences): float64 (resamples,), NaN where undefined."""
    drawn = weights.astype(np.float64)
    frames = np.array([track.frames for track in tracks], np.float64)
    failures = np.array([float(np.mean(track.failures)) for track in tracks])
    means = [pysot.mean_of_repetitions(track.accuracy) for track in tracks]
    sums = np.array([float(np.nansum(mean)) for mean in means])
    counts = np.array([np.count_nonzero(~np.isnan(mean)) for mean in means], np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": drawn @ sums / (drawn @ counts),
            "robustness": drawn @ failures / (drawn @ frames) * 100,
            "lost_number": drawn @ failures,
            "EAO": _expected_pysot(tracks, drawn, frames, interval),
        }


def _expected_pysot(tracks: Sequence[Track], drawn: Float, frames: Float, interval: tuple[int, int]) -> Float:
    pieces = pysot.fragments(tracks)
    inside = slice(interval[0] - 1, interval[1])
    known = ~np.isnan(pieces.overlaps[:, inside])
    means = pysot.prefix_means(pieces.overlaps)[:, inside]
    owners = np.arange(len(tracks))[:, None] == pieces.sequence
    weighed = owners * pieces.weights
    totals, shares = drawn @ (weighed @ np.where(known, means, 0.0)), drawn @ (weighed @ known.astype(np.float64))
    curve = (totals / shares).astype(np.float32).astype(np.float64)
    # The curve of a resample ends with its longest sequence.
    longest = np.max(np.where(drawn > 0, frames, 0), axis=1)
    exists = np.arange(inside.start, inside.start + curve.shape[1]) < longest[:, None]
    exists &= ~np.isnan(curve)
    return _mean_of(curve, exists)


def replicate_toolkit(tracks: Sequence[Track], weights: Weights, interval: tuple[int, int]) -> Mapping[str, Float]:
    """The same under the Python toolkit's rules."""
    drawn = weights.astype(np.float64)
    frames = np.array([track.frames for track in tracks], np.float64)
    failures = np.array([float(np.mean(track.failures)) for track in tracks])
    accuracies = np.array([toolkit.accuracy_of(track) for track in tracks])
    with np.errstate(invalid="ignore", divide="ignore"):
        robustness = drawn @ (failures * frames) / (drawn @ frames)
        lengths = (drawn @ frames) / drawn.sum(axis=1)
        return {
            "accuracy": drawn @ (accuracies * frames) / (drawn @ frames),
            "robustness": robustness,
            "robustness_exp": np.exp(-robustness / lengths * toolkit.SENSITIVITY),
            "lost_number": drawn @ failures,
            "EAO": _expected_toolkit(tracks, weights, interval),
        }


def _expected_toolkit(tracks: Sequence[Track], weights: Weights, interval: tuple[int, int]) -> Float:
    """Added up stretch by stretch in single precision, as the toolkit does, so that a row of ones is its own score."""
    found = toolkit.pieces(tracks)
    inside = slice(interval[0], interval[1] + 1)
    means, counts = toolkit.prefix_means(found.overlaps, inside.stop)[:, inside], found.counts[:, inside]
    drawn = weights.astype(np.float32)
    totals, shares = (np.zeros((len(weights), means.shape[1]), np.float32) for _ in range(2))
    for row, owner in enumerate(found.sequence):
        totals += drawn[:, owner, None] * (means[row] * counts[row])
        shares += drawn[:, owner, None] * counts[row]
    curve = totals / shares.astype(np.float64)
    longest = np.max(np.where(weights[:, found.sequence] > 0, found.lengths, 0), axis=1)
    exists = np.arange(inside.start, inside.start + curve.shape[1]) < longest[:, None]
    return _mean_of(curve, exists)


def _mean_of(curves: Float, exists: NDArray[np.bool_]) -> Float:
    """Row by row the mean of what exists; NaN where nothing does."""
    means: Float = np.where(exists, curves, 0.0).sum(axis=1) / exists.sum(axis=1)
    return means
