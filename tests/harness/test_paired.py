"""Differences of all pairs at once: what they say of noise, of bias, and of one another."""

from itertools import combinations
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import paired
from harness.paired import Differences, differences, drawn_units
from harness.record import Metric

UNITS = 50


def drawn(seed: int, systems: int, resamples: int = 99) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    units = rng.normal(size=UNITS) + 0.5 * rng.normal(size=(systems, UNITS)) + 0.1 * rng.normal(size=(systems, 1))
    weights = rng.multinomial(UNITS, np.full(UNITS, 1 / UNITS), size=resamples) / UNITS
    return units.mean(axis=1), units @ weights.T


def literal(values: np.ndarray, replicates: np.ndarray, units: int, level: float) -> tuple[np.ndarray, dict, dict]:
    """The rule pair by pair: the spread of each difference, the largest studentised one of every resample, its quantile."""
    pairs = list(combinations(range(len(values)), 2))
    largest = np.zeros(replicates.shape[1])
    spread = {}
    for i, j in pairs:
        difference = replicates[i] - replicates[j]
        spread[i, j] = np.std(difference, ddof=1)
        if spread[i, j]:
            largest = np.maximum(largest, np.abs(difference - difference.mean()) / spread[i, j])
    f = units - 1
    wide = [
        (z + (z**3 + z) / (4 * f) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * f * f)) * (units / f) ** 0.5 for z in largest
    ]
    critical = sorted(wide)[ceil((len(wide) + 1) * level) - 1]
    greater = np.zeros((len(values), len(values)), bool)
    p_values = {}
    for i, j in pairs:
        official = values[i] - values[j]
        corrected = 2 * official - (replicates[i].mean() - replicates[j].mean())
        greater[i, j] = min(official, corrected) > critical * spread[i, j]
        greater[j, i] = min(-official, -corrected) > critical * spread[i, j]
        least = min(abs(official), abs(corrected)) if official * corrected > 0 else 0.0
        p_values[i, j] = (1 + sum(t >= least / spread[i, j] for t in wide)) / (1 + len(wide)) if least else 1.0
    return greater, spread, p_values


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), systems=st.integers(2, 9), level=st.sampled_from([0.9, 0.95]))
def test_it_is_the_rule_pair_by_pair(seed: int, systems: int, level: float) -> None:
    values, replicates = drawn(seed, systems)
    found = differences(values, replicates, UNITS, level)
    greater, spread, p_values = literal(values, replicates, UNITS, level)
    assert np.array_equal(found.greater, greater)
    for (i, j), one in spread.items():
        assert found.spread[i, j] == pytest.approx(one, rel=1e-12) == found.spread[j, i]
        assert found.p_value(i, j) == pytest.approx(p_values[i, j], abs=1e-12) == found.p_value(j, i)


def agrees(found: Differences, level: float) -> None:
    count = len(found.official)
    for i, j in combinations(range(count), 2):
        low, high = found.interval(i, j)
        shown = bool(found.greater[i, j] or found.greater[j, i])
        assert shown == (not low <= 0 <= high) == (found.p_value(i, j) <= 1 - level)
        assert found.interval(j, i) == pytest.approx((-high, -low))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), systems=st.integers(2, 9))
def test_ranks_intervals_and_p_values_say_the_same(seed: int, systems: int) -> None:
    agrees(differences(*drawn(seed, systems), UNITS), 0.95)


def test_equal_answers_differ_by_nothing() -> None:
    values, replicates = drawn(4, 1)
    found = differences(np.repeat(values, 3), np.repeat(replicates, 3, axis=0), UNITS)
    assert not found.greater.any() and found.p_value(0, 1) == 1 and found.interval(0, 2) == (0, 0)


def test_more_systems_than_are_tested_together_are_held_to_more(monkeypatch: pytest.MonkeyPatch) -> None:
    values, replicates = drawn(5, 40, 1000)
    exact = differences(values, replicates, UNITS)
    monkeypatch.setattr(paired, "MOST_TOGETHER", 39)
    bound = differences(values, replicates, UNITS)
    assert np.allclose(bound.spread, exact.spread, rtol=1e-9, atol=1e-7)
    assert exact.critical < bound.critical < 1.4 * exact.critical
    assert not (bound.greater & ~exact.greater).any() and bound.greater.any()


@pytest.mark.parametrize(
    ("facts", "drawn"),
    [({}, 90), ({"clusters": 30}, 30), ({"clusters": 91}, 90), ({"clusters": "3"}, 90), ({"clusters": True}, 90)],
)
def test_clusters_are_what_is_drawn(facts: dict[str, object], drawn: int) -> None:
    assert drawn_units(Metric(name="x", protocol="x", value=1.0, interval=None, n=90, facts=facts)) == drawn
