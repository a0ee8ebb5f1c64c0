"""If these fail, FDDB's curves are not those of its own code: pairing, merging over scores, rates, resamples."""

import functools
import math
from typing import Any

import numpy as np
import pytest
from fddb_restated import Point, best_pairings, image_points, mask_iou, merge, rate_at, rectangle_mask
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.detection.fddb.metrics import ELLIPSES, RECTANGLES, Regions, Steps, hits_at, match, rates, roc
from tasks.detection.fddb.regions import ellipse_mask, ellipse_numbers, rectangle_numbers

HALVES = st.integers(-8, 60).map(lambda value: value / 2)
SCORES = st.sampled_from([-1.5, 0.0, 0.25, 0.5, 0.75, 2.0])
ELLIPSE = st.tuples(
    st.integers(0, 30).map(lambda v: v / 2), st.integers(0, 24).map(lambda v: v / 2),
    st.integers(-8, 16).map(lambda v: v * 0.3), HALVES, HALVES,
)  # fmt: skip
BOX = st.tuples(HALVES, HALVES, st.integers(0, 40).map(lambda v: v / 2), st.integers(0, 40).map(lambda v: v / 2))
IMAGE = st.fixed_dictionaries(
    {
        "size": st.tuples(st.integers(1, 32), st.integers(1, 32)),
        "faces": st.lists(ELLIPSE, max_size=3),
        "boxes": st.lists(st.tuples(BOX, SCORES), max_size=5),
        "ellipses": st.lists(st.tuples(ELLIPSE, SCORES), max_size=5),
    }
)
Case = dict[str, Any]


def offsets(images: list[Case], key: str) -> NDArray[np.int64]:
    return np.cumsum([0, *[len(image[key]) for image in images]], dtype=np.int64)


def scored(images: list[Case], kind: int) -> Steps:
    key = "boxes" if kind == RECTANGLES else "ellipses"
    faces = np.array([face for image in images for face in image["faces"]], np.float64).reshape(-1, 5)
    shapes = [shape for image in images for shape, _ in image[key]]
    width = 4 if kind == RECTANGLES else 5
    values = np.array(shapes, np.float64).reshape(-1, width)
    return match(
        np.array([image["size"] for image in images], np.int64),
        Regions(offsets=offsets(images, "faces"), numbers=ellipse_numbers(faces)),
        Regions(
            offsets=offsets(images, key),
            numbers=rectangle_numbers(values) if kind == RECTANGLES else ellipse_numbers(values),
        ),
        np.array([score for image in images for _, score in image[key]], np.float64),
        kind,
    )


def restated(image: Case, kind: int) -> list[list[Point]]:
    width, height = image["size"]

    def ellipse(shape: Any) -> NDArray[np.bool_]:
        return ellipse_mask(ellipse_numbers(np.array([shape], np.float64))[0], width, height)

    detections = image["boxes" if kind == RECTANGLES else "ellipses"]
    masks = [rectangle_mask(s, width, height) if kind == RECTANGLES else ellipse(s) for s, _ in detections]
    ious = [[mask_iou(ellipse(face), mask) for mask in masks] for face in image["faces"]]
    return image_points(ious, [score for _, score in detections], len(image["faces"]))


def chosen(steps: Steps, images: list[Case], kind: int) -> list[list[Point]]:
    """The restated results of every image, where rounding ties those that the kernel gave; checks all of them."""
    lists = []
    for index, image in enumerate(images):
        rows = slice(steps.offsets[index], steps.offsets[index + 1])
        found = list(
            zip(
                steps.scores[rows].tolist(), steps.iou_sums[rows].tolist(), steps.hits[rows].tolist(),
                steps.false_positives[rows].tolist(), strict=True,
            )
        )[::-1]  # fmt: skip
        expected = restated(image, kind)
        if not found:
            assert expected[0][0].score == math.inf
            lists.append(expected[0])
            continue
        assert len(found) == len(expected)
        points = [Point(*values, len(image["faces"])) for values in found]
        for point, right in zip(points, expected, strict=True):
            assert point in right
        lists.append(points)
    return lists


@settings(max_examples=150)
@given(st.lists(IMAGE, min_size=1, max_size=4), st.sampled_from([RECTANGLES, ELLIPSES]))
def test_pairs_lists_and_curves_are_those_of_the_official_code(images: list[Case], kind: int) -> None:
    steps = scored(images, kind)
    points = functools.reduce(merge, chosen(steps, images, kind))
    curve = roc(steps)
    found = zip(
        curve.scores.tolist(), curve.iou_sums.tolist(), curve.hits.tolist(), curve.false_positives.tolist(), strict=True
    )
    # Images without detections add a point above all scores, where nothing is kept.
    official = [(p.score, p.iou_sum, p.hits, p.false_positives) for p in points if p.score != math.inf]
    assert list(found) == official[::-1]
    assert all(p == Point(math.inf, 0.0, 0, 0, p.faces) for p in points if p.score == math.inf)
    assert {p.faces for p in points} == {int(steps.faces.sum())}


@settings(max_examples=150)
@given(
    st.lists(IMAGE, min_size=1, max_size=5),
    st.sampled_from([RECTANGLES, ELLIPSES]),
    st.lists(st.integers(0, 3), min_size=5, max_size=5),
)
def test_rates_of_a_resample_are_those_of_the_images_side_by_side(
    images: list[Case], kind: int, draws: list[int]
) -> None:
    weights = np.array([draws[: len(images)], [1] * len(images)], np.uint16)
    steps, limits = scored(images, kind), (1, 2, 4)
    found = rates(steps, weights, limits)
    lists = chosen(steps, images, kind)
    for row, numbers in enumerate(weights.tolist()):
        copies = [points for points, n in zip(lists, numbers, strict=True) for _ in range(n)]
        points = functools.reduce(merge, copies, [])
        for k, limit in enumerate(limits):
            for values, discrete in ((found.discrete(), True), (found.continuous(), False)):
                expected = rate_at(points, limit, discrete=discrete) if points else None
                assert values[row, k] == expected if expected is not None else np.isnan(values[row, k])


def test_the_best_sum_may_leave_the_best_pair() -> None:
    assert best_pairings([[0.6, 0.55], [0.5, 0.0]]) == [[(0, 1), (1, 0)]]


def test_a_detection_with_a_lower_score_changes_the_pairs() -> None:
    # Alone the first box has the face that it overlaps most; the second one overlaps only that face.
    image: Case = {
        "size": (60, 60),
        "faces": [(9, 9, 0, 20, 20), (9, 9, 0, 30, 20)],
        "boxes": [((15, 11, 20, 18), 2.0), ((11, 11, 18, 18), 1.0)],
        "ellipses": [],
    }
    (first,), (both,) = restated(image, RECTANGLES)[::-1]
    steps = scored([image], RECTANGLES)
    assert steps.iou_sums.tolist() == [first.iou_sum, both.iou_sum]
    assert steps.hits.tolist() == [1, 2] and hits_at(steps, 0).tolist() == [2]


@pytest.mark.parametrize(("limit", "hits"), [(0, 1), (1, 3), (2, 4)])
def test_the_curve_is_read_at_the_lowest_score_with_so_few_false_positives(limit: int, hits: int) -> None:
    steps = Steps(
        offsets=np.array([0, 3, 5]),
        scores=np.array([0.9, 0.8, 0.3, 0.7, 0.5]),
        false_positives=np.array([0, 1, 2, 1, 0], np.int32),
        hits=np.array([1, 1, 2, 0, 2], np.int32),
        iou_sums=np.array([0.75, 0.75, 1.5, 0.25, 1.25]),
        faces=np.array([2, 2], np.int32),
    )
    # At the score 0.5 a false positive goes: a pairing changed.
    assert roc(steps).false_positives.tolist() == [0, 1, 2, 1, 2]
    found = rates(steps, np.ones((1, 2), np.uint16), (0, 1, 2, 3))
    assert found.reached[0].tolist() == [True, True, True, False]
    assert found.hits[0, limit] == hits


def test_no_faces_no_detections_and_regions_outside_the_image() -> None:
    images: list[Case] = [
        {"size": (10, 10), "faces": [], "boxes": [((1, 1, 3, 3), 0.5)]},
        {"size": (10, 10), "faces": [(4, 4, 0, 500, 500)], "boxes": [((300, 300, 3, 3), 0.5)]},
        {"size": (10, 10), "faces": [(4, 4, 0, 5, 5)], "boxes": []},
    ]
    steps = scored(images, RECTANGLES)
    assert steps.false_positives.tolist() == [1, 1] and steps.iou_sums.tolist() == [0.0, 0.0]
    assert steps.faces.tolist() == [0, 1, 1]
    empty = rates(scored(images[2:], RECTANGLES), np.ones((1, 1), np.uint16), (1,))
    assert np.isnan(empty.discrete()).all()
