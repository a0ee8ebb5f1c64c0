"""If these fail, a COCO score is no longer pycocotools' score."""

import numpy as np
import pytest
from coco_cases import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.detection.coco import reference
from tasks.detection.coco.metrics import (
    Detections,
    Parameters,
    Truth,
    accumulate,
    aggregate,
    average_precision_by_category,
    match,
)

COCO = Parameters()
CATEGORIES = 2

coordinate = st.sampled_from([0.0, 1.0, 5.0, 10.0, 10.5, 30.0])
side = st.sampled_from([0.0, 8.0, 10.0, 20.0, 31.9, 32.0, 33.0, 96.0, 97.0, 150.0])
box = st.tuples(coordinate, coordinate, side, side)
category = st.integers(0, CATEGORIES - 1)
area = st.sampled_from([None, 0.0, 1023.9999, 1024.0, 9216.0, 9216.0001])
annotation = st.tuples(box, category, area, st.booleans())
detection = st.tuples(box, category, st.sampled_from([0.0, 0.25, 0.5, 0.5, 0.9]))
image = st.tuples(st.lists(annotation, max_size=5), st.lists(detection, max_size=8))


def columns(images: list[tuple[list, list]], nameless: int | None) -> tuple[Truth, Detections]:
    annotations = [one for objects, _ in images for one in objects]
    detections = [one for _, found in images for one in found]
    boxes = np.array([one[0] for one in annotations]).reshape(-1, 4)
    areas = [w * h if given is None else given for (_, _, w, h), _, given, _ in annotations]
    truth = Truth(
        offsets=np.cumsum([0, *(len(objects) for objects, _ in images)]),
        category=np.array([one[1] for one in annotations], np.int32),
        boxes_xywh=boxes,
        area=np.array(areas, np.float64),
        crowd=np.array([one[3] for one in annotations], np.bool_),
        nameless=np.arange(len(annotations)) == (-1 if nameless is None else nameless),
    )
    found = Detections(
        offsets=np.cumsum([0, *(len(found) for _, found in images)]),
        category=np.array([one[1] for one in detections], np.int32),
        boxes_xywh=np.array([one[0] for one in detections]).reshape(-1, 4),
        scores=np.array([one[2] for one in detections], np.float64),
    )
    return truth, found


def assert_official(truth: Truth, detections: Detections, n_categories: int, parameters: Parameters) -> None:
    official = reference.evaluate(truth, detections, n_categories, parameters).eval
    precision, recall = accumulate(match(truth, detections, parameters), n_categories, parameters)
    assert np.array_equal(precision, official["precision"])
    assert np.array_equal(recall, official["recall"])


@settings(max_examples=150, deadline=None)
@given(st.lists(image, min_size=1, max_size=4), st.none() | st.integers(0, 5))
def test_every_cell_equals_pycocotools(images: list[tuple[list, list]], nameless: int | None) -> None:
    assert_official(*columns(images, nameless), CATEGORIES, COCO)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 4), st.integers(2, 30))
def test_the_twelve_numbers_equal_pycocotools(seed: int, n_images: int, n_categories: int, most: int) -> None:
    truth, detections = random_case(seed, n_images, n_categories, most)
    assert_official(truth, detections, n_categories, COCO)
    ours = aggregate(match(truth, detections, COCO), n_categories, COCO)
    assert ours == reference.aggregate(truth, detections, n_categories, COCO)


@pytest.mark.parametrize("limits", [(1, 10, 100), (1, 10, 300), (2, 5, 7)])
def test_limits_cut_each_category_of_an_image(limits: tuple[int, int, int]) -> None:
    truth, detections = random_case(3, n_images=4, n_categories=2, most=700)
    assert np.diff(detections.offsets).max() > 2 * 100
    assert_official(truth, detections, 2, Parameters(limits=limits))


def test_ap_is_not_lost_with_another_limit() -> None:
    truth, detections = random_case(5)
    assert aggregate(match(truth, detections, COCO), 3, Parameters(limits=(1, 10, 300)))["AP"] is not None


@pytest.mark.parametrize("thresholds", [(0.25, 0.5, 0.75), (0.5,), (0.3, 1.0)])
def test_other_thresholds_recalls_and_areas(thresholds: tuple[float, ...]) -> None:
    """TinyPerson's and others' parameters go through the same code."""
    parameters = Parameters(
        thresholds=thresholds, recalls=(0.0, 0.1, 0.5, 1.0), areas=((0, 1e10), (1, 400), (400, 1024)), metrics=()
    )
    for seed in range(20):
        assert_official(*random_case(seed, most=20), 3, parameters)


def test_no_annotation_that_counts_gives_no_number() -> None:
    truth, detections = columns([([((0.0, 0.0, 10.0, 10.0), 0, None, True)], [])], None)
    assert set(aggregate(match(truth, detections, COCO), CATEGORIES, COCO).values()) == {None}


def test_annotations_without_detections_score_zero() -> None:
    truth, detections = columns([([((0.0, 0.0, 10.0, 10.0), 1, None, False)], [])], None)
    found = aggregate(match(truth, detections, COCO), CATEGORIES, COCO)
    assert found["AP"] == found["AR100"] == found["APs"] == 0.0
    assert found["APm"] is None


def test_a_match_with_annotation_id_0_is_a_false_positive() -> None:
    images = [([((0.0, 0.0, 10.0, 10.0), 0, None, False)], [((0.0, 0.0, 10.0, 10.0), 0, 0.9)])]
    for nameless, expected in ((None, 1.0), (0, 0.0)):
        truth, detections = columns(images, nameless)
        assert aggregate(match(truth, detections, COCO), CATEGORIES, COCO)["AP"] == pytest.approx(expected)
        assert_official(truth, detections, CATEGORIES, COCO)


def test_ap_by_category_leaves_absent_categories_out() -> None:
    truth, detections = columns([([((0.0, 0.0, 10.0, 10.0), 0, None, False)], [])], None)
    precision, _ = accumulate(match(truth, detections, COCO), CATEGORIES, COCO)
    assert average_precision_by_category(precision, COCO) == [0.0, None]


def test_parameters_that_cannot_be_computed_are_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        Parameters(thresholds=tuple(np.linspace(0.1, 0.9, 17).tolist()))
    with pytest.raises(ValueError, match="ascend"):
        Parameters(limits=(100, 10, 1))
