"""McNemar's exact test and Holm's correction against their definitions."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.mcnemar import holm, mcnemar


def rows(only_first: int, only_second: int, alike: int = 7) -> tuple[np.ndarray, np.ndarray]:
    first = np.repeat([True, False, True, False], [only_first, only_second, alike, alike])
    second = np.repeat([False, True, True, False], [only_first, only_second, alike, alike])
    return first, second


@given(st.integers(0, 90), st.integers(0, 90))
def test_it_is_twice_the_binomial_tail(one: int, other: int) -> None:
    found = mcnemar(*rows(one, other))
    differing = one + other
    tail = sum(Fraction(comb(differing, k), 2**differing) for k in range(min(one, other) + 1))
    assert (found.only_first, found.only_second) == (one, other)
    assert found.p_value == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-10)


def test_many_units_are_no_trouble() -> None:
    assert mcnemar(*rows(25_000, 25_000)).p_value == 1.0
    assert 0 <= mcnemar(*rows(20_000, 30_000)).p_value < 1e-300
    assert mcnemar(*rows(25_000, 25_448)).p_value == pytest.approx(0.0465, abs=0.0005)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_step_by_step(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for level in (0.01, 0.05, 0.3):
        rejected, order = set(), sorted(range(len(p_values)), key=lambda index: p_values[index])
        for place, index in enumerate(order):
            if p_values[index] * (len(p_values) - place) > level:
                break
            rejected.add(index)
        assert {index for index, p in enumerate(adjusted) if p <= level} == rejected
