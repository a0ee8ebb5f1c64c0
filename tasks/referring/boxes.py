"""IoU of a box that was answered and the true one, by the rules that are in use.

All take and give one box a row, corners x1, y1, x2, y2 in pixels, float64 (n, 4), and give float64 (n,).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]


def plain(found: Float, truth: Float, smooth: float = 0.0) -> Float:
    """Intersection over union of the areas between the corners; 0 where both are empty.

    Source: mjhucla/Google_Refexp_toolbox, google_refexp_py_lib/refexp_eval.py. With `smooth` added above and below:
    luogen1996/MCN, callbacks/eval.py (cal_detect_iou).
    """
    return _iou(found, truth, 0.0, smooth)


def single(found: Float, truth: Float) -> Float:
    """The same in single precision. Source: luogen1996/Real-time-Global-Inference-Network, code/utils.py."""
    return _iou(found.astype(np.float32), truth.astype(np.float32), 0.0, 0.0).astype(np.float64)


def smoothed(found: Float, truth: Float) -> Float:
    """MCN's, with 1e-7 above and below."""
    return plain(found, truth, 1e-7)


def plus_one(found: Float, truth: Float) -> Float:
    """Corners are pixels inside the box, so that every side is one pixel longer: evaluation scripts of large vision-language
    models (VILA, LLaVA, MiniGPT)."""
    return _iou(found, truth, 1.0, 0.0)


def inclusive(found: Float, truth: Float) -> Float:
    """Width and height are numbers of pixels and the far corner is the last one; an overlap of one pixel's width is none.

    Source: lichengunc/refer, evaluation and pyReferDemo; lichengunc/MAttNet, tools/eval_easy.py.
    """
    low = np.maximum(found[:, :2], truth[:, :2])
    high = np.minimum(found[:, 2:] - 1, truth[:, 2:] - 1)
    sides = high - low + 1
    intersection = np.where((low < high).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    return _ratio(intersection, _area(found, 0.0) + _area(truth, 0.0) - intersection)


def _iou(found: NDArray[Any], truth: NDArray[Any], one: float, smooth: float) -> NDArray[Any]:
    sides = np.maximum(np.minimum(found[:, 2:], truth[:, 2:]) - np.maximum(found[:, :2], truth[:, :2]) + one, 0)
    intersection = sides[:, 0] * sides[:, 1]
    union = _area(found, one) + _area(truth, one) - intersection
    return _ratio(intersection + smooth, union + smooth) if smooth else _ratio(intersection, union)


def _area(boxes: NDArray[Any], one: float) -> NDArray[Any]:
    area: NDArray[Any] = (boxes[:, 2] - boxes[:, 0] + one) * (boxes[:, 3] - boxes[:, 1] + one)
    return area


def _ratio(intersection: NDArray[Any], union: NDArray[Any]) -> NDArray[Any]:
    ratio: NDArray[Any] = np.divide(intersection, union, out=np.zeros_like(intersection), where=union > 0)
    return ratio


RULES: Final[Mapping[str, Callable[[Float, Float], Float]]] = {
    "plain": plain, "single": single, "smoothed": smoothed, "plus-one": plus_one, "inclusive": inclusive,
}  # fmt: skip
