"""Percentiles that are not carried by their count, or intervals that are too narrow, would rank methods by luck."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.measure.percentiles import (
    cluster_intervals,
    drift,
    early_stopping_bound,
    nested_counts,
    percentile,
    quantiles,
    spearman,
)


def drifting_blocks(rng: np.random.Generator, blocks: int, size: int) -> list[np.ndarray]:
    """Latencies whose level moves from block to block much more than within one."""
    levels = 10.0 + rng.normal(0.0, 0.5, blocks)
    return [level + rng.exponential(0.1, size) for level in levels]


def test_percentile_is_loadgens() -> None:
    values = np.arange(100.0)[::-1]
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 0.9) == 90.0
    assert percentile(values, 0.99) == 99.0
    assert percentile(np.array([3.0]), 0.99) == 3.0


def test_cluster_interval_covers_the_truth_where_single_latencies_do_not() -> None:
    rng = np.random.default_rng(1)
    truth = percentile(np.concatenate(drifting_blocks(rng, 20000, 20)), 0.5)
    clustered = alone = 0
    for seed in range(150):
        blocks = drifting_blocks(rng, 40, 10)
        low, high = cluster_intervals(blocks, [0.5], draws=300, seed=seed)[0]
        clustered += low <= truth <= high
        if seed < 30:
            singles = [np.array([value]) for value in np.concatenate(blocks)]
            low, high = cluster_intervals(singles, [0.5], draws=200, seed=seed)[0]
            alone += low <= truth <= high
    assert clustered >= 0.87 * 150
    assert alone <= 0.75 * 30


def test_interval_is_the_same_again() -> None:
    blocks = drifting_blocks(np.random.default_rng(2), 30, 7)
    assert cluster_intervals(blocks, [0.5, 0.9]) == cluster_intervals(blocks, [0.5, 0.9])


def test_interval_on_the_grid_is_close_to_the_exact_one() -> None:
    blocks = drifting_blocks(np.random.default_rng(3), 25, 400)
    low, high = cluster_intervals(blocks, [0.5])[0]
    picks = (np.random.PCG64(0).random_raw(2000 * 25) % 25).reshape(2000, 25)
    exact = np.array([percentile(np.concatenate([blocks[i] for i in row]), 0.5) for row in picks])
    assert low == pytest.approx(percentile(exact, 0.025), rel=2e-3)
    assert high == pytest.approx(percentile(exact, 0.975), rel=2e-3)


@settings(deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(20, 25), st.integers(1, 6)), elements=st.floats(0.01, 1e4)))
def test_interval_of_the_median_lies_within_the_data(table: np.ndarray) -> None:
    low, high = cluster_intervals(list(table), [0.5], draws=100)[0]
    assert table.min() <= low <= high <= table.max()


@pytest.mark.parametrize(
    ("blocks", "size", "carried", "with_interval"),
    [
        (1, 4, [], []),
        (1, 5, ["p50"], []),
        (19, 5, ["p50"], []),
        (20, 5, ["p50"], ["p50"]),
        (60, 4, ["p50", "p90"], ["p50", "p90"]),
        (59, 6, ["p50", "p99"], ["p50"]),
        (60, 5, ["p50", "p90", "p99"], ["p50", "p90", "p99"]),
    ],
)
def test_what_the_count_does_not_carry_is_null_with_a_reason(
    blocks: int, size: int, carried: list[str], with_interval: list[str]
) -> None:
    found = quantiles(drifting_blocks(np.random.default_rng(4), blocks, size))
    assert [name for name, quantile in found.items() if quantile.value is not None] == carried
    assert [name for name, quantile in found.items() if quantile.low is not None] == with_interval
    for name, quantile in found.items():
        assert (quantile.reason == "") == (name in with_interval)


def test_reason_says_how_many_are_missing() -> None:
    found = quantiles(drifting_blocks(np.random.default_rng(5), 30, 5))
    assert found["p99"].reason == "p99 needs 299 inferences, there are 150"
    assert found["p90"].reason == "p90 needs 60 blocks, there are 30"


def test_trend_is_seen_and_chance_is_not() -> None:
    rho, p = spearman(np.linspace(1.0, 1.1, 30) + np.tile([0.0, 0.01], 15))
    assert rho > 0.9 and p < 1e-4
    assert spearman(np.tile([1.0, 2.0], 20))[1] > 0.05
    assert spearman(np.ones(30)) == (0.0, 1.0)


def test_drift_compares_the_thirds() -> None:
    assert drift(np.array([1.0, 1.0, 5.0, 5.0, 1.1, 1.1])) == pytest.approx(0.1)
    assert drift(np.ones(5)) is None


def literal_bound(values: list[float], probability: float) -> float | None:
    """sorted[n - t] for the largest t with P(at most t of n above the percentile) <= 1 %, term by term."""
    n, allowed, odds = len(values), 0, 0.0
    for t in range(n):
        odds += comb(n, t) * (1 - probability) ** t * probability ** (n - t)
        if odds > 1.0 - 0.99:
            break
        allowed = t
    return sorted(values)[n - allowed] if allowed else None


@given(st.lists(st.floats(1.0, 9.0), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99]))
@settings(max_examples=80)
def test_the_early_stopping_bound_is_the_literal_one(values: list[float], probability: float) -> None:
    assert early_stopping_bound(np.array(values), probability) == literal_bound(values, probability)


@pytest.mark.parametrize(("probability", "least"), [(0.9, 64), (0.99, 662)])
def test_mlperfs_least_numbers_of_queries(probability: float, least: int) -> None:
    assert early_stopping_bound(np.arange(least - 1.0), probability) is None
    assert early_stopping_bound(np.arange(float(least)), probability) == least - 1.0


def test_many_inferences_do_not_underflow() -> None:
    bound = early_stopping_bound(np.arange(100_000.0), 0.5)
    assert bound is not None and 50_000.0 < bound < 50_500.0


def test_drawing_processes_first_gives_every_block_the_same_weight() -> None:
    groups = [0] * 30 + [1] * 30 + [2] * 30
    counts = nested_counts(groups, 4000, 0)
    assert set(counts.sum(axis=1)) == {90.0}
    assert np.allclose(counts.mean(axis=0), 1.0, atol=0.1)
    whole = counts.reshape(4000, 3, 30).sum(axis=2)
    assert set(np.unique(whole)) == {0.0, 30.0, 60.0, 90.0}


def test_processes_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    groups = [n % 3 for n in range(60)]
    blocks = [rng.normal(10.0 + 0.3 * group, 0.01, 5) for group in groups]
    nested = cluster_intervals(blocks, [0.5], groups=groups)[0]
    alone = cluster_intervals(blocks, [0.5])[0]
    assert nested[0] < 10.1 < 10.5 < nested[1]
    assert nested[1] - nested[0] > alone[1] - alone[0]


def test_few_processes_and_a_wandering_clock_widen_the_interval_as_student_says() -> None:
    apart = [np.full(5, 10.0 + 0.1 * (n % 3)) for n in range(60)]
    found = quantiles(apart, groups=[n % 3 for n in range(60)])["p50"]
    half = 4.303 * 0.1 / 3**0.5
    assert (found.low, found.high) == pytest.approx((10.1 - half, 10.1 + half), abs=1e-6)
    level = np.repeat([0.0, 0.2, -0.1, 0.1, -0.2, 0.0], 10)
    found = quantiles([np.full(5, 10.0 + each) for each in level])["p50"]
    half = 2.571 * float(np.std([0.0, 0.2, -0.1, 0.1, -0.2, 0.0], ddof=1)) / 6**0.5
    assert (found.low, found.high) == pytest.approx((10.0 - half, 10.0 + half), abs=1e-6)


def test_one_process_has_the_plain_interval() -> None:
    blocks = drifting_blocks(np.random.default_rng(3), 30, 8)
    assert cluster_intervals(blocks, [0.5, 0.9], groups=[4] * 30) == cluster_intervals(blocks, [0.5, 0.9])
