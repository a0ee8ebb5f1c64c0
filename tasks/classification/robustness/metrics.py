"""Clean and robust accuracy from stored logits: arrays in, numbers out.

An answer is the class of the highest logit, of equal ones that of the lowest index. Robust accuracy counts an image of all
images as right if its own answer is right and no attack's image of it is answered wrongly: the worst case over the attacks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
STANDS: Final = 1 << 20
"""The place of the attack that felled an image, where none did."""
WRONG: Final = -1
"""The same for an image that is answered wrongly as it is."""


def answered(logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """The class of each row, int64 (...,)."""
    found: NDArray[np.int64] = logits.argmax(axis=-1)
    return found


def felled_by(
    clean: NDArray[Any], adversarial: NDArray[Any], attacked: NDArray[Any], labels: NDArray[Any]
) -> NDArray[Any]:
    """The place of the first attack whose image is answered wrongly, int32 (n,): `WRONG`, a place, or `STANDS`.

    `clean` is (n, classes), `adversarial` (n, attacks, classes), `attacked` (n, attacks).
    """
    fooled = (answered(adversarial) != labels[:, None]) & (attacked > 0)
    first = np.where(fooled.any(axis=1), fooled.argmax(axis=1), STANDS)
    return np.where(answered(clean) == labels, first, WRONG).astype(np.int32)


def wrong_margin(clean: NDArray[Any], adversarial: NDArray[Any], attacked: NDArray[Any], labels: NDArray[Any]) -> Float:
    """By how much the best wrong class beats the true one, at the worst of all images of a sample, float64 (n,)."""
    every = np.concatenate([clean[:, None], adversarial], axis=1).astype(np.float64)
    own = np.take_along_axis(every, labels[:, None, None], axis=2)[..., 0]
    others = every.copy()
    np.put_along_axis(others, np.broadcast_to(labels[:, None, None], (*own.shape, 1)), -np.inf, axis=2)
    margins = others.max(axis=2) - own
    margins[:, 1:] = np.where(attacked > 0, margins[:, 1:], -np.inf)
    found: Float = margins.max(axis=1)
    return found


def standing(fell: NDArray[Any], attacks: int) -> NDArray[np.bool_]:
    """Whether each image is right as it is (column 0) and after each attack in turn, bool (n, 1 + attacks)."""
    return fell[:, None] >= np.arange(attacks + 1)[None, :]


def aggregate(fell: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
    """`names` are the metrics of clean accuracy and of each attack in turn: percent of all images."""
    right = standing(fell, len(names) - 1)
    return {name: 100 * int(right[:, place].sum()) / len(fell) for place, name in enumerate(names)}


def replicates(fell: NDArray[Any], weights: NDArray[np.uint16], names: Sequence[str]) -> Mapping[str, Float]:
    """The same with image i counted ``weights[b, i]`` times: float64 (B,) a metric."""
    right = standing(fell, len(names) - 1).astype(np.float64)
    times = weights.astype(np.float64)
    sums, count = times @ right, times.sum(axis=1)
    return {name: 100 * sums[:, place] / count for place, name in enumerate(names)}
