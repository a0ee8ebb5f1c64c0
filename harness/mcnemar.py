"""McNemar's exact test: two methods on the same units, each right or wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class McNemar:
    """The units on which the two differ, and how unlikely so uneven a split is if neither is better."""

    only_first: int
    """Units that the first alone answered right."""
    only_second: int
    p_value: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test two rows of right (True) and wrong answers, bool (units,)."""
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(one, other, _two_sided(min(one, other), one + other))


def _two_sided(fewer: int, differing: int) -> float:
    """Twice the chance of at most `fewer` heads in `differing` throws of a fair coin, at most 1."""
    steps = np.log(np.arange(1, differing + 1, dtype=np.float64))
    factorials = np.concatenate([[0.0], np.cumsum(steps)])
    k = np.arange(fewer + 1)
    terms = factorials[differing] - factorials[k] - factorials[differing - k] - differing * np.log(2.0)
    return float(min(1.0, 2 * np.exp(np.logaddexp.reduce(terms))))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for one another as Holm does: the smallest times their number, the next times one less, ..."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, largest = [1.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = largest
    return adjusted
