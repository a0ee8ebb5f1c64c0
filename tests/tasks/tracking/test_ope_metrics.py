"""One-pass scores against the evaluators' rules restated frame by frame."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.tracking.ope.details import ordered, select
from tasks.tracking.ope.metrics import Counts, count, replicate, scores
from tasks.tracking.ope.rules import RULES

Box = list[float]
NAN = [math.nan] * 4
number = st.one_of(st.integers(-5, 40).map(float), st.floats(-5, 40, width=32))
extent = st.one_of(st.integers(-1, 30).map(float), st.floats(0.5, 30, width=32))
known_box = st.tuples(number, number, extent, extent).map(list)
true_box = st.one_of(
    st.tuples(number, number, st.integers(1, 30).map(float), st.integers(1, 30).map(float)).map(list), known_box
)
truth_row = st.one_of(true_box, true_box, true_box, st.just(NAN))
answer_row = st.one_of(known_box, known_box, true_box, st.just(NAN), st.just([1.0, math.nan, 3.0, 4.0]))


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[list[Box], list[Box], list[bool]]]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        frames = draw(st.integers(1, 8))
        truth = [draw(true_box), *draw(st.lists(truth_row, min_size=frames - 1, max_size=frames - 1))]
        answers = draw(st.lists(answer_row, min_size=frames, max_size=frames))
        # Frames that are answered to the pixel lie exactly on thresholds.
        answers = [list(t) if draw(st.booleans()) else a for t, a in zip(truth, answers, strict=True)]
        absent = [False, *draw(st.lists(st.booleans(), min_size=frames - 1, max_size=frames - 1))]
        found.append((truth, answers, absent))
    return found


def iou(t: Box, a: Box, one: float, epsilon: float) -> float:
    if any(math.isnan(v) for v in (*t, *a)):
        return math.nan
    w = max(0.0, min(a[0] + a[2] - one, t[0] + t[2] - one) - max(a[0], t[0]) + one)
    h = max(0.0, min(a[1] + a[3] - one, t[1] + t[3] - one) - max(a[1], t[1]) + one)
    union = a[2] * a[3] + t[2] * t[3] - w * h + epsilon
    return w * h / union if union else (math.nan if w * h == 0 else math.inf)


def center(b: Box) -> tuple[float, float]:
    return b[0] + (b[2] - 1) / 2, b[1] + (b[3] - 1) / 2


def distance(p: tuple[float, float], q: tuple[float, float]) -> float:
    return math.sqrt((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2)


def matlab_like(truth: list[Box], answers: list[Box], absent: list[bool], *, lasot: bool) -> list[tuple[float, ...]]:
    boxes = [list(a) for a in answers]
    for i in range(1, len(boxes)):
        nan = [math.isnan(v) for v in boxes[i]]
        bad = (any(nan) if lasot else all(nan)) or boxes[i][2] <= 0 or boxes[i][3] <= 0
        if bad and not any(math.isnan(v) for v in truth[i]):
            boxes[i] = boxes[i - 1]
    boxes[0] = truth[0]
    found = []
    for t, a, gone in zip(truth, boxes, absent, strict=True):
        if lasot and gone:
            continue
        if not all(v > 0 for v in t):
            found.append((-1.0, -1.0, -1.0))
            continue
        (tx, ty), (ax, ay) = center(t), center(a)
        found.append(
            (
                iou(t, a, 1.0, 0.0),
                distance((tx, ty), (ax, ay)),
                distance((tx / t[2], ty / t[3]), (ax / t[2], ay / t[3])),
            )
        )
    return found


def pysot_like(truth: list[Box], answers: list[Box], absent: list[bool]) -> list[tuple[float, ...]]:
    found = []
    for t, a, gone in zip(truth, answers, absent, strict=True):
        if gone:
            continue
        overlap = iou(t, a, 0.0, 0.0)
        overlap = overlap if math.isnan(overlap) else max(min(1.0, overlap), 0.0)
        overlap = overlap if t[2] > 0 and t[3] > 0 else -1.0
        tc, ac = center(t), center(a)
        error = distance(tc, ac) if tc[0] > 0 and tc[1] > 0 else -1.0
        sides = t[2] + 1e-16, t[3] + 1e-16
        if 0 in sides:
            return []
        tn, an = (tc[0] / sides[0], tc[1] / sides[1]), (ac[0] / sides[0], ac[1] / sides[1])
        found.append((overlap, error, distance(tn, an) if tn[0] > 0 and tn[1] > 0 else -1.0))
    return found


def got10k_like(truth: list[Box], answers: list[Box], absent: list[bool]) -> list[tuple[float, ...]]:
    found = []
    for t, a in zip(truth, [truth[0], *answers[1:]], strict=True):
        if any(math.isnan(v) for v in t):
            continue
        overlap = iou(t, a, 0.0, float(np.finfo(float).eps))
        overlap = overlap if math.isnan(overlap) else max(min(1.0, overlap), 0.0)
        (tx, ty), (ax, ay) = center(t), center(a)
        error = distance((tx, ty), (ax, ay))
        found.append((overlap, error, math.sqrt(((ax - tx) / max(1.0, t[2])) ** 2 + ((ay - ty) / max(1.0, t[3])) ** 2)))
    return found


def literal(protocol: str, data: list[tuple[list[Box], list[Box], list[bool]]]) -> Counts | None:
    success, precision, normalized, frames = [], [], [], []
    for truth, answers, absent in data:
        if protocol == "pysot":
            rows = pysot_like(truth, answers, absent)
            if not rows:
                return None
            grid = np.arange(0, 1.05, 0.05).tolist()
        elif protocol == "got10k":
            rows, grid = got10k_like(truth, answers, absent), np.linspace(0, 1, 21).tolist()
        else:
            rows = matlab_like(truth, answers, absent, lasot=protocol == "lasot")
            grid = [i * 0.05 if i <= 10 else 1 - (20 - i) * 0.05 for i in range(21)]
        success.append([sum(o > t for o, _, _ in rows) for t in grid])
        precision.append([sum(e <= t for _, e, _ in rows) for t in range(51)])
        normalized.append([sum(n <= t / 100 for _, _, n in rows) for t in range(51)])
        frames.append(len(rows) if protocol == "got10k" else len(truth))
    arrays = (np.array(values, np.int64) for values in (success, precision, normalized, frames))
    return Counts(**dict(zip(("success", "precision", "normalized", "frames"), arrays, strict=True)))


def counted(protocol: str, data: list[tuple[list[Box], list[Box], list[bool]]]) -> Counts:
    offsets = np.cumsum([0, *(len(truth) for truth, _, _ in data)])
    truth, answers, absent = (np.concatenate([np.array(row[i]) for row in data]) for i in range(3))
    return count(
        truth.astype(np.float64), answers.astype(np.float64), absent.astype(np.bool_), offsets, RULES[protocol]
    )


@settings(max_examples=150)
@given(sequences(), st.sampled_from(sorted(RULES)))
def test_counts_are_those_of_the_rules(data: list[tuple[list[Box], list[Box], list[bool]]], protocol: str) -> None:
    expected = literal(protocol, data)
    if expected is None:
        return
    found = counted(protocol, data)
    for name in ("success", "precision", "normalized", "frames"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name


@settings(max_examples=100)
@given(sequences(), st.lists(st.integers(0, 3), min_size=4, max_size=4), st.sampled_from(sorted(RULES)))
def test_a_resample_scores_as_repeated_sequences(
    data: list[tuple[list[Box], list[Box], list[bool]]], draws: list[int], protocol: str
) -> None:
    found, rules = counted(protocol, data), RULES[protocol]
    draws = draws[: len(data)]
    drawn = select(found, [i for i, times in enumerate(draws) for _ in range(times)])
    if not len(drawn.frames):
        return
    expected = scores(drawn, rules)
    again = {name: float(values[0]) for name, values in replicate(found, rules, np.array([draws], np.uint16)).items()}
    assert again == pytest.approx(expected, rel=1e-9, nan_ok=True)


def test_matlabs_thresholds_are_built_from_both_ends() -> None:
    """Frames that lie on a threshold fall on the other side of NumPy's."""
    grid = RULES["otb-matlab"].thresholds()
    assert grid[17] == 1 - 3 * 0.05 != np.arange(0, 1.05, 0.05)[17] or grid[14] != np.arange(0, 1.05, 0.05)[14]
    assert (grid[0], grid[10], grid[20]) == (0.0, 0.5, 1.0)


def test_a_perfect_tracker_gets_20_of_21() -> None:
    truth: list[Box] = [[5.0, 5, 10, 10], [6.0, 5, 10, 10]]
    for protocol in RULES:
        found = scores(counted(protocol, [(truth, truth, [False, False])]), RULES[protocol])
        assert found["AUC"] == pytest.approx(20 / 21) and found["precision20"] == 1.0


def test_the_order_of_the_sequences_is_the_evaluators() -> None:
    counts = Counts(
        **{name: np.array([[1], [2]]) for name in ("success", "precision", "normalized")}, frames=np.array([3, 4])
    )
    assert ordered(("b", "a"), counts, RULES["pysot"]).frames.tolist() == [4, 3]
    assert ordered(("b", "a"), counts, RULES["otb-matlab"]).frames.tolist() == [3, 4]


def test_a_lost_tracker_leaves_matlabs_mean_alone() -> None:
    truth: list[Box] = [[5.0, 5, 10, 10]] * 2
    lost: list[Box] = [[900.0, 900, 1, 1]] * 2
    counts = counted("pysot", [(truth, truth, [False] * 2), (truth, lost, [False] * 2)])
    assert scores(counts, RULES["otb-matlab"])["AUC"] == pytest.approx(20 / 21)
    assert scores(counts, RULES["pysot"])["AUC"] == pytest.approx(10 / 21)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("protocol", RULES)
def test_boxes_past_every_number_miss_in_silence(protocol: str) -> None:
    truth = np.tile([10.0, 10, 20, 20], (3, 1))
    answers = np.array([[10.0, 10, 20, 20], [1e200, 1e200, 1e200, 1e200], [10, 10, 20, 20]])
    found = count(truth, answers, np.zeros(3, np.bool_), np.array([0, 3]), RULES[protocol])
    assert (found.success[0, 0], found.precision[0, -1], found.frames[0]) == (2, 2, 3)
