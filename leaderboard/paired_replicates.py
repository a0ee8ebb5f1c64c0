"""Every replicate column of a record, for comparing results in pairs; what cannot be used is left out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.errors import RecordError
from leaderboard.entries import Entry
from leaderboard.standings import LARGEST_SCORE
from leaderboard.stored import stored_table

Columns = Mapping[str, NDArray[np.float64]]


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
