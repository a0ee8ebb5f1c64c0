"""Contrast between centre and surround at many scales, by differences of Gaussians."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
_SURROUND: Final = 1.6
"""How many times wider the surround is; at this ratio a difference of Gaussians is nearest to their Laplacian."""
WIDTH: Final = 2 * math.sqrt(4 * _SURROUND**2 * math.log(_SURROUND) / (_SURROUND**2 - 1))
"""The width of a disc, in standard deviations of the centre, where the contrast in its middle is the largest.

In a disc of radius r it is exp(-r² / 2k²s²) - exp(-r² / 2s²); its derivative by s is 0 where r² = 4 k² s² ln k / (k² - 1).
"""
_FINEST: Final = 1.5
"""Above twice this standard deviation, in cells, an image is halved: what is left varies little from cell to cell."""


@dataclass(frozen=True, slots=True)
class Level:
    """The contrast at one scale, (channels, height, width), on cells of `cell` pixels."""

    sigma: float
    """Standard deviation of the centre across, pixels."""
    cell: int
    contrast: Float


def levels(channels: Float, smallest: float, largest: float, steps: int, aspect: float) -> Iterator[Level]:
    """Yield the contrast of `channels`, float64 (channels, height, width), at `steps` scales an octave.

    `smallest` and `largest` are widths of blobs in pixels; centre and surround are `aspect` times as high as wide.
    """
    cell, sigma = 1, smallest / WIDTH
    spectrum = _Spectrum(channels)
    while sigma * WIDTH <= largest:
        while sigma / cell > 2 * _FINEST:
            channels, cell = _halved(channels), 2 * cell
            spectrum = _Spectrum(channels)
        yield Level(sigma, cell, spectrum.contrast(sigma / cell * aspect, sigma / cell))
        sigma *= 2 ** (1 / steps)


class _Spectrum:
    """The Fourier transform of channels that are mirrored beyond their border."""

    def __init__(self, channels: Float) -> None:
        self._height, self._width = channels.shape[1:]
        mirrored = np.concatenate([channels, channels[:, ::-1]], axis=1)
        mirrored = np.concatenate([mirrored, mirrored[:, :, ::-1]], axis=2)
        self._values = np.fft.rfft2(mirrored)
        self._rows = np.fft.fftfreq(2 * self._height)[:, None]
        self._columns = np.fft.rfftfreq(2 * self._width)[None, :]

    def contrast(self, down: float, across: float) -> Float:
        """A Gaussian of these standard deviations, in cells, less the one of the surround."""
        power = 2 * np.pi**2 * ((down * self._rows) ** 2 + (across * self._columns) ** 2)
        gain = np.exp(-power) - np.exp(-(_SURROUND**2) * power)
        shape = 2 * self._height, 2 * self._width
        contrast: Float = np.fft.irfft2(self._values * gain, s=shape)[:, : self._height, : self._width]
        return contrast


def _halved(channels: Float) -> Float:
    """Means of 2 x 2 cells; an odd last row or column is repeated."""
    odd = [(0, 0), (0, channels.shape[1] % 2), (0, channels.shape[2] % 2)]
    even = np.pad(channels, odd, mode="edge")
    halved: Float = (even[:, ::2, ::2] + even[:, 1::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, 1::2]) / 4
    return halved
