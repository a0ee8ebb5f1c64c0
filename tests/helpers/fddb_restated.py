"""FDDB's evaluation restated word for word and slowly: masks as arrays, every assignment tried, lists merged pairwise."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """One entry of a list of results: what is kept from `score` on."""

    score: float
    iou_sum: float
    hits: int
    false_positives: int
    faces: int


def rectangle_mask(box: Sequence[float], width: int, height: int) -> Mask:
    """Filled from round(x, y) to round(x + w, y + h), both inside, clipped to the image."""
    x0, y0 = round(float(np.float32(box[0]))), round(float(np.float32(box[1])))
    x1, y1 = round(float(np.float32(box[0] + box[2]))), round(float(np.float32(box[1] + box[3])))
    return np.array([[x0 <= x <= x1 and y0 <= y <= y1 for x in range(width)] for y in range(height)], np.bool_)


def mask_iou(one: Mask, other: Mask) -> float:
    """Numbers of pixels; 0 where both masks are empty."""
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 0.0


def best_pairings(ious: Sequence[Sequence[float]]) -> list[list[tuple[int, int]]]:
    """Every pairing (face, detection) of the largest sum of IoUs and, of these, of most pairs above 0.5; without zeros."""
    n_faces, n_detections = len(ious), len(ious[0]) if ious else 0
    choices = [None, *range(n_detections)]
    best: tuple[Fraction, int] = (Fraction(-1), -1)
    found: list[list[tuple[int, int]]] = []
    for chosen in itertools.product(choices, repeat=n_faces):
        taken = [d for d in chosen if d is not None]
        if len(taken) != len(set(taken)):
            continue
        pairs = [(f, d) for f, d in enumerate(chosen) if d is not None and ious[f][d] > 0]
        value = sum((Fraction(ious[f][d]) for f, d in pairs), Fraction()), sum(ious[f][d] > 0.5 for f, d in pairs)
        if value > best:
            best, found = value, []
        if value == best and pairs not in found:
            found.append(pairs)
    return found


def image_points(ious: Sequence[Sequence[float]], scores: Sequence[float], n_faces: int) -> list[list[Point]]:
    """For each unique score, ascending, the results that are right (several where pairings tie in all but rounding)."""
    if not scores:
        return [[Point(math.inf, 0.0, 0, 0, n_faces)]]
    steps = []
    for threshold in sorted(set(scores)):
        kept = [d for d, score in enumerate(scores) if score >= threshold]
        part = [[row[d] for d in kept] for row in ious]
        touched = sum(any(iou > 0 for iou in row) for row in part)
        overlapping = sum(any(row[k] > 0 for row in part) for k in range(len(kept)))
        here = []
        for pairs in best_pairings(part):
            ordered = sorted(pairs) if touched <= overlapping else sorted(pairs, key=lambda pair: pair[1])
            total, hits = 0.0, 0
            for f, k in ordered:
                total += part[f][k]
                hits += part[f][k] > 0.5
            here.append(Point(threshold, total, hits, len(kept) - hits, n_faces))
        steps.append(here)
    return steps


def merge(one: list[Point], other: list[Point]) -> list[Point]:
    """Two lists, ascending by score, merged as FDDB's code does: both go on where their scores are equal."""
    if not one or not other:
        return one or other
    merged, i, k = [], 0, 0
    while i < len(one) and k < len(other):
        a, b = one[i], other[k]
        merged.append(
            Point(
                min(a.score, b.score), a.iou_sum + b.iou_sum, a.hits + b.hits, a.false_positives + b.false_positives,
                a.faces + b.faces,
            )
        )  # fmt: skip
        i += a.score <= b.score
        k += b.score <= a.score
    for point, faces in [*((p, other[0].faces) for p in one[i:]), *((p, one[0].faces) for p in other[k:])]:
        merged.append(Point(point.score, point.iou_sum, point.hits, point.false_positives, point.faces + faces))
    return merged


def rate_at(points: Sequence[Point], limit: int, *, discrete: bool) -> float | None:
    """The rate at the lowest score with at most `limit` false positives; None where the curve never has as many."""
    faces = points[0].faces
    if not faces or max(point.false_positives for point in points) < limit:
        return None
    for point in points:
        if point.false_positives <= limit:
            return (point.hits if discrete else point.iou_sum) / faces
    return 0.0
