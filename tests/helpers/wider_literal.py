"""WIDER FACE's evaluation word for word from its description: slow loops, one image and one threshold at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

Box = tuple[float, float, float, float]
REALMIN, REALMAX = 2.0**-126, (2 - 2.0**-23) * 2.0**127  # of single precision


@dataclass(frozen=True)
class Image:
    """Faces x, y, width, height; for each setting the numbers, from 0, of those that count; detections with scores."""

    faces: Sequence[Box]
    counted: Sequence[frozenset[int]]
    boxes: Sequence[Box]
    scores: Sequence[float]


def score_range(images: Sequence[Image]) -> tuple[float, float]:
    """Lowest and highest score of all images."""
    low, high = REALMAX, REALMIN
    for image in images:
        for score in image.scores:
            low, high = min(low, score), max(high, score)
    return low, high


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of boxes whose corners belong to them."""
    ax, ay, bx, by = a[0] + a[2], a[1] + a[3], b[0] + b[2], b[1] + b[3]
    width = min(ax, bx) - max(a[0], b[0]) + 1
    height = min(ay, by) - max(a[1], b[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / ((ax - a[0] + 1) * (ay - a[1] + 1) + (bx - b[0] + 1) * (by - b[1] + 1) - common)


def match(image: Image, setting: int, order: Sequence[int]) -> tuple[list[int], list[int]]:
    """For each detection: faces recalled so far, and 1 or -1 for a proposal or none."""
    recall_list = [0] * len(image.faces)
    recalled, proposals = [], []
    for row in order:
        overlaps = [overlap(face, image.boxes[row]) for face in image.faces]
        best = overlaps.index(max(overlaps))
        proposal = 1
        if overlaps[best] >= 0.5:
            if best not in image.counted[setting]:
                recall_list[best] = proposal = -1
            elif recall_list[best] == 0:
                recall_list[best] = 1
        recalled.append(recall_list.count(1))
        proposals.append(proposal)
    return recalled, proposals


def curve(
    images: Sequence[Image], setting: int, limits: tuple[float, float] | None = None
) -> tuple[list[float], list[float], int]:
    """Precision and recall at 1,000 thresholds, and the number of faces that count; NaN for 0 / 0."""
    low, high = limits or score_range(images)
    total = [[0, 0] for _ in range(1000)]
    for image in images:
        if not image.faces or not image.boxes:
            continue
        order = sorted(range(len(image.boxes)), key=lambda row: -image.scores[row])
        recalled, proposals = match(image, setting, order)
        spread = high - low
        normalised = [(image.scores[row] - low) / spread if spread else nan for row in order]
        for t in range(1, 1001):
            reached = [place for place, score in enumerate(normalised) if score >= 1 - t / 1000]
            if reached:
                total[t - 1][0] += sum(proposal == 1 for proposal in proposals[: reached[-1] + 1])
                total[t - 1][1] += recalled[reached[-1]]
    faces = sum(len(image.counted[setting]) for image in images)
    precision = [hits / proposals if proposals else nan for proposals, hits in total]
    recall = [hits / faces if faces else nan for _, hits in total]
    return precision, recall, faces


def average_precision(precision: Sequence[float], recall: Sequence[float]) -> float:
    """The area under the envelope; MATLAB's max passes NaN over."""
    mrec, mpre = [0.0, *recall, 1.0], [0.0, *precision, 0.0]
    for i in range(len(mpre) - 2, -1, -1):
        mpre[i] = mpre[i + 1] if mpre[i] != mpre[i] else max(mpre[i], mpre[i + 1])
    # NumPy's sum, as the ports': its order of additions decides the last digit.
    return float(np.sum([(b - a) * p for a, b, p in zip(mrec, mrec[1:], mpre[1:], strict=False) if a != b]))
