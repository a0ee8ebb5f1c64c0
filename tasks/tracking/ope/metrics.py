"""Success, precision and normalised precision of one-pass results: boxes in, counts and scores out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.tracking.ope.rules import HALF, NORMALIZED, PRECISION_PIXELS, TWENTY, Float, Rules

Int = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many frames of each sequence pass each threshold, int64 (sequences, thresholds), of how many."""

    success: Int
    precision: Int
    normalized: Int
    frames: Int
    """(sequences,): the denominators."""


def count(truth: Float, boxes: Float, absent: Mask, offsets: Int, rules: Rules) -> Counts:
    """Count the frames that pass; `truth` and `boxes` are x, y, width, height of all frames, (frames, 4).

    `absent` is (frames,), `offsets` (sequences + 1,) says where each sequence starts.
    """
    lengths, first = np.diff(offsets), offsets[:-1]
    boxes = repaired(boxes, truth, offsets, rules.repair)
    if rules.first_frame:
        boxes = boxes.copy()
        boxes[first] = truth[first]
    owners = np.repeat(np.arange(len(lengths)), lengths)
    kept = ~absent if rules.drop_absent else np.ones(len(truth), np.bool_)
    if rules.drop_nan:
        known = ~np.isnan(truth).any(axis=1)
        kept &= known
        lengths = np.bincount(owners[known], minlength=len(lengths))
    truth, boxes, owners = truth[kept], boxes[kept], owners[kept]
    sequences = len(lengths)
    return Counts(
        success=_above(overlaps(truth, boxes, rules), rules.thresholds(), owners, sequences),
        precision=_within(center_errors(truth, boxes, rules), PRECISION_PIXELS, owners, sequences),
        normalized=_within(normalized_errors(truth, boxes, rules), NORMALIZED, owners, sequences),
        frames=lengths.astype(np.int64),
    )


def repaired(boxes: Float, truth: Float, offsets: Int, rule: str) -> Float:
    """Boxes of which those that are none take the box of the frame before; the first frame stays as it is."""
    if not rule:
        return boxes
    bad = unusable(boxes, rule) & ~np.any(np.isnan(truth), axis=1)
    bad[offsets[:-1]] = False
    source = np.maximum.accumulate(np.where(bad, 0, np.arange(len(boxes))))
    return boxes[source]


def unusable(boxes: Float, rule: str) -> Mask:
    """Which boxes are none: MATLAB's `if` takes NaN only where all four numbers are, LaSOT's evaluator any."""
    unknown = np.isnan(boxes)
    bad: Mask = np.any(unknown, axis=1) if rule == "lasot" else np.all(unknown, axis=1)
    bad |= np.any(boxes[:, 2:] <= 0, axis=1)
    return bad


def overlaps(truth: Float, boxes: Float, rules: Rules) -> Float:
    """Intersection over union, (frames,); -1 where the truth is none."""
    one = 1.0 if rules.pixels else 0.0
    left, top = np.maximum(boxes[:, 0], truth[:, 0]), np.maximum(boxes[:, 1], truth[:, 1])
    right = np.minimum(boxes[:, 0] + boxes[:, 2] - one, truth[:, 0] + truth[:, 2] - one)
    bottom = np.minimum(boxes[:, 1] + boxes[:, 3] - one, truth[:, 1] + truth[:, 3] - one)
    # Boxes of any finite size are answers; an area past the largest number is infinite, and the overlap 0.
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        common = np.maximum(0, right - left + one) * np.maximum(0, bottom - top + one)
        union = boxes[:, 2] * boxes[:, 3] + truth[:, 2] * truth[:, 3] - common
        found: Float = common / (union + rules.epsilon)
    if not rules.pixels:
        found = np.maximum(np.minimum(1, found), 0)
    if rules.known != "any":
        found[~_positive(truth if rules.known == "all" else truth[:, 2:])] = -1
    return found


def center_errors(truth: Float, boxes: Float, rules: Rules) -> Float:
    """Distances of the centres in pixels, (frames,); -1 where the truth is none."""
    known, found = _centers(truth), _centers(boxes)
    return _distances(truth, known, found, rules)


def normalized_errors(truth: Float, boxes: Float, rules: Rules) -> Float:
    """Distances of the centres in sides of the truth, (frames,); -1 where the truth is none."""
    sides = truth[:, 2:]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if rules.normalized == "clipped":
            difference = (_centers(boxes) - _centers(truth)) / np.maximum(1.0, sides)
            distances: Float = np.sqrt(np.sum(difference**2, axis=1))
            return distances
        sides = sides + 1e-16 if rules.normalized == "small" else sides
        return _distances(truth, _centers(truth) / sides, _centers(boxes) / sides, rules)


def _distances(truth: Float, known: Float, found: Float, rules: Rules) -> Float:
    with np.errstate(invalid="ignore", over="ignore"):
        distances: Float = np.sqrt(np.sum((found - known) ** 2, axis=1))
    if rules.known != "any":
        distances[~_positive(truth if rules.known == "all" else known)] = -1
    return distances


def _centers(boxes: Float) -> Float:
    centers: Float = boxes[:, :2] + (boxes[:, 2:] - 1) / 2
    return centers


def _positive(values: Float) -> Mask:
    positive: Mask = np.all(values > 0, axis=1)
    return positive


def _above(values: Float, thresholds: Float, owners: Int, sequences: int) -> Int:
    """How many values of each owner lie above each threshold; NaN lies above none."""
    passed = np.where(np.isnan(values), 0, np.searchsorted(thresholds, values, side="left"))
    counts = _histogram(passed, owners, sequences, len(thresholds) + 1)
    return np.cumsum(counts[:, :0:-1], axis=1)[:, ::-1]


def _within(values: Float, thresholds: Float, owners: Int, sequences: int) -> Int:
    """How many values of each owner lie at or below each threshold; NaN lies below none."""
    place = np.where(np.isnan(values), len(thresholds), np.searchsorted(thresholds, values, side="left"))
    return np.cumsum(_histogram(place, owners, sequences, len(thresholds) + 1)[:, :-1], axis=1)


def _histogram(bins: Int, owners: Int, sequences: int, size: int) -> Int:
    return np.bincount(owners * size + bins, minlength=sequences * size).reshape(sequences, size).astype(np.int64)


def curve_rows(counts: Int, frames: Int, rules: Rules) -> Float:
    """The curves of the sequences that count, (at most sequences, thresholds); sequences without frames do not."""
    there = frames > 0
    rows: Float = counts[there] / frames[there, None]
    return rows[rows.sum(axis=1) > np.finfo(np.float64).eps] if rules.drop_zero_curves else rows


def scores(counts: Counts, rules: Rules) -> dict[str, float]:
    """All metrics; NaN where no sequence counts. The order of the sequences decides the last digit."""
    success = curve_rows(counts.success, counts.frames, rules)
    precision = curve_rows(counts.precision, counts.frames, rules)
    normalized = curve_rows(counts.normalized, counts.frames, rules)
    nothing = float("nan")
    found = dict.fromkeys(("AUC", "success50", "precision20", "normalized_precision"), nothing)
    if len(success):
        mean = np.mean(success, axis=0)
        found |= {"AUC": float(np.mean(success) if rules.pooled else np.mean(mean)), "success50": float(mean[HALF])}
    if len(precision):
        found["precision20"] = float(np.mean(precision, axis=0)[TWENTY])
    if len(normalized):
        mean = np.mean(normalized, axis=0)
        found["normalized_precision"] = float(np.mean(mean) if rules.normalized_area else mean[TWENTY])
    return found


def replicate(counts: Counts, rules: Rules, weights: NDArray[np.uint16]) -> dict[str, Float]:
    """The metrics of every row of `weights`, (resamples, sequences): float64 (resamples,), NaN where undefined."""
    drawn = weights.astype(np.float64)
    success, in_success = _shares(counts.success, counts.frames, rules)
    precision, in_precision = _shares(counts.precision, counts.frames, rules)
    normalized, in_normalized = _shares(counts.normalized, counts.frames, rules)
    last = normalized.mean(axis=1) if rules.normalized_area else normalized[:, TWENTY]
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "AUC": drawn @ success.mean(axis=1) / (drawn @ in_success),
            "success50": drawn @ success[:, HALF] / (drawn @ in_success),
            "precision20": drawn @ precision[:, TWENTY] / (drawn @ in_precision),
            "normalized_precision": drawn @ last / (drawn @ in_normalized),
        }


def _shares(counts: Int, frames: Int, rules: Rules) -> tuple[Float, Float]:
    """Every sequence's curve, 0 where it does not count, and whether it counts."""
    rows: Float = counts / np.maximum(frames, 1)[:, None]
    counted = frames > 0
    if rules.drop_zero_curves:
        counted &= rows.sum(axis=1) > np.finfo(np.float64).eps
    return rows, counted.astype(np.float64)
