"""Pictures and labels in NumPy's files, and labels in CSV."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError

Int = NDArray[np.int64]
Images = NDArray[Any]
"""uint8 (n, height, width, 3), or float32 in [0, 1] where the values are no multiples of 1/255."""
_SAME: Final = 1e-3
"""How far, in units of 1/255, a float picture's values may lie from whole ones: single precision keeps 2e-5."""
_BLOCK: Final = 1000


def load_array(path: Path) -> NDArray[Any]:
    """The array in a ``.npy`` file of numbers; raises DataError naming the file."""
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, OverflowError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise DataError(f"{path} is no .npy file that can be read ({reason}); save it with numpy.save") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise DataError(f"{path} holds {getattr(found, 'dtype', 'several arrays')}, not one array of numbers")
    return found


def load_images(path: Path) -> Images:
    """Pictures (n, h, w, 3), uint8 in 0..255 or floats in [0, 1]; also (n, 3, h, w), which is turned round."""
    found = load_array(path)
    if found.ndim == 4 and found.shape[3] != 3 and found.shape[1] == 3:
        found = found.transpose(0, 2, 3, 1)
    if found.ndim != 4 or found.shape[3] != 3:
        raise DataError(f"{path} has shape {found.shape}; pictures are (n, height, width, 3)")
    if found.dtype == np.uint8:
        return np.ascontiguousarray(found)
    if found.dtype.kind != "f":
        raise DataError(f"{path} holds {found.dtype}; pictures are uint8 in 0..255 or floats in [0, 1]")
    return _from_floats(found, path)


def _from_floats(found: NDArray[Any], path: Path) -> Images:
    """As uint8 where that loses nothing, so that one picture is one picture however it is stored."""
    whole = np.empty(found.shape, np.uint8)
    for start in range(0, len(found), _BLOCK):
        part = found[start : start + _BLOCK].astype(np.float64)
        # Written so that NaN fails.
        outside = np.argwhere(~((part >= 0) & (part <= 1)))
        if len(outside):
            index = int(outside[0][0])
            raise DataError(
                f"{path}: picture {start + index} holds {part[tuple(outside[0])]:g}; floats must lie in [0, 1], without "
                "mean and deviation taken off (save 0..255 as uint8)"
            )
        rounded = np.rint(part * 255)
        if np.abs(part * 255 - rounded).max(initial=0) > _SAME:
            return np.ascontiguousarray(found, np.float32)
        whole[start : start + _BLOCK] = rounded
    return whole


def load_labels(path: Path, classes: int) -> Int:
    """Labels (n,) from ``.npy``, or from text with one number a line; raises DataError for those out of range."""
    labels = load_array(path) if path.suffix.lower() == ".npy" else _text_labels(path)
    labels = labels.reshape(-1) if labels.ndim == 2 and 1 in labels.shape else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"{path} holds {labels.dtype} of shape {labels.shape}; labels are whole numbers (n,)")
    return check_labels(labels.astype(np.int64), classes, path)


def check_labels(labels: Int, classes: int, path: Path) -> Int:
    """`labels`, if all of them are classes."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise DataError(
            f"{path}: label {labels[wrong[0]]} of sample {wrong[0]} is no class; there are 0 to {classes - 1}"
        )
    return labels


def _text_labels(path: Path) -> NDArray[Any]:
    try:
        lines = path.read_text(encoding="utf-8").split()
        return np.array([int(line) for line in lines], np.int64)
    except (OSError, ValueError, OverflowError):
        raise DataError(f"{path} holds no labels: a .npy file of whole numbers, or a text with one a line") from None
