"""MATLAB's ``rgb2ycbcr`` and ``ycbcr2rgb`` in double precision: ITU-R BT.601, studio range."""

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

TO_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
OFFSET = np.array([16.0, 128.0, 128.0])


def rgb_to_ycbcr(rgb: NDArray[np.uint8]) -> Float:
    """RGB ``(H, W, 3)`` to luma in [16, 235] and chroma in [16, 240], float64 ``(H, W, 3)``, not rounded."""
    ycbcr: Float = rgb @ TO_YCBCR.T + OFFSET
    return ycbcr


def ycbcr_to_rgb(ycbcr: Float) -> NDArray[np.uint8]:
    """The way back, clamped and rounded to uint8."""
    rgb: Float = (ycbcr - OFFSET) @ np.linalg.inv(TO_YCBCR).T
    return np.floor(np.clip(rgb, 0, 255) + 0.5).astype(np.uint8)
