"""If these fail, scores and boxes differ from the authors' suppression, and with them the published AP."""

import numpy as np
import pytest

pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

from submissions.centernet.soft_nms import METHODS, soft_nms

F = np.float32


def pixel_iou(a: np.ndarray, b: np.ndarray) -> np.float32:
    """IoU counting pixels; areas are double products, as in the compiled official code, the rest float32."""
    width = min(a[2], b[2]) - max(a[0], b[0]) + F(1)
    height = min(a[3], b[3]) - max(a[1], b[1]) + F(1)
    if width <= 0 or height <= 0:
        return F(0)
    area_a = (float(a[2] - a[0]) + 1.0) * (float(a[3] - a[1]) + 1.0)
    area_b = (float(b[2] - b[0]) + 1.0) * (float(b[3] - b[1]) + 1.0)
    return width * height / F(area_a + float(F(area_b)) - float(width * height))


def factor(iou: np.float32, method: str, overlap: np.float32) -> np.float32:
    if method == "gaussian":
        return F(np.exp(float(-(iou * iou) / F(0.5))))
    if iou <= overlap:
        return F(1)
    return F(1) - iou if method == "linear" else F(0)


def literally(rows: np.ndarray, method: str, overlap: np.float32, exponent: float | None) -> None:
    """Row by row, with scalars: swap the best to the front, decay the rest, drop by swapping with the last."""
    alive = len(rows)
    for front in range(len(rows)):
        best = front
        for other in range(front + 1, alive):
            if rows[other, 4] > rows[best, 4]:
                best = other
        held = rows[front, :5].copy()
        rows[front, :5] = rows[best, :5]
        rows[best, :5] = held
        chosen = rows[front].copy()
        sums = weights = None
        if exponent is not None:
            weights = [chosen[5], chosen[5], chosen[6], chosen[6]]
            sums = [chosen[c] * weights[c] for c in range(4)]
        place = front + 1
        while place < alive:
            row = rows[place]
            iou = pixel_iou(chosen, row)
            if iou > 0:
                weight = factor(iou, method, overlap)
                if sums is not None and weights is not None and exponent is not None:
                    share = F(float(F(1) - weight) ** exponent)
                    for c in range(4):
                        corner = row[5 + c // 2]
                        sums[c] = sums[c] + row[c] * corner * share
                        weights[c] = weights[c] + corner * share
                row[4] = weight * row[4]
                if row[4] < F(0.001):
                    rows[place, :5] = rows[alive - 1, :5]
                    alive -= 1
                    continue
            place += 1
        if sums is not None and weights is not None:
            for c in range(4):
                if weights[c] > 0:
                    rows[front, c] = sums[c] / weights[c]


def random_rows(seed: int, count: int, low: float) -> np.ndarray:
    random = np.random.default_rng(seed)
    corner = random.integers(0, 30, (count, 2)) / 4
    size = random.integers(4, 60, (count, 2)) / 4
    scores = np.round(random.uniform(low, 1, (count, 3)) ** 4, 3)
    return np.concatenate([corner, corner + size, scores], axis=1).astype(np.float32)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("exponent", [None, 10.0])
@given(seed=st.integers(0, 10_000), count=st.integers(0, 25), low=st.sampled_from([0.05, 0.3]))
@settings(max_examples=25, deadline=None)
def test_suppression_is_exactly_the_literal_one(
    method: str, exponent: float | None, seed: int, count: int, low: float
) -> None:
    rows = random_rows(seed, count, low)
    expected = rows.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        literally(expected, method, F(0.5), exponent)
        soft_nms(rows, method=method, overlap=0.5, merge_exponent=exponent)
    np.testing.assert_array_equal(rows, expected)


def test_a_dropped_row_leaves_a_copy_of_the_last() -> None:
    box = [0, 0, 9, 9]
    apart = [50, 50, 59, 59]
    rows = np.array([[*box, 0.9], [*box, 0.002], [*apart, 0.001]], dtype=np.float32)
    soft_nms(rows)
    assert rows[1].tolist() == rows[2].tolist()
    assert rows[2, 4] == F(0.001)


def test_gaussian_decay_of_the_same_box() -> None:
    rows = np.array([[0, 0, 9, 9, 0.9], [0, 0, 9, 9, 0.8]], dtype=np.float32)
    soft_nms(rows)
    assert rows[1, 4] == F(np.exp(-2.0)) * F(0.8)
