"""What a user would lose: a baseline whose coefficients are right to the last digit, in every corner of a frame."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from submissions.ncc.matching import correlation, grey
from submissions.ncc.model import TemplateMatcher


def literal(window: Any, template: Any) -> Any:
    """The textbook's coefficient at every place, in exact whole numbers up to the last step."""
    height, width = template.shape
    found = np.zeros((window.shape[0] - height + 1, window.shape[1] - width + 1))
    t = [int(v) for v in template.ravel()]
    n = len(t)
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            w = [int(v) for v in window[row : row + height, column : column + width].ravel()]
            above = n * sum(a * b for a, b in zip(t, w, strict=True)) - sum(t) * sum(w)
            spreads = (n * sum(a * a for a in t) - sum(t) ** 2, n * sum(b * b for b in w) - sum(w) ** 2)
            if all(spreads):
                found[row, column] = above / np.sqrt(float(spreads[1]) * float(spreads[0]))
    return found


images = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**31)).flatmap(
    lambda s: st.tuples(arrays(np.uint8, (s[0], s[1])), arrays(np.uint8, (1 + s[2] % s[0], 1 + (s[2] // 16) % s[1])))
)


@given(images)
def test_coefficients_are_those_of_the_textbook(pair: Any) -> None:
    window, template = pair
    assert np.array_equal(correlation(window, template), literal(window, template))


def test_coefficients_are_those_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    random = np.random.default_rng(3)
    window = random.integers(0, 256, (60, 80), dtype=np.uint8)
    template = window[20:41, 30:47].copy()
    found = correlation(window, template)
    assert np.unravel_index(found.argmax(), found.shape) == (20, 30)
    assert np.abs(found - cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)).max() < 1e-5
    colour = random.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    assert np.array_equal(grey(colour), cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY))


def moving(step: tuple[int, int], count: int) -> list[Any]:
    random = np.random.default_rng(5)
    ground, target = random.integers(0, 256, (60, 90, 3), np.uint8), random.integers(0, 256, (12, 16, 3), np.uint8)
    frames = []
    for number in range(count):
        frame = ground.copy()
        x, y = 30 + number * step[0], 20 + number * step[1]
        frame[y : y + 12, x : x + 16] = target
        frames.append(frame)
    return frames


def test_a_target_that_moves_less_than_its_longer_side_is_found_exactly() -> None:
    frames = moving((-7, 3), 5)
    tracker = TemplateMatcher()
    tracker.init(frames[0], np.array([30.0, 20, 16, 12]))
    for number, frame in enumerate(frames[1:], 1):
        answer: Any = tracker.update(frame)
        assert answer["box"].tolist() == [30 - 7 * number, 20 + 3 * number, 16, 12]
        assert answer["score"] == pytest.approx(1)


def test_the_window_reaches_the_longer_side_and_no_further() -> None:
    first, _ = moving((0, 0), 2)
    near, far = moving((16, 0), 2)[1], moving((17, 0), 2)[1]
    for frame, found in ((near, True), (far, False)):
        tracker = TemplateMatcher()
        tracker.init(first, np.array([30.0, 20, 16, 12]))
        answer: Any = tracker.update(frame)
        assert (answer["score"] > 0.99) is found


@pytest.mark.parametrize("box", [[-5.0, -4, 20, 20], [80.0, 50, 30, 30], [10.4, 10.6, 0.3, 0.2], [500.0, 500, 9, 9]])
def test_boxes_out_of_the_frame_or_below_a_pixel_keep_their_size(box: list[float]) -> None:
    frames = moving((1, 1), 3)
    tracker = TemplateMatcher()
    tracker.init(frames[0], np.array(box))
    for frame in frames[1:]:
        answer: Any = tracker.update(frame)
        assert np.isfinite(answer["box"]).all()
        assert answer["box"][2:].tolist() == box[2:]


def test_a_target_without_contrast_stays_where_it_was() -> None:
    flat = np.full((30, 40, 3), 90, np.uint8)
    tracker = TemplateMatcher()
    tracker.init(flat, np.array([5.0, 6, 7, 8]))
    answer: Any = tracker.update(flat)
    assert answer["box"].tolist() == [5, 6, 7, 8]
