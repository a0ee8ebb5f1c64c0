"""Zero-mean normalised cross-correlation of whole-number images, exact up to one division and one root."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Float = NDArray[np.float64]


def grey(image: NDArray[np.uint8]) -> Grey:
    """Luma of an RGB image uint8 (h, w, 3), rounded: Rec. 601 weights in 15-bit fixed point, as OpenCV has them."""
    weighted = image.astype(np.int32) @ np.array([9798, 19235, 3735], np.int32)
    return ((weighted + 16384) >> 15).astype(np.uint8)


def correlation(window: Grey, template: Grey) -> Float:
    """The coefficient at every place of `template` (h, w) inside `window` (H, W): float64 (H - h + 1, W - w + 1).

    OpenCV calls it TM_CCOEFF_NORMED. All sums are whole numbers, so that no order of additions can move a digit; places
    without any contrast get 0.
    """
    count = template.size
    total = int(template.sum(dtype=np.int64))
    spread = count * int((template.astype(np.int64) ** 2).sum()) - total**2
    values = window.astype(np.int64)
    sums, squares = _box_sums(values, template.shape), _box_sums(values**2, template.shape)
    covariance = count * _products(window, template) - total * sums
    scale = np.sqrt((count * squares - sums**2).astype(np.float64) * float(spread))
    found: Float = np.divide(covariance, scale, out=np.zeros(scale.shape), where=scale > 0)
    return found


def _products(window: Grey, template: Grey) -> NDArray[np.int64]:
    """Sums of products by Fourier transform; they are whole numbers far below 2**53, so rounding makes them exact."""
    shape = (_smooth(window.shape[0]), _smooth(window.shape[1]))
    turned = np.fft.rfft2(template[::-1, ::-1].astype(np.float64), shape)
    found = np.fft.irfft2(np.fft.rfft2(window.astype(np.float64), shape) * turned, shape)
    height, width = template.shape
    return np.rint(found[height - 1 : window.shape[0], width - 1 : window.shape[1]]).astype(np.int64)


def _smooth(length: int) -> int:
    """The next length with no prime factor above 5, for which the transform is quick."""
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1


def _box_sums(values: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1), np.int64)
    table[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
    height, width = shape
    return table[height:, width:] - table[:-height, width:] - table[height:, :-width] + table[:-height, :-width]
