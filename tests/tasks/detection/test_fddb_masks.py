"""If these fail, FDDB's masks are not the pixels that OpenCV fills, and every IoU is another one."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from fddb_restated import rectangle_mask
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.raw_stream import RawStream
from tasks.detection.fddb.metrics import RECTANGLES, Regions, match
from tasks.detection.fddb.regions import ellipse_mask, ellipse_numbers, rectangle_numbers

OPENCV_SHA256 = "8f08bbfbbc7bee5b5c69e83eaced7feb8cf30a30269d830adbefd89e8dc3439a"
"""Of the masks of `drawn(1)`, as OpenCV 3.4.18, 4.8.1, 4.14.0 and 5.0.0 fill them (computed with these)."""
COUNT = 2_000


def drawn(seed: int) -> Iterator[tuple[NDArray[np.int64], int, int]]:
    """Ellipses of all sizes and turns, inside, across and outside the border, with the image's width and height."""
    stream = RawStream(seed)
    for index in range(COUNT):
        width, height, reach = stream.between(1, 260), stream.between(1, 260), (4, 20, 60, 300)[index % 4]
        x, y = stream.between(-reach, width + reach), stream.between(-reach, height + reach)
        yield np.array([x, y, stream.below(reach), stream.below(reach), stream.between(-400, 800)]), width, height


def test_masks_are_those_that_opencv_fills() -> None:
    digest = hashlib.sha256()
    for numbers, width, height in drawn(1):
        digest.update(np.packbits(ellipse_mask(numbers, width, height)).tobytes())
    assert digest.hexdigest() == OPENCV_SHA256


def test_masks_equal_opencv_itself() -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed; its masks' digest is tested all the same")
    for numbers, width, height in drawn(2):
        x, y, a, b, angle = numbers.tolist()
        expected = np.zeros((height, width), np.uint8)
        cv2.ellipse(expected, (x, y), (a, b), angle, 0, 360, 1, -1)
        assert np.array_equal(ellipse_mask(numbers, width, height), expected.astype(np.bool_)), numbers


def test_rectangles_equal_opencv_itself() -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    stream = RawStream(3)
    for _ in range(COUNT):
        width, height = stream.between(1, 40), stream.between(1, 40)
        box = [stream.between(-20, 100) / 2, stream.between(-20, 100) / 2, stream.below(80) / 2, stream.below(80) / 2]
        x0, y0, x1, y1, _ = rectangle_numbers(np.array([box]))[0].tolist()
        expected = np.zeros((height, width), np.uint8)
        cv2.rectangle(expected, (x0, y0), (x1, y1), 1, -1)
        assert np.array_equal(rectangle_mask(box, width, height), expected.astype(np.bool_)), box


@pytest.mark.parametrize(
    ("ellipse", "numbers"),
    [
        ((10.9, 5.99, 0.0, 2.5, 3.5), (2, 4, 10, 5, 0)),
        ((1, 1, np.pi / 2, -0.5, -1.5), (0, -2, 1, 1, 90)),
        # In single precision both are halves, which are rounded to the even number.
        ((1, 1, -np.pi / 4, 1.4999999999, 2.5000000001), (2, 2, 1, 1, -45)),
        # 0.5 degrees: 180 - (pi - t) * 180 / pi is 0.5 or next to it, as doubles have it.
        ((1, 1, 0.5 * np.pi / 180, 0, 0), (0, 0, 1, 1, round(180 - (np.pi - 0.5 * np.pi / 180) * 180 / np.pi))),
    ],
)
def test_numbers_of_an_ellipse_are_rounded_as_officially(ellipse: tuple[float, ...], numbers: tuple[int, ...]) -> None:
    assert ellipse_numbers(np.array([ellipse], np.float64))[0].tolist() == list(numbers)


@given(st.tuples(*[st.floats(-50, 50, width=32)] * 2, *[st.floats(0, 50, width=32)] * 2))
def test_corners_of_a_rectangle_are_rounded_half_to_even(box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1, _ = rectangle_numbers(np.array([box]))[0].tolist()
    rounded = [round(float(np.float32(v))) for v in (box[0], box[1], box[0] + box[2], box[1] + box[3])]
    assert [x0, y0, x1, y1] == rounded


def test_a_face_cut_by_the_border_counts_its_pixels_inside_only() -> None:
    faces = ellipse_numbers(np.array([[10, 8, 0.0, 0, 0]]))
    inside = int(ellipse_mask(faces[0], 30, 30).sum())
    boxes = rectangle_numbers(np.array([[-5.0, -5, 100, 100]]))
    offsets = np.array([0, 1])
    steps = match(
        np.array([[30, 30]]), Regions(offsets=offsets, numbers=faces), Regions(offsets=offsets, numbers=boxes),
        np.ones(1), RECTANGLES,
    )  # fmt: skip
    assert steps.iou_sums.tolist() == [inside / 900]


def test_an_ellipse_far_larger_than_any_image_covers_no_pixel_beyond_its_edge() -> None:
    x, y, radius = 696_128, -569_433, 899_703
    covered = ellipse_mask(np.array([x, y, radius, radius, 0]), 500, 400)
    rows, columns = np.mgrid[0:400, 0:500]
    # The edge that crosses this image is the one from 140 to 145 degrees.
    corners = [(x + radius * np.cos(np.radians(d)), y + radius * np.sin(np.radians(d))) for d in (140, 145)]
    (x0, y0), (x1, y1) = corners
    inside = ((x1 - x0) * (rows - y0) - (y1 - y0) * (columns - x0)) / np.hypot(x1 - x0, y1 - y0)
    clear = np.abs(inside) > 1.5
    assert 0 < covered.sum() < covered.size
    assert np.array_equal(covered[clear], inside[clear] > 0)
