"""Success rates and numbers of queries: arrays in, numbers out. All are exact for whole-number weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
"""`right` bool (n,): answered rightly as it is, and so attacked; `fell` bool (n,); `queries` int64 (n,): what the attack
was answered, up to the fall or its end."""


def shares(columns: Columns, times: Float) -> dict[str, Float]:
    """Percentages, float64 (B,); `times` (B, n) says how often each image counts."""
    right, fell, every = times @ columns["right"], times @ columns["fell"], times.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "robust_accuracy": 100 * (right - fell) / every,
            "clean": 100 * right / every,
            "success_rate": 100 * fell / right,
        }


def mean(values: NDArray[Any], among: NDArray[Any], times: Float) -> Float:
    """The mean of `values` (n,) where `among` (n,), float64 (B,); NaN where there are none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Float = (times @ (values * among)) / (times @ among)
    return found


def median(values: NDArray[Any], among: NDArray[Any], times: Float) -> Float:
    """The median, of an even number the mean of the middle two, float64 (B,); NaN where there are none."""
    if not among.any():
        return np.full(len(times), np.nan)
    chosen = np.flatnonzero(among)
    order = chosen[np.argsort(values[chosen], kind="stable")]
    upto = times[:, order].cumsum(axis=1)
    total = upto[:, -1]
    # Places count from 0; the one at a place is the first whose sum passes it.
    lower, upper = (values[order[(upto > place[:, None]).argmax(axis=1)]] for place in ((total - 1) // 2, total // 2))
    found: Float = np.where(total > 0, (lower + upper) / 2, np.nan)
    return found


_QUERIES: Final[Mapping[str, Callable[[NDArray[Any], NDArray[Any], Float], Float]]] = {"mean": mean, "median": median}


def numbers(columns: Columns, budget: int, weights: NDArray[Any], names: Sequence[str]) -> dict[str, Float]:
    """The metrics called `names` with image i counted ``weights[b, i]`` times: float64 (B,) each, NaN where undefined."""
    times = weights.astype(np.float64)
    found = shares(columns, times)
    spent = np.where(columns["fell"], columns["queries"], budget).astype(np.float64)
    for kind, compute in _QUERIES.items():
        for ending, among in (("", columns["fell"]), ("_all", columns["right"])):
            name = f"{kind}_queries{ending}"
            if name in names:
                found[name] = compute(spent, among, times)
    return {name: found[name] for name in names}


def success_curve(columns: Columns, budget: int) -> tuple[Float, Float]:
    """How many percent of the attacked images have fallen after so many queries, as steps: x and y, float64 (k,)."""
    attacked = int(columns["right"].sum())
    queries, counts = np.unique(columns["queries"][columns["fell"]], return_counts=True)
    fallen = np.concatenate([[0], counts.cumsum()])
    x = np.concatenate([[0], queries.repeat(2), [budget]]).astype(np.float64)
    y = fallen.repeat(2).astype(np.float64)
    return x, 100 * y / max(attacked, 1)
