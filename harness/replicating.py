"""The scores of all resamples, some resamples at a time, so that a long computation can tell how far it is."""

from collections.abc import Callable, Mapping, Sequence
from math import isclose
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.task import FloatArray, Statistics, Task, Values

RESAMPLES: Final = 1000
BLOCK: Final = 250
"""Rows of one call of `Task.replicates`. Always as many: a task may compute with BLAS, whose last digit depends on it."""


def replicate(
    task: Task,
    statistics: Statistics,
    protocol: str,
    values: Values,
    names: Sequence[str],
    weights: NDArray[np.uint16],
    advance: Callable[[int], None],
) -> dict[str, FloatArray]:
    """The metrics `names` for every row of `weights`, uint16 (B, units): float64 (B,) each.

    `advance` is called with the number of rows just done. Raises HarnessError where a row of ones does not give `values`.
    """
    _check_ones(task, statistics, protocol, values, names)
    parts = []
    for start in range(0, len(weights), BLOCK):
        block = weights[start : start + BLOCK]
        parts.append(task.replicates(statistics, protocol, block, names))
        _check_shapes(task, parts[-1], len(block))
        advance(len(block))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _check_ones(task: Task, statistics: Statistics, protocol: str, values: Values, names: Sequence[str]) -> None:
    """Every unit counted once is the score itself; where it is not, the intervals would be another metric's."""
    ones = task.replicates(statistics, protocol, np.ones((1, len(statistics.table)), np.uint16), names)
    for name in names:
        value, again = values[name], ones.get(name)
        if again is None or value is None or not isclose(float(again[0]), value, rel_tol=1e-9, abs_tol=1e-12):
            found = "nothing" if again is None else float(again[0])
            raise HarnessError(
                f"{task.meta.id}: replicates gives {found} for {name} with every {task.meta.unit} counted once, "
                f"but aggregate gives {value}"
            )


def _check_shapes(task: Task, found: Mapping[str, FloatArray], rows: int) -> None:
    for name, column in found.items():
        if column.dtype != np.float64 or column.shape != (rows,):
            raise HarnessError(
                f"{task.meta.id}: replicates gives {column.dtype} of shape {column.shape} for {name}, not one float64 for "
                f"each of {rows} resamples"
            )
