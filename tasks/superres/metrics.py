"""PSNR and SSIM of a super-resolved image, as the papers of single-image super-resolution compute them.

Reference: ``RCAN_TestCode/Evaluate_PSNR_SSIM.m`` of https://github.com/yulunzhang/RCAN, which holds Wang's
``ssim_index``. Images are uint8 RGB, ``(H, W, 3)``; a border of `scale` pixels is left out. What is compared:

============  ==========================================================================================
matlab-y      luma of BT.601 in studio range, in double from RGB in [0, 1], cast to single, times 255,
              **not rounded** (the reference; nearly all published tables)
y-rounded     the same luma rounded to uint8 (KAIR on uint8 images; IMDN's own Python script)
rgb           the three colour channels
============  ==========================================================================================
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel

Float = NDArray[np.float64]
Image = NDArray[np.uint8]

LUMA_WEIGHTS = (65.481, 128.553, 24.966)
LUMA_OFFSET = 16.0
PEAK = 255.0
SSIM_WINDOW = 11
SSIM_SIGMA = 1.5
SSIM_K = (0.01, 0.03)


class Quality(NamedTuple):
    """What one image scores: `psnr` in dB, infinite for identical images; `ssim` without unit, at most 1."""

    psnr: float
    ssim: float


_SINGLE = Kernel("superres_single_luma", "uint8[]", "int64", "float64[]", "float64", "float64[]")
_ROUNDED = Kernel("superres_rounded_luma", "uint8[]", "int64", "float64[]", "float64", "float64[]")
_SSIM = Kernel("superres_ssim", *["float64[]"] * 2, *["int64"] * 2, *["float64[]"] * 3)


def single_luma(rgb: Image) -> Float:
    """Luma in [16, 235] as the reference has it, in steps of single precision; float64 ``(1, H, W)``."""
    # Single precision costs 4e-8 dB and is kept because the reference casts before it multiplies by 255.
    unit = np.arange(256) / PEAK
    return _luma(rgb, _SINGLE, np.stack([weight / PEAK * unit for weight in LUMA_WEIGHTS]), LUMA_OFFSET / PEAK)


def rounded_luma(rgb: Image) -> Float:
    """Luma in [16, 235] rounded to whole numbers; float64 ``(1, H, W)``."""
    # Some colours lie half-way. Which way they go depends on the order of the operations, here KAIR's.
    return _luma(rgb, _ROUNDED, np.stack([weight * np.arange(256.0) for weight in LUMA_WEIGHTS]), LUMA_OFFSET)


def _luma(rgb: Image, kernel: Kernel, tables: Float, offset: float) -> Float:
    luma = np.empty((1, *rgb.shape[:2]))
    kernel(np.ascontiguousarray(rgb), luma.size, tables, offset, luma)
    return luma


def colours(rgb: Image) -> Float:
    """The colour channels in [0, 255]; float64 ``(3, H, W)``."""
    return np.moveaxis(rgb, -1, 0).astype(np.float64)


PLANES: Mapping[str, Callable[[Image], Float]] = MappingProxyType(
    {"matlab-y": single_luma, "y-rounded": rounded_luma, "rgb": colours}
)
"""Protocol -> what it compares, float64 ``(channels, H, W)`` in [0, 255]."""


def shave(image: Image, border: int) -> Image:
    """The image without `border` pixels on every side."""
    height, width = image.shape[:2]
    return image[border : height - border, border : width - border]


def psnr(reference: Float, image: Float) -> float:
    """Peak signal-to-noise ratio in dB of two arrays in [0, 255]: ``10 log10(255**2 / mean squared error)``."""
    error = np.mean((reference - image) ** 2)
    return float(10 * np.log10(PEAK**2 / error)) if error > 0 else float("inf")


def _window() -> Float:
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    normalised: Float = weights / weights.sum()
    return normalised


def ssim(reference: Float, image: Float) -> float:
    """Structural similarity of two planes ``(H, W)`` in [0, 255], the mean over all 11x11 windows that lie inside.

    Gaussian window, sigma 1.5; K = 0.01, 0.03; population covariance. Raises ValueError for planes smaller than the
    window. Source: Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861, and their ``ssim_index.m``.
    """
    if reference.shape != image.shape:
        raise ValueError(f"the planes have shapes {reference.shape} and {image.shape}")
    if min(reference.shape) < SSIM_WINDOW:
        raise ValueError(f"SSIM needs at least {SSIM_WINDOW}x{SSIM_WINDOW} pixels, the plane has {reference.shape}")
    height, width = reference.shape
    similarity = np.empty((height - SSIM_WINDOW + 1, width - SSIM_WINDOW + 1))
    constants = np.array([(k * PEAK) ** 2 for k in SSIM_K])
    planes = (np.ascontiguousarray(reference, np.float64), np.ascontiguousarray(image, np.float64))
    _SSIM(*planes, height, width, _window(), constants, similarity)
    return float(similarity.mean())


def quality(reference: Image, image: Image, scale: int, protocol: str) -> Quality:
    """PSNR and SSIM of `image` against `reference` of the same shape ``(H, W, 3)``, uint8, under `protocol`.

    PSNR pools the channels in one mean squared error; SSIM is the mean of the channels' values. Raises KeyError for an
    unknown protocol and ValueError where the shapes differ or nothing is left within the border.
    """
    if reference.shape != image.shape:
        raise ValueError(f"the images have shapes {reference.shape} and {image.shape}")
    planes = PLANES[protocol]
    x, y = planes(shave(reference, scale)), planes(shave(image, scale))
    similarities = [ssim(one, other) for one, other in zip(x, y, strict=True)]
    return Quality(psnr(x, y), float(np.mean(similarities)))
