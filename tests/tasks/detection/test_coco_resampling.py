"""If these fail, intervals and paired tests are computed from numbers that are not the metric."""

from dataclasses import replace

import numpy as np
import pytest
from coco_cases import random_case, repeat_images
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.detection.coco import reference
from tasks.detection.coco.metrics import Matches, Parameters, aggregate, match
from tasks.detection.coco.resampling import replicates

COCO = Parameters()


def statistics(seed: int, **size: int) -> Matches:
    return match(*random_case(seed, **size), COCO)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_a_replicate_is_the_score_of_data_with_repeated_images(seed: int, most: int, drawn: list[int]) -> None:
    truth, detections = random_case(seed, most=most)
    weights = np.array([drawn], np.uint16)
    found = replicates(match(truth, detections, COCO), 3, COCO, weights)
    expected = aggregate(match(*repeat_images(truth, detections, weights[0]), COCO), 3, COCO)
    for name, value in expected.items():
        assert found[name][0] == value if value is not None else np.isnan(found[name][0]), name


@pytest.mark.parametrize("seed", range(10))
def test_weights_of_one_give_the_score_itself(seed: int) -> None:
    matches = statistics(seed, n_images=30, most=20)
    found = replicates(matches, 3, COCO, np.ones((1, 30), np.uint16))
    assert {name: values[0] for name, values in found.items()} == aggregate(matches, 3, COCO)


def test_neither_threads_nor_the_choice_of_metrics_move_a_digit() -> None:
    matches = statistics(1, n_images=30, most=20)
    weights = np.random.default_rng(0).integers(0, 4, (50, 30)).astype(np.uint16)
    everything = replicates(matches, 3, COCO, weights, threads=1)
    for names in (["AP"], ["AR1", "APs"], ["ARl"]):
        some = replicates(matches, 3, COCO, weights, names, threads=2)
        assert list(some) == [name for name in everything if name in names]
        for name in names:
            assert np.array_equal(some[name], everything[name])


def test_a_heavily_drawn_image_with_tied_scores() -> None:
    """One image may be drawn far more often than any resample would: the work space must hold its copies."""
    truth, detections = random_case(204)
    weights = np.array([[0, 0, 3000, 1, 0, 0]], np.uint16)
    found = replicates(match(truth, detections, COCO), 3, COCO, weights)
    expected = aggregate(match(*repeat_images(truth, detections, weights[0]), COCO), 3, COCO)
    assert {name: values[0] for name, values in found.items() if not np.isnan(values[0])} == {
        name: value for name, value in expected.items() if value is not None
    }


def test_a_resample_without_annotations_is_undefined() -> None:
    found = replicates(statistics(0), 3, COCO, np.zeros((1, 6), np.uint16))
    assert all(np.isnan(values[0]) for values in found.values())


@pytest.mark.parametrize("seed", range(12))
def test_a_replicate_is_what_pycocotools_says_of_repeated_images(seed: int) -> None:
    truth, detections = random_case(seed, most=20)
    # Annotations of one data set cannot share the id 0.
    truth = replace(truth, nameless=np.zeros_like(truth.nameless))
    weights = np.random.default_rng(seed).integers(0, 4, (1, 6)).astype(np.uint16)
    found = replicates(match(truth, detections, COCO), 3, COCO, weights)
    official = reference.aggregate(*repeat_images(truth, detections, weights[0]), 3, COCO)
    assert {name: None if np.isnan(values[0]) else values[0] for name, values in found.items()} == official
