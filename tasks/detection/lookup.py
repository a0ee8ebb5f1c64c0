"""Finding ids among the ids of a data set."""

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]


def find_ids(known: Int, ids: Int) -> tuple[Int, NDArray[np.bool_]]:
    """Return where each of `ids` stands in `known`, which ascends and is not empty, and whether it is there at all."""
    index = np.searchsorted(known, ids).clip(max=len(known) - 1)
    return index, known[index] == ids
