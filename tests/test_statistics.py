"""If these fail, two records of one data set are no longer paired, or intervals promise what they do not keep."""

import hashlib

import numpy as np
import pytest
from detection_population import Population

from harness.statistics import interval, resample_weights
from tasks.detection.coco.metrics import Parameters, aggregate
from tasks.detection.coco.resampling import replicates

EXPECTED_FIRST = [1, 0, 2, 1, 1, 1, 4, 1, 0, 0, 1, 0, 1, 1, 2, 0, 1, 1, 0, 3, 1, 0, 1]
EXPECTED_SHA256 = "400b7bc2311135c12831e3280ec90f184b97cbf09a62efe841e2801a8085ba47"


def test_the_stream_is_the_same_on_every_machine_and_version() -> None:
    weights = resample_weights("0" * 64, 23, 50)
    assert weights.dtype == np.uint16
    assert weights[0].tolist() == EXPECTED_FIRST
    assert hashlib.sha256(weights.astype("<u2").tobytes()).hexdigest() == EXPECTED_SHA256


def test_every_resample_is_as_large_as_the_data() -> None:
    assert set(resample_weights("a", 37, 100).sum(axis=1).tolist()) == {37}


def test_another_data_set_has_another_stream() -> None:
    assert not np.array_equal(resample_weights("a", 30, 5), resample_weights("b", 30, 5))


def test_more_resamples_go_on_with_the_same_stream() -> None:
    assert np.array_equal(resample_weights("a", 30, 5), resample_weights("a", 30, 9)[:5])


def test_units_are_drawn_equally_often() -> None:
    counts = resample_weights("a", 7, 20_000).astype(np.int64).sum(axis=0)
    # Multinomial: 20,000 expected each, standard deviation 131.
    assert np.abs(counts - 20_000).max() < 5 * 131


def test_clusters_are_drawn_whole_and_as_many_as_there_are() -> None:
    clusters = np.array([5, 5, 2, 9, 9, 9, 2, 5])
    weights = resample_weights("a", 8, 50, clusters)
    for cluster in (2, 5, 9):
        members = weights[:, clusters == cluster]
        assert (members == members[:, :1]).all()
    first = [int(np.flatnonzero(clusters == cluster)[0]) for cluster in (2, 5, 9)]
    assert (weights[:, first].sum(axis=1) == 3).all()


def test_the_estimate_lies_in_its_interval_however_biased_the_replicates() -> None:
    drawn = np.random.default_rng(0).normal(0.6, 0.01, 1000)
    found = interval(0.5, drawn)
    assert found.low < 0.5 < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.01, rel=0.1)
    assert interval(0.5, drawn, level=0.5).high < found.high


def test_constant_replicates_have_no_width() -> None:
    found = interval(0.25, np.full(100, 0.25))
    assert (found.low, found.high) == (0.25, 0.25)


@pytest.mark.parametrize("metric", ["AP", "AR100"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(metric: str) -> None:
    """120 data sets of 100 images; benchmarks/interval_coverage.py asks more closely."""
    parameters, population, n_sets = Parameters(), Population(n_categories=3), 120
    truth = aggregate(population.draw(np.random.default_rng(0), 40_000), 3, parameters)[metric]
    assert truth is not None
    covered = 0
    for index in range(n_sets):
        matches = population.draw(np.random.default_rng([1, index]), 100)
        estimate = aggregate(matches, 3, parameters)[metric]
        assert estimate is not None
        weights = resample_weights(f"data {index}", 100, 200)
        found = interval(estimate, replicates(matches, 3, parameters, weights, [metric])[metric])
        covered += found.low <= truth <= found.high
    # 95 % is 114 of 120; an interval of half the width, or one beside the truth, covers fewer than 100.
    assert 103 <= covered < n_sets


@pytest.mark.parametrize("rare", [0.0, 1.0])
def test_an_interval_holds_the_estimate_where_nearly_all_replicates_are_equal(rare: float) -> None:
    replicates = np.full(1000, 0.5)
    replicates[:20] = rare
    found = interval(0.5, replicates)
    assert found.low <= 0.5 <= found.high
