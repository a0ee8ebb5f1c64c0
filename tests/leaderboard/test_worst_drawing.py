"""A reader sees in a worst sample where truth and answer lie; what a stranger answered cannot stop the page."""

import numpy as np
import pytest

from leaderboard.worst_drawing import BESIDE, OUTLINES, WHITE, YELLOW, drawn, outlines

GREY = np.full((100, 160, 3), 128, np.uint8)


def colours(pixels: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, pixels.reshape(-1, 3).tolist()))


def along(pixels: np.ndarray, colour: tuple[int, int, int], row: int, left: int, right: int) -> float:
    """The share of a line of pixels that has a colour."""
    return float((pixels[row, left:right] == colour).all(axis=1).mean())


def test_truth_is_solid_and_the_answer_dashed() -> None:
    truth = {"boxes_xywh": np.array([[10.0, 10, 60, 30]])}
    answer = {"boxes_xywh": np.array([[10.0, 60, 60, 30]]), "scores": np.array([0.9])}
    found = drawn({"image": GREY}, truth, answer, {})
    assert found is not None and found.pixels.shape == (200, 320, 3)
    assert found.legend == OUTLINES and found.said == "1 true, 1 answered"
    assert along(found.pixels, WHITE, 20, 24, 136) == 1
    assert 0.4 < along(found.pixels, YELLOW, 120, 24, 136) < 0.9


def test_of_many_answers_those_with_the_highest_scores_are_drawn() -> None:
    truth = {"boxes_xyxy": np.array([[10.0, 10, 60, 30], [80, 10, 99, 30]])}
    boxes = np.array([[0.0, 0, 5, 5], [10, 50, 70, 20], [80, 50, 60, 20], [0, 90, 5, 5]])
    found = drawn({"image": GREY}, truth, {"boxes_xywh": boxes, "scores": np.array([0.1, 0.8, 0.9, 0.2])}, {})
    assert found is not None and found.said == "2 true, 2 of 4 answered"
    assert YELLOW not in colours(found.pixels[:30, :30]) and YELLOW not in colours(found.pixels[176:, :20])
    assert YELLOW in colours(found.pixels[90:160])


def test_an_ellipse_has_its_radii_about_its_centre() -> None:
    [points] = outlines({"ellipses": np.array([[30.0, 10, np.pi / 2, 50, 60]])})
    assert np.allclose(points.min(axis=0), [40, 30], atol=0.2) and np.allclose(points.max(axis=0), [60, 90], atol=0.2)


def test_classes_are_said() -> None:
    answer = {"logits": np.array([0.0, 3.0, 1.0])}
    found = drawn({"image": GREY[:32, :32]}, {"label": np.int64(2)}, answer, {"categories": ["cat", "dog", "frog"]})
    assert found is not None and found.said == "frog, answered dog" and found.pixels.shape == (320, 320, 3)


def test_a_picture_that_was_answered_stands_beside_its_input() -> None:
    pixels = np.full((40 * 60, 3), 200, np.uint8)
    found = drawn({"image": GREY[:20, :30]}, {}, {"pixels": pixels, "size": np.array([40, 60])}, {})
    assert found is not None and found.legend == BESIDE and found.pixels.shape == (200, 604, 3)
    assert (found.pixels[:, :300] == 128).all() and (found.pixels[:, 304:] == 200).all()


def test_of_a_sequence_the_frame_that_was_missed_most_is_shown() -> None:
    truth = np.array([[10.0, 10, 20, 20]] * 5)
    answer = truth.copy()
    answer[2, 0] += 15
    answer[3, 0] += 60
    frames = [np.full((100, 160, 3), shade, np.uint8) for shade in range(5)]
    rows = {"boxes_xywh": truth, "absent": np.array([False, False, False, True, False])}, {"boxes_xywh": answer}
    found = drawn({"frames": frames}, *rows, {})
    assert found is not None and found.said == "frame 3 of 5, where the boxes overlap least"
    assert tuple(found.pixels[-1, -1]) == (2, 2, 2)


@pytest.mark.parametrize("box", [[np.nan, 0, 1, 1], [-1e300, -1e300, 1e300, 1e300], [1e18, 5, 3, 3], [5, 5, -3, -3]])
def test_boxes_without_bounds_are_drawn_in_bounded_time(box: list[float]) -> None:
    found = drawn({"image": GREY}, {}, {"boxes_xywh": np.array([box] * 10_000)}, {})
    assert found is not None and found.pixels.shape == (200, 320, 3)


def test_no_picture_no_drawing() -> None:
    for image in (None, "x", GREY[..., 0], GREY.astype(float)):
        assert drawn({"image": image}, {}, {}, {}) is None
