"""The simulation of the specification: 10 systems whose scores have a standard error of 0.4 and are correlated.

Coverage counts a trial as held where every range contains all places that the system may truly have. The overlap of single
intervals and the ranks of replicates are computed beside it, since they are what a reader would try instead.
"""

import numpy as np
import pytest

from leaderboard.ranks import rank_ranges

SYSTEMS, ERROR, RESAMPLES, UNITS = 10, 0.4, 400, 5000


def draw(rng: np.random.Generator, truth: np.ndarray, correlation: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores and replicates of one draw of the data: both vary around their centre with the same covariance."""

    def noise(count: int) -> np.ndarray:
        shared = np.sqrt(correlation) * rng.normal(size=(1, count))
        return ERROR * (shared + np.sqrt(1 - correlation) * rng.normal(size=(SYSTEMS, count)))

    values = truth + noise(1)[:, 0]
    return values, values[:, None] + noise(RESAMPLES)


def simulate(truth: np.ndarray, correlation: float, trials: int) -> tuple[float, float, float, float]:
    """Share of trials that hold, mean width of the ranges, share with a sole first, share that ranks of replicates hold."""
    rng = np.random.default_rng(8)
    best = np.array([1 + (truth > value).sum() for value in truth])
    worst = np.array([SYSTEMS - (truth < value).sum() for value in truth])
    held, widths, leaders, naive = 0, 0.0, 0, 0
    for _ in range(trials):
        values, replicates = draw(rng, truth, correlation)
        ranges = rank_ranges(values, replicates, UNITS)
        low, high = np.array([r.best for r in ranges]), np.array([r.worst for r in ranges])
        held += bool((low <= best).all() and (worst <= high).all())
        widths += float((high - low + 1).mean())
        leaders += bool(((low == 1) & (high == 1)).any())
        places = 1 + (-replicates).argsort(axis=0).argsort(axis=0)
        ends = np.quantile(places, [0.025, 0.975], axis=1)
        naive += bool((ends[0] <= best).all() and (worst <= ends[1]).all())
    return held / trials, widths / trials, leaders / trials, naive / trials


def test_ties_are_covered() -> None:
    held, width, leaders, naive = simulate(np.zeros(SYSTEMS), 0.7, 600)
    assert held >= 0.93 and width > 9.7 and leaders <= 0.05
    assert naive < 0.02  # bootstrapped ranks are too narrow exactly here


def test_a_tied_top_is_covered() -> None:
    held, width, leaders, naive = simulate(-np.array([0, 0, 0, 0, 0, 1, 2, 3, 4, 5.0]), 0.7, 300)
    assert held >= 0.93 and width == pytest.approx(3.9, abs=0.4) and leaders <= 0.05
    assert naive < 0.5


@pytest.mark.parametrize(("correlation", "width", "leader"), [(0.7, 3.5, 0.05), (0.9, 2.2, 0.35)])
def test_steps_of_half_a_point_have_the_widths_of_the_specification(
    correlation: float, width: float, leader: float
) -> None:
    held, found, leaders, _ = simulate(-0.5 * np.arange(SYSTEMS), correlation, 200)
    assert held >= 0.93
    assert found == pytest.approx(width, abs=0.3) and leaders == pytest.approx(leader, abs=0.12)
