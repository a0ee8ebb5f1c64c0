"""Curves beside the numbers: precision over recall, true positives over false ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One curve of one protocol, with every point that the protocol computes. `x` and `y` are float64 (n,), all finite."""

    name: str
    """Letters, digits, ``_``, ``-`` and ``.``; unique among the curves of one protocol."""
    title: str
    """What tells it from the others of its group, for people: ``aeroplane``, ``Easy``."""
    x_label: str
    y_label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    group: str = ""
    """Curves of one group are shown together and share their labels; its text is the heading."""
