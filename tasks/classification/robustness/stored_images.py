"""What is stored of adversarial images, compared with ball and box: by attacks that see the network and by those that ask."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import PredictionError
from tasks.classification.robustness.balls import TOLERANCE, Bounds
from tasks.classification.robustness.interface import CLEAN_IMAGE, DISTANCE, KEPT_ATTACK, KEPT_IMAGE

Float = NDArray[np.float64]


def check_stored(table: Table, limits: Bounds) -> None:
    """Raise PredictionError naming an image whose stored distances or pixels leave ball or box, or contradict each other.

    Distances are (n,), or (n, attacks) with a column that tells the attack of each stored image.
    """
    distances = table.dense(DISTANCE).reshape(len(table), -1) if DISTANCE in table.columns else None
    if distances is not None:
        _refuse_far(distances, limits, table.ids)
    if KEPT_IMAGE not in table.columns:
        return
    what = "the stored adversarial image"
    found = refuse_outside(table.dense(KEPT_IMAGE), table.dense(CLEAN_IMAGE), limits, table.ids, what)
    if distances is not None:
        _refuse_other(found, distances, _attack_of(table, distances.shape[1]), table.ids)


def _refuse_far(distances: Float, limits: Bounds, ids: Sequence[str]) -> None:
    # Written so that NaN is far.
    far = np.argwhere(~(distances <= limits.radius + TOLERANCE))
    if len(far):
        row, place = far[0]
        raise PredictionError(
            f"image {ids[row]} lies {distances[row, place]:.9g} from its original in {limits.norm}, where "
            f"{limits.radius:.9g} + {TOLERANCE:g} are allowed"
        )


def _attack_of(table: Table, attacks: int) -> NDArray[np.int64]:
    """The attack that each stored image is of, -1 for none."""
    if KEPT_ATTACK not in table.columns:
        return np.zeros(len(table), np.int64)
    places = table.dense(KEPT_ATTACK).astype(np.int64)
    wrong = np.flatnonzero((places < -1) | (places >= attacks))
    if len(wrong):
        raise PredictionError(
            f"image {table.ids[wrong[0]]} is said to be of attack {places[wrong[0]]}; there are 0 to {attacks - 1}, and -1 for "
            "none"
        )
    return places


def _refuse_other(found: Float, distances: Float, places: NDArray[np.int64], ids: Sequence[str]) -> None:
    rows = np.flatnonzero(places >= 0)
    away = np.flatnonzero(np.abs(found[rows] - distances[rows, places[rows]]) > TOLERANCE)
    if len(away):
        raise PredictionError(f"the stored distance of image {ids[rows[away[0]]]} is not that of its stored images")


def refuse_outside(
    images: NDArray[Any], originals: NDArray[Any], limits: Bounds, ids: Sequence[str], what: str
) -> Float:
    """Distances, float64 (n,); raises PredictionError naming an image that leaves ball or box."""
    distances = limits.distances(images, originals)
    outside = np.flatnonzero(limits.outside(images, originals))
    if len(outside):
        row = int(outside[0])
        allowed = f"{limits.radius:.9g} + {TOLERANCE:g} are allowed" + (", within [0, 1]" if limits.box else "")
        raise PredictionError(
            f"{what} of {ids[row]} leaves its set ({len(outside)} of {len(ids)} do): distance {distances[row]:.9g} in "
            f"{limits.norm}, values from {float(images[row].min()):.9g} to {float(images[row].max()):.9g}, where {allowed}"
        )
    return distances
