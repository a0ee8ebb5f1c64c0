"""Fewer points for the same drawing."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.curves import Curve


def thinned(curve: Curve, columns: int) -> Curve:
    """The curve with at most four points for each of `columns` of the drawing's width; a shorter one as it is.

    Where the curve runs through a column it keeps the first point there, the lowest, the highest and the last, so that
    a line through them covers what the line through all covers. One that runs to and fro so often that even these are
    too many keeps every so-manieth of them.
    """
    count = len(curve.x)
    if count <= 4 * columns:
        return curve
    run = _runs(_columns(curve, columns))
    by_height = np.lexsort((curve.y, run))
    first = np.flatnonzero(np.diff(run, prepend=-1))
    last = np.append(first[1:], count) - 1
    chosen = np.unique(np.concatenate([first, last, by_height[first], by_height[last]]))
    if len(chosen) > 4 * columns:
        chosen = chosen[np.linspace(0, len(chosen) - 1, 4 * columns).astype(np.int64)]
    return replace(curve, x=curve.x[chosen], y=curve.y[chosen])


def _columns(curve: Curve, columns: int) -> NDArray[np.int64]:
    """The column of every point, int64 (n,)."""
    x = curve.x
    if "x" in curve.log:
        x = np.log10(np.maximum(x, x[x > 0].min(initial=1.0)))
    low, width = x.min(), x.max() - x.min()
    # The right edge belongs to the last column, as elsewhere a point on an edge belongs to the column on its right.
    found: NDArray[np.int64] = np.minimum((x - low) / (width or 1.0) * columns, columns - 1).astype(np.int64)
    return found


def _runs(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the stretch in which the curve stays in one column, for every point."""
    found: NDArray[np.int64] = np.cumsum(np.diff(columns, prepend=columns[:1]) != 0)
    return found
