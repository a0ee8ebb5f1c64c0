"""Inputs made by another bicubic lose up to 9 dB, so every value has to be MATLAB's."""

from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.superres.resize import cubic, downscale, modcrop, upscale

SET5_VALUES = {2: 425_592, 3: 187_962, 4: 106_398}


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_value_of_set5_is_matlabs(shared: Path, scale: int) -> None:
    root = shared / "data" / "superres" / "Set5"
    differing = total = 0
    for path in sorted((root / "HR").glob("*.bmp")):
        high = np.asarray(Image.open(path).convert("RGB"))
        low = np.asarray(Image.open(root / "LR_bicubic" / f"x{scale}" / f"{path.stem}x{scale}.bmp").convert("RGB"))
        made = downscale(modcrop(high, scale), scale)
        assert made.shape == low.shape
        differing += int(np.count_nonzero(made != low))
        total += low.size
    assert (differing, total) == (0, SET5_VALUES[scale])


def matlab_axis(line: list[float], scale: int, larger: bool = False) -> list[float]:
    """One axis in the words of MATLAB's documentation, one sample after the other."""
    length, result = len(line), []
    step, stretch = (1 / scale, 1) if larger else (scale, scale)
    for out in range(1, (length * scale if larger else -(-length // scale)) + 1):
        centre = out * step + 0.5 * (1 - step)
        first = floor(centre - 2 * stretch)
        weights = [float(cubic(np.array((centre - p) / stretch))) for p in range(first, first + 4 * stretch + 2)]
        samples = []
        for p in range(first, first + 4 * stretch + 2):
            p = (p - 1) % (2 * length)
            samples.append(line[p] if p < length else line[2 * length - 1 - p])
        result.append(sum(w * s for w, s in zip(weights, samples, strict=True)) / sum(weights))
    return result


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4), st.integers(1, 14), st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_doubles_agree_with_the_definition(scale: int, height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).random((height, width))
    rows = np.array([matlab_axis(list(column), scale) for column in image.T]).T
    expected = np.array([matlab_axis(list(row), scale) for row in rows])
    np.testing.assert_allclose(downscale(image, scale), expected, rtol=0, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 8), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_enlarged_doubles_agree_with_the_definition(scale: int, height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).random((height, width))
    rows = np.array([matlab_axis(list(column), scale, larger=True) for column in image.T]).T
    expected = np.array([matlab_axis(list(row), scale, larger=True) for row in rows])
    np.testing.assert_allclose(upscale(image, scale), expected, rtol=0, atol=1e-13)


def test_enlarging_rounds_after_each_pass_rows_first() -> None:
    image = np.random.default_rng(5).integers(0, 256, (9, 7), dtype=np.uint8)
    rows = np.array([matlab_axis(list(map(float, column)), 3, larger=True) for column in image.T]).T
    rows = np.clip(np.floor(rows + 0.5), 0, 255)
    expected = np.array([matlab_axis(list(row), 3, larger=True) for row in rows])
    assert (upscale(image, 3) == np.clip(np.floor(expected + 0.5), 0, 255)).all()
    assert (upscale(image, 3) != upscale(image.T, 3).T).any()


@given(st.integers(2, 4), st.integers(0, 255), st.integers(1, 30), st.integers(1, 30))
def test_a_flat_image_stays_flat(scale: int, value: int, height: int, width: int) -> None:
    made = downscale(np.full((height, width, 3), value, np.uint8), scale)
    assert made.shape == (-(-height // scale), -(-width // scale), 3)
    assert (made == value).all()


def test_uint8_is_rounded_after_each_pass() -> None:
    image = np.random.default_rng(5).integers(0, 256, (24, 24), dtype=np.uint8)
    once = np.clip(np.floor(downscale(image.astype(np.float64), 2) + 0.5), 0, 255)
    assert (downscale(image, 2) != once).any()


def test_rows_come_first() -> None:
    image = np.random.default_rng(5).integers(0, 256, (24, 24), dtype=np.uint8)
    assert (downscale(image, 2) != downscale(image.T, 2).T).any()


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(TypeError, match="float32"):
        downscale(np.zeros((8, 8), np.float32), 2)


def test_modcrop_keeps_the_top_left_corner() -> None:
    image = np.arange(11 * 13).reshape(11, 13)
    assert (modcrop(image, 4) == image[:8, :12]).all()
