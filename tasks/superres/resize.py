"""MATLAB's ``imresize(image, 1/scale, 'bicubic')`` and the way back, to the last bit for uint8 images.

The low-resolution images of super-resolution benchmarks were made by it. Other libraries' bicubic differs, and a
network trained for one loses up to 9 dB on another (README.md). What makes MATLAB's special:

* the cubic kernel has a = -0.5, is widened by the scale where an image shrinks (antialiasing), and its weights are
  normalised;
* borders are mirrored, the border sample repeated;
* the axes are resized one after the other, rows first, and uint8 is **rounded half-up to uint8 after each**.

Found by comparing with images that MATLAB made (README.md): 0 of 719,952 values differ.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Taps = tuple[Float, NDArray[np.int64]]


def cubic(x: Float) -> Float:
    """The cubic convolution kernel with a = -0.5 (Keys, 1981, https://doi.org/10.1109/TASSP.1981.1163711)."""
    distance = np.abs(x)
    square, cube = distance**2, distance**3
    near = 1.5 * cube - 2.5 * square + 1
    far = -0.5 * cube + 2.5 * square - 4 * distance + 2
    kernel: Float = near * (distance <= 1) + far * ((distance > 1) & (distance <= 2))
    return kernel


def contributions(length: int, scale: int) -> Taps:
    """Which input samples make an output sample when an axis of `length` shrinks by the integer `scale`.

    Returns weights and indices into the axis, both of shape ``(ceil(length / scale), taps)``.
    """
    outputs = np.arange(1, -(-length // scale) + 1, dtype=np.float64)
    return _contributions(length, outputs * scale + 0.5 * (1 - scale), scale)


def enlarging_contributions(length: int, scale: int) -> Taps:
    """The same when the axis grows by the integer `scale`: both of shape ``(scale * length, taps)``."""
    outputs = np.arange(1, length * scale + 1, dtype=np.float64)
    return _contributions(length, outputs / scale + 0.5 * (1 - 1 / scale), 1)


def _contributions(length: int, centres: Float, stretch: int) -> Taps:
    """Weights of the kernel, `stretch` times as wide, round `centres` (counted from 1), and indices."""
    width = 4.0 * stretch
    left = np.floor(centres - width / 2)
    samples = left[:, None] + np.arange(int(width) + 2)
    weights = cubic((centres[:, None] - samples) / stretch) / stretch
    weights /= weights.sum(axis=1, keepdims=True)
    mirror = np.concatenate([np.arange(length), np.arange(length)[::-1]])
    indices = mirror[np.mod(samples.astype(np.int64) - 1, len(mirror))]
    used = np.any(weights != 0, axis=0)
    return weights[:, used], indices[:, used]


def _resize_rows(image: NDArray[Any], taps: Taps) -> Float:
    weights, indices = taps
    total = np.zeros((len(weights), *image.shape[1:]))
    # One tap after the other: the order of the additions decides the last bit, and with it which values round up.
    for tap in range(weights.shape[1]):
        total += weights[:, tap].reshape(-1, *[1] * (image.ndim - 1)) * image[indices[:, tap]]
    return total


def _round_uint8(values: Float) -> NDArray[np.uint8]:
    # MATLAB rounds halves up; np.round rounds them to even.
    return np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)


def downscale(image: NDArray[Any], scale: int) -> NDArray[Any]:
    """The image made smaller by the integer `scale` as MATLAB's bicubic ``imresize`` does it.

    `image` is ``(H, W)`` or ``(H, W, C)``, uint8 or float64; the result has the same dtype and ``ceil(H / scale)`` rows
    and ``ceil(W / scale)`` columns. Raises TypeError for another dtype, because MATLAB treats each in its own way.
    """
    return _resize(image, scale, contributions)


def upscale(image: NDArray[Any], scale: int) -> NDArray[Any]:
    """The image made larger by the integer `scale` as MATLAB's bicubic ``imresize`` does it; see `downscale`."""
    return _resize(image, scale, enlarging_contributions)


def _resize(image: NDArray[Any], scale: int, taps: Callable[[int, int], Taps]) -> NDArray[Any]:
    if image.dtype not in (np.uint8, np.float64):
        raise TypeError(f"an image to be resized has dtype {image.dtype}, expected uint8 or float64")
    quantise = _round_uint8 if image.dtype == np.uint8 else np.asarray
    rows = quantise(_resize_rows(image, taps(image.shape[0], scale)))
    turned = rows.swapaxes(0, 1)
    columns: NDArray[Any] = quantise(_resize_rows(turned, taps(turned.shape[0], scale))).swapaxes(0, 1)
    return np.ascontiguousarray(columns)


def modcrop(image: NDArray[Any], scale: int) -> NDArray[Any]:
    """The image without the last rows and columns that are left over by `scale`; the top left corner stays."""
    height, width = image.shape[:2]
    return image[: height - height % scale, : width - width % scale]
