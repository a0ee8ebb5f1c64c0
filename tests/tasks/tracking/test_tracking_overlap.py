"""The overlap of regions against whole masks, painted pixel by pixel as the evaluators' rules say."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.tracking.vot.statistics import overlaps

WIDTH, HEIGHT = 40, 30
F = np.float32
Points = list[tuple[float, float]]

coordinate = st.one_of(
    st.integers(-20, 60).map(float), st.integers(-80, 240).map(lambda n: n / 4), st.floats(-20, 60, width=32)
)
corners = st.lists(st.tuples(coordinate, coordinate), min_size=4, max_size=4)
side = st.one_of(st.integers(0, 50).map(float), st.floats(0, 50, width=32))
box = st.tuples(coordinate, coordinate, side, side)
region = st.one_of(box, corners.map(lambda points: tuple(value for point in points for value in point)))


def polygon(values: tuple[float, ...]) -> Points:
    """A region's corners in single precision."""
    if len(values) == 4:
        x, y, w, h = values
        return [(F(a), F(b)) for a, b in ((x, y), (x + w, y), (x + w, y + h), (x, y + h))]
    return [(F(values[i]), F(values[i + 1])) for i in range(0, 8, 2)]


def half_away(value: float) -> int:
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def crossings(points: Points, row: int, *, level: bool) -> list[int]:
    found = []
    for (x1, y1), (x2, y2) in zip(points, points[-1:] + points[:-1], strict=True):
        if not min(y1, y2) <= row <= max(y1, y2):
            continue
        if y1 != y2:
            found.append(int(float(x1) + (row - float(y1)) / (float(y2) - float(y1)) * (float(x2) - float(x1))))
        elif level:
            found.append(int(x1))
    return sorted(found)


def painted(points: Points, width: int, height: int, mode: int) -> NDArray[np.bool_]:
    """The mask of a polygon whose corners are relative to the mask."""
    mask = np.zeros((height, width), np.bool_)
    for row in range(height):
        nodes = crossings(points, row, level=mode == 2)
        i = 0
        while i < len(nodes) - 1:
            if nodes[i] == nodes[i + 1] and not (mode == 2 and i == len(nodes) - 2):
                i += 1
                continue
            if nodes[i] >= width:
                break
            if nodes[i + 1] >= 0:
                mask[row, max(nodes[i], 0) : min(nodes[i + 1], width - 1) + 1] = True
            i += 2
    return mask


def painted_legacy(points: Points, width: int, height: int) -> NDArray[np.bool_]:
    mask = np.zeros((height, width), np.bool_)
    for row in range(height):
        nodes = []
        for (x1, y1), (x2, y2) in zip(points, points[-1:] + points[:-1], strict=True):
            if (y1 < row <= y2) or (y2 < row <= y1):
                nodes.append(int(x1 + (F(row) - y1) / (y2 - y1) * (x2 - x1)))
        nodes.sort()
        for first, last in zip(nodes[::2], nodes[1::2], strict=True):
            if first >= width:
                break
            if last > 0:
                mask[row, max(first, 0) : width - 1 if last > width else last] = True
    return mask


def bounded(points: Points, frame: tuple[float, float], *, rounded: bool) -> tuple[float, float, float, float]:
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    if rounded:
        left, top, right, bottom = np.floor(left), np.floor(top), np.ceil(right), np.ceil(bottom)
    return max(left, F(0)), max(top, F(0)), min(right, F(frame[0])), min(bottom, F(frame[1]))


def area(b: tuple[float, float, float, float]) -> float:
    return F(F(b[2] - b[0]) * F(b[3] - b[1]))


def slow_pysot(a: tuple[float, ...], b: tuple[float, ...], frame: tuple[float, float], *, legacy: bool) -> float:
    p, q = polygon(a), polygon(b)
    bp, bq = bounded(p, frame, rounded=not legacy), bounded(q, frame, rounded=not legacy)
    x, y = min(bp[0], bq[0]), min(bp[1], bq[1])
    width, height = int(max(bp[2], bq[2]) - x) + 1, int(max(bp[3], bq[3]) - y) + 1
    with np.errstate(all="ignore"):
        ap, aq = np.float64(area(bp)), np.float64(area(bq))
        if ap / aq < 1e-10 or aq / ap < 1e-10 or width < 1 or height < 1:
            return 0.0
        both = (max(bp[0], bq[0]), max(bp[1], bq[1]), min(bp[2], bq[2]), min(bp[3], bq[3]))
        ratio = area(both) / F(F(area(bp) + area(bq)) - area(both))
        if not ratio > 0 and not math.isnan(ratio):
            return 0.0
    masks = []
    for points in (p, q):
        moved = [(px - x, py - y) for px, py in points]
        if legacy:
            masks.append(painted_legacy(moved, width, height))
        else:
            masks.append(painted([(half_away(px), half_away(py)) for px, py in moved], width, height, 0))
    with np.errstate(invalid="ignore"):
        return float(F(np.sum(masks[0] & masks[1])) / F(np.sum(masks[0] | masks[1])))


def slow_toolkit(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    known = [[int(np.rint(F(v))) for v in values] for values in (a, b)]
    spans = []
    for values in known:
        if len(values) == 4:
            x, y, w, h = values
            spans.append((x, y, x + w - 1, y + h - 1))
        else:
            spans.append((min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])))
    left, top = min(s[0] for s in spans), min(s[1] for s in spans)
    right, bottom = max(s[2] for s in spans), max(s[3] for s in spans)
    if left >= right or top >= bottom:
        return 1.0
    left, top, right, bottom = max(0, left), max(0, top), min(WIDTH - 1, right), min(HEIGHT - 1, bottom)
    if left >= right or top >= bottom:
        return 0.0
    masks = []
    for values, span in zip(known, spans, strict=True):
        if len(values) == 4:
            mask = np.zeros((bottom - top + 1, right - left + 1), np.bool_)
            if span[0] <= right and span[2] >= left and span[1] <= bottom and span[3] >= top:
                mask[max(0, span[1] - top) : span[3] - top + 1, max(0, span[0] - left) : span[2] - left + 1] = True
        else:
            points = [(values[i] - left, values[i + 1] - top) for i in range(0, 8, 2)]
            mask = painted(points, right - left + 1, bottom - top + 1, 2)
        masks.append(mask)
    union = int(np.sum(masks[0] | masks[1]))
    return int(np.sum(masks[0] & masks[1])) / union if union else 0.0


def fast(mode: int, a: tuple[float, ...], b: tuple[float, ...], frame: tuple[float, float]) -> float:
    rows = np.zeros((2, 8))
    rows[0, : len(a)], rows[1, : len(b)] = a, b
    counts = np.array([len(a), len(b)], np.uint8)
    return float(overlaps(mode, rows[:1], counts[:1], rows[1:], counts[1:], frame)[0])


def same(ours: float, theirs: float) -> bool:
    return ours == theirs or (math.isnan(ours) and math.isnan(theirs))


@settings(max_examples=400)
@given(region, region)
def test_rounded_regions_overlap_as_their_masks(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    frame = (float(WIDTH), float(HEIGHT))
    assert same(fast(0, a, b, frame), slow_pysot(a, b, frame, legacy=False))


@settings(max_examples=400)
@given(region, region)
def test_legacy_regions_overlap_as_their_masks(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    frame = (WIDTH - 1.0, HEIGHT - 1.0)
    assert same(fast(1, a, b, frame), slow_pysot(a, b, frame, legacy=True))


@settings(max_examples=400)
@given(region, region)
def test_the_toolkits_regions_overlap_as_their_masks(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    assert same(fast(2, a, b, (WIDTH, HEIGHT)), slow_toolkit(a, b))


@settings(max_examples=200)
@given(st.sampled_from([0, 1, 2]), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=8, max_size=8))
def test_numbers_far_beyond_the_frame_give_a_share(mode: int, far: list[float]) -> None:
    """A tracker that runs away may answer 1e30, which no whole number of pixels can hold."""
    truth = (5.0, 5.0, 20.0, 12.0)
    for answered in (tuple(far), tuple(far[:4]), (far[0], far[1], abs(far[2]), abs(far[3]))):
        share = fast(mode, answered, truth, (WIDTH, HEIGHT))
        assert math.isnan(share) or 0 <= share <= 1
    everywhere = (-1e30, -1e30, 3e30, 3e30)
    assert fast(mode, everywhere, truth, (WIDTH, HEIGHT)) == fast(mode, (-1e9, -1e9, 2e9, 2e9), truth, (WIDTH, HEIGHT))


def test_a_code_has_no_overlap() -> None:
    regions, truth = np.zeros((3, 8)), np.tile([1.0, 1, 5, 5, 0, 0, 0, 0], (3, 1))
    found = overlaps(0, regions, np.array([0, 1, 2], np.uint8), truth, np.full(3, 4, np.uint8), (WIDTH, HEIGHT))
    assert np.isnan(found).all()
