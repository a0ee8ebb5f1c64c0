"""Regions in and out of a tracker: the box that it starts with, and what may be wrong with its answer."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import PredictionError

Region = NDArray[np.float64]
"""(4,): x, y, width, height; or (8,): four corners x1, y1, ..., x4, y4. Pixels."""


def starting_box(region: Region) -> Region:
    """The upright box, (4,), that stands for a region: itself, or one of four corners' own area and centre.

    Source: STVIR/pysot, pysot/utils/bbox.py (get_axis_aligned_bbox) and tools/test.py, where a box of w x h pixels around a
    centre c starts at c - (w - 1) / 2.
    """
    if len(region) == 4:
        return region.copy()
    corners = region.reshape(4, 2)
    sides = np.linalg.norm(np.diff(corners[:3], axis=0), axis=1)
    extent = np.ptp(corners, axis=0)
    area = float(np.prod(extent))
    size = extent * (np.sqrt(np.prod(sides) / area) if area > 0 else 0.0) + 1
    return np.concatenate([corners.mean(axis=0) - (size - 1) / 2, size])


def given_region(method: Any, region: Region) -> Region:
    """What `init` of a tracker is given: four corners only where it says ``takes_corners``, else an upright box."""
    return region.copy() if getattr(method, "takes_corners", False) else starting_box(region)


def checked_region(answer: Any, where: str) -> Region:
    """The region that `update` answered, as such or under ``box``; raises PredictionError naming `where`."""
    value = answer.get("box") if isinstance(answer, Mapping) else answer
    try:
        region = np.array(value, np.float64)
    except (TypeError, ValueError):
        region = np.empty((0, 0))
    if region.shape not in ((4,), (8,)):
        shape = f" of shape {region.shape}" if region.ndim and region.size else ""
        found = "nothing" if value is None else f"a {type(value).__name__}{shape}"
        raise PredictionError(
            f"{where}: update gave {found}; it answers a box x, y, width, height, four corners x1, y1, ..., x4, y4, or a "
            "dictionary with one of them under 'box'"
        )
    if not np.isfinite(region).all():
        raise PredictionError(
            f"{where}: update gave {region.tolist()}, which is no region; a tracker that has lost its target answers where "
            "it was last"
        )
    if len(region) == 4 and (region[2:] < 0).any():
        raise PredictionError(
            f"{where}: update gave a box of {region[2]:g} x {region[3]:g} pixels; sides are not negative"
        )
    return region
