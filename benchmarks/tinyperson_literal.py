"""TinyPerson's two evaluators, word for word and slowly: one list and one loop for every sentence of their rules.

For tests and for comparing times. Images are lists of annotations and of detections, as dictionaries; nothing here is shared
with the implementation.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Entry = dict[str, Any]
Box = tuple[float, ...]
IOUS = (0.25, 0.5, 0.75)
AREAS = {
    "all": (1**2, 1e5**2), "tiny": (1**2, 20**2), "tiny1": (1**2, 8**2), "tiny2": (8**2, 12**2),
    "tiny3": (12**2, 20**2), "small": (20**2, 32**2), "reasonable": (32**2, 1e5**2),
}  # fmt: skip
SETUPS = {
    "tiny1": (2, 8), "tiny2": (8, 12), "tiny3": (12, 20), "tiny": (2, 20), "small": (20, 32), "all": (-1, 1e5**2),
}  # fmt: skip


def shared_area(a: Box, b: Box) -> float:
    """The area that two boxes x, y, width, height share."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


@functools.cache
def iou(dt: Box, gt: Box, over_detection: bool) -> float:
    """Intersection over union, or over the detection's own area."""
    both = shared_area(dt, gt)
    if both == 0:
        return 0.0
    return both / (dt[2] * dt[3] if over_detection else dt[2] * dt[3] + gt[2] * gt[3] - both)


def iod(overlaps: Sequence[float], areas: Sequence[float], dt: Sequence[float]) -> list[float]:
    """Intersection over detection, as the official code derives it from IoU; NaN for a detection without area."""
    area = dt[2] * dt[3]
    if area == 0:
        return [math.nan] * len(overlaps)
    return [o / (1 + o) * (1 + a / area) for o, a in zip(overlaps, areas, strict=True)]


def first_largest(values: Sequence[float]) -> int:
    """The position of the largest value, of NaN where there is one: NumPy's argmax."""
    return int(np.argmax(values))


def by_score(detections: Sequence[Entry], limit: int) -> list[Entry]:
    """The best detections, ties in file order."""
    return sorted(detections, key=lambda d: -d["score"])[:limit]


def match_for_precision(
    gts: Sequence[Entry], dts: Sequence[Entry], area: tuple[float, float], threshold: float, use_iod: bool
) -> tuple[list[tuple[bool, bool]], int]:
    """For every detection, best score first, (matched by id, ignored), and the number of annotations that count."""
    ignored = [
        bool(g["iscrowd"] or g["ignore"] or g["uncertain"] or g["area"] < area[0] or g["area"] > area[1]) for g in gts
    ]
    order = sorted(range(len(gts)), key=lambda i: ignored[i])
    taken = [False] * len(gts)
    outcome = []
    for d in dts:
        overlaps = [iou(d["bbox"], g["bbox"], bool(g["iscrowd"])) for g in gts]
        best, m = min(threshold, 1 - 1e-10), -1
        for i in order:
            if taken[i] and not gts[i]["iscrowd"]:
                continue
            if m > -1 and not ignored[m] and ignored[i]:
                break
            if overlaps[i] < best:
                continue
            best, m = overlaps[i], i
        regions = [i for i in order if ignored[i]]
        if m == -1 and use_iod and regions:
            covered = iod([overlaps[i] for i in regions], [gts[i]["area"] for i in regions], d["bbox"])
            first = first_largest(covered)
            if covered[first] >= best:
                m = regions[first]
        size = d["bbox"][2] * d["bbox"][3]
        outside = size < area[0] or size > area[1]
        if m == -1:
            outcome.append((False, outside))
            continue
        taken[m] = True
        named = gts[m]["id"] != 0
        outcome.append((named, ignored[m] or (not named and outside)))
    return outcome, ignored.count(False)


def curves(
    images: Sequence[tuple[Sequence[Entry], Sequence[Entry]]],
    limit: int,
    match: Callable[[Sequence[Entry], Sequence[Entry]], tuple[list[tuple[bool, bool]], int]],
    keep: Callable[[Entry], bool] = lambda d: True,
) -> tuple[list[float], list[float], int]:
    """True and false positives so far, down the scores of all images, and the number of annotations that count."""
    rows, total = [], 0
    for gts, dts in images:
        kept = [d for d in by_score(dts, limit) if keep(d)]
        outcome, counted = match(gts, kept)
        rows += [(d["score"], matched, ignored) for d, (matched, ignored) in zip(kept, outcome, strict=True)]
        total += counted
    rows.sort(key=lambda row: -row[0])
    tp = np.cumsum([matched and not ignored for _, matched, ignored in rows]).astype(float).tolist()
    fp = np.cumsum([not matched and not ignored for _, matched, ignored in rows]).astype(float).tolist()
    return tp, fp, total


def precision_and_recall(tp: Sequence[float], fp: Sequence[float], total: int) -> tuple[list[float], float]:
    """Precision at 101 recalls, and the last recall."""
    recall = [t / total for t in tp]
    precision = [t / (f + t + np.spacing(1)) for t, f in zip(tp, fp, strict=True)]
    for i in range(len(precision) - 1, 0, -1):
        precision[i - 1] = max(precision[i - 1], precision[i])
    at = np.searchsorted(recall, np.linspace(0.0, 1.0, 101), side="left")
    return [precision[i] if i < len(precision) else 0.0 for i in at], recall[-1] if recall else 0.0


def of_category(images: Sequence[tuple[Sequence[Entry], Sequence[Entry]]], category: int) -> Any:
    """The images with the entries of one category only."""
    return [tuple([e for e in side if e["category_id"] == category] for side in image) for image in images]


def average_precision(
    images: Sequence[tuple[Sequence[Entry], Sequence[Entry]]],
    categories: Sequence[int],
    limit: int,
    use_iod: bool = True,
) -> dict[str, float | None]:
    """The 42 numbers; None where officially they are -1."""
    found: dict[str, float | None] = {}
    recalls: dict[str, float | None] = {}
    for threshold in IOUS:
        for size, area in AREAS.items():
            cells, last = [], []
            for category in categories:
                tp, fp, total = curves(
                    of_category(images, category), limit,
                    lambda g, d, area=area, t=threshold: match_for_precision(g, d, area, t, use_iod),
                )  # fmt: skip
                if total:
                    precision, recall = precision_and_recall(tp, fp, total)
                    cells.append(precision)
                    last.append(recall)
            name = f"{round(100 * threshold)}_{size}"
            # As it is officially: recalls outside, categories inside.
            found[f"AP{name}"] = float(np.mean(np.ascontiguousarray(np.array(cells).T))) if cells else None
            recalls[f"AR{name}"] = float(np.mean(last)) if last else None
    return found | recalls


def match_for_misses(
    gts: Sequence[Entry], dts: Sequence[Entry], sizes: tuple[float, float], threshold: float
) -> tuple[list[tuple[bool, bool]], int]:
    """For every detection, best score first, (matched by id, ignored), and the number of annotations that count."""
    ignored = []
    for g in gts:
        size = g.get("size", math.sqrt(g["area"]))
        visible = g.get("vis_ratio", 1 - 1e-12)
        out = size < sizes[0] or size > sizes[1] or visible < 0.65
        ignored.append(bool(out or g["ignore"] or g["uncertain"]))
    order = sorted(range(len(gts)), key=lambda i: ignored[i])
    taken = [False] * len(gts)
    outcome = []
    for d in dts:
        overlaps = [iou(d["bbox"], g["bbox"], ignored[i]) for i, g in enumerate(gts)]
        best, m = min(threshold, 1 - 1e-10), -1
        for i in order:
            if taken[i]:
                continue
            if m != -1 and ignored[i]:
                break
            if overlaps[i] < best:
                continue
            best, m = overlaps[i], i
        regions = [i for i in order if ignored[i]]
        if m == -1 and regions:
            again = iod([overlaps[i] for i in regions], [gts[i]["area"] for i in regions], d["bbox"])
            first = first_largest(again)
            if again[first] > 0.5:
                m = regions[first]
        if m == -1:
            outcome.append((False, False))
            continue
        if not ignored[m]:
            taken[m] = True
        outcome.append((gts[m]["id"] != 0, ignored[m]))
    return outcome, ignored.count(False)


def recalls_at(
    rates: Sequence[float], tp: Sequence[float], fp: Sequence[float], total: int, n_images: int
) -> list[float]:
    """The recall at every rate of false positives per image; the index before the first one is the last one."""
    if not tp:
        return [0.0] * len(rates)
    at = np.searchsorted([f / n_images for f in fp], rates, side="right") - 1
    return [tp[i] / total for i in at]


def misses(
    images: Sequence[tuple[Sequence[Entry], Sequence[Entry]]], categories: Sequence[int], rates: Sequence[float]
) -> dict[str, list[list[float]]]:
    """By name of the miss rate, the recalls at every rate, for every category that has annotations that count."""
    found: dict[str, list[list[float]]] = {}
    for setup, sizes in SETUPS.items():
        for threshold in IOUS:
            rows = found.setdefault(f"MR{round(100 * threshold)}_{setup}", [])
            for category in categories:

                def keep(d: Entry, sizes: tuple[float, float] = sizes) -> bool:
                    size = math.sqrt(d["bbox"][2] * d["bbox"][3])
                    return sizes[0] / 1.25 <= size < sizes[1] * 1.25

                tp, fp, total = curves(
                    of_category(images, category), 1000,
                    lambda g, d, s=sizes, t=threshold: match_for_misses(g, d, s, t), keep,
                )  # fmt: skip
                if total:
                    rows.append(recalls_at(rates, tp, fp, total, len(images)))
    return found
