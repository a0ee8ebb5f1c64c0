"""Every replicate column of a record, for comparing results in pairs; what cannot be used is left out."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.errors import RecordError
from leaderboard.boards import LARGEST_SCORE
from leaderboard.entries import Entry
from leaderboard.stored import stored_table

Columns = Mapping[str, NDArray[np.float64]]


def mean_columns(runs: Sequence[Entry]) -> Columns:
    """The columns of one result, or the means over the runs of a seed group, which is what its scores are."""
    every = [metric_columns(run) for run in runs]
    first, *others = every
    found = {}
    for name, column in first.items():
        columns = [column, *(other[name] for other in others if name in other)]
        if len(columns) == len(every) and len({len(one) for one in columns}) == 1:
            found[name] = np.mean(columns, axis=0) if others else column
    return found


def metric_columns(entry: Entry) -> Columns:
    """Its scores on the resamples by "PROTOCOL/METRIC", float64 (resamples,), NaN where undefined; empty where there are none."""
    try:
        table = stored_table(entry, "replicates", "its replicate scores")
    except RecordError:
        return {}
    found = {}
    if table is None:
        return {}
    for name, column in table.columns.items():
        if not isinstance(column, Ragged) and column.dtype == np.float64 and column.shape == (len(table.ids),):
            found[name] = np.where(np.abs(column) < LARGEST_SCORE, column, np.nan)
    return found
