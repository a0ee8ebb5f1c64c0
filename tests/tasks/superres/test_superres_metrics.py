"""PSNR and SSIM against a second implementation, written from the definitions with nothing shared."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from tasks.superres.metrics import PLANES, psnr, quality, shave, ssim


def slow_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Every 11x11 window with the two-dimensional kernel of ``fspecial('gaussian', 11, 1.5)``, centred moments."""
    grid = np.arange(-5, 6)
    kernel = np.exp(-(grid[:, None] ** 2 + grid[None, :] ** 2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    a, b = (sliding_window_view(plane, (11, 11)) for plane in (x, y))
    mean_a, mean_b = (np.einsum("ijkl,kl->ij", w, kernel) for w in (a, b))
    centred_a, centred_b = a - mean_a[..., None, None], b - mean_b[..., None, None]
    var_a, var_b = (np.einsum("ijkl,kl->ij", w**2, kernel) for w in (centred_a, centred_b))
    cov = np.einsum("ijkl,kl->ij", centred_a * centred_b, kernel)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = (2 * mean_a * mean_b + c1) * (2 * cov + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(values.mean())


def plain_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """The separable window tap by tap, the map in the order of the published script's operations."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()

    def local(plane: np.ndarray) -> np.ndarray:
        height, width = plane.shape[0] - 10, plane.shape[1] - 10
        rows = sum(weights[tap] * plane[tap : tap + height] for tap in range(11))
        return sum(weights[tap] * rows[:, tap : tap + width] for tap in range(11))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    a, b = local(x), local(y)
    squares, product = a * a + b * b, a * b
    variances, covariance = local(x * x) + local(y * y) - squares, local(x * y) - product
    return float(((2 * product + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2))).mean())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(11, 40), st.integers(11, 40))
def test_ssim_has_every_digit_of_the_plain_formula(seed: int, height: int, width: int) -> None:
    """Vectors of any width: a record made on one machine is verified on another."""
    random = np.random.default_rng(seed)
    first = random.random((height, width)) * 255
    second = first + random.normal(size=first.shape) * 9
    assert ssim(first, second) == plain_ssim(first, second)


def test_every_colours_luma_has_every_digit_of_the_formulas() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    rgb = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, len(levels), 3)
    unit = rgb / 255.0
    red, green, blue = (weight / 255.0 * unit[..., i] for i, weight in enumerate((65.481, 128.553, 24.966)))
    single = (red + green + blue + 16 / 255.0).astype(np.float32) * np.float32(255)
    assert (PLANES["matlab-y"](rgb)[0] == single.astype(np.float64)).all()
    red, green, blue = (weight * rgb[..., i] for i, weight in enumerate((65.481, 128.553, 24.966)))
    assert (PLANES["y-rounded"](rgb)[0] == np.round((red + green + blue) / 255.0 + 16)).all()


def images(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    first = random.integers(0, 256, (size, size + 3, 3), dtype=np.uint8)
    noise = random.integers(-40, 41, first.shape)
    return first, np.clip(first + noise, 0, 255).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(11, 30))
def test_ssim_equals_its_definition(seed: int, size: int) -> None:
    first, second = (image[..., 0].astype(np.float64) for image in images(seed, size))
    # Centred and uncentred second moments differ by rounding only.
    assert ssim(first, second) == pytest.approx(slow_ssim(first, second), abs=1e-11)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 4]))
def test_luma_protocol_equals_the_matlab_script(seed: int, scale: int) -> None:
    first, second = images(seed, 30)

    def luma(image: np.ndarray) -> np.ndarray:
        red, green, blue = (image[..., channel] / 255 for channel in range(3))
        y = 65.481 / 255 * red + 128.553 / 255 * green + 24.966 / 255 * blue + 16 / 255
        single = np.float32(y) * np.float32(255)
        return np.float64(single)[scale:-scale, scale:-scale]

    x, y = luma(first), luma(second)
    expected = 10 * math.log10(255**2 / np.mean((x - y) ** 2))
    assert quality(first, second, scale, "matlab-y").psnr == pytest.approx(expected, rel=1e-15)
    assert quality(first, second, scale, "matlab-y").ssim == pytest.approx(slow_ssim(x, y), abs=1e-11)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(PLANES)))
def test_both_orders_give_the_same(seed: int, protocol: str) -> None:
    first, second = images(seed, 24)
    assert quality(first, second, 2, protocol) == quality(second, first, 2, protocol)


@pytest.mark.parametrize(("colour", "luma"), [((0, 0, 0), 16), ((255, 255, 255), 235)])
def test_luma_has_studio_range(colour: tuple[int, int, int], luma: int) -> None:
    image = np.full((2, 2, 3), colour, np.uint8)
    assert (PLANES["y-rounded"](image) == luma).all()
    np.testing.assert_allclose(PLANES["matlab-y"](image), luma, rtol=1e-7)


def test_protocols_differ_where_rounding_matters() -> None:
    first, second = images(3, 40)
    values = {protocol: quality(first, second, 2, protocol).psnr for protocol in PLANES}
    assert len(set(values.values())) == len(PLANES)


def test_rgb_pools_the_error_and_averages_the_similarity() -> None:
    first, second = images(4, 24)
    planes = [(first[2:-2, 2:-2, c].astype(float), second[2:-2, 2:-2, c].astype(float)) for c in range(3)]
    error = np.mean([np.mean((x - y) ** 2) for x, y in planes])
    found = quality(first, second, 2, "rgb")
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / error), rel=1e-14)
    assert found.ssim == pytest.approx(np.mean([slow_ssim(x, y) for x, y in planes]), abs=1e-11)


def test_the_border_does_not_count() -> None:
    first, second = images(7, 24)
    changed = second.copy()
    changed[:3], changed[-3:], changed[:, :3], changed[:, -3:] = 0, 255, 128, 7
    assert quality(first, changed, 3, "matlab-y") == quality(first, second, 3, "matlab-y")
    assert shave(first, 3).shape == (18, 21, 3)


def test_identical_images_score_infinity_and_one() -> None:
    first, _ = images(1, 24)
    found = quality(first, first, 2, "matlab-y")
    assert found.psnr == math.inf
    assert found.ssim == pytest.approx(1, abs=1e-12)


def test_psnr_of_one_level_everywhere() -> None:
    assert psnr(np.zeros((4, 4)), np.ones((4, 4))) == 10 * math.log10(255**2)


def test_shapes_and_sizes_are_checked() -> None:
    first, second = images(1, 24)
    with pytest.raises(ValueError, match="planes"):
        ssim(np.zeros((20, 20)), np.zeros((20, 21)))
    with pytest.raises(ValueError, match="shapes"):
        quality(first, second[1:], 2, "rgb")
    with pytest.raises(ValueError, match="11x11"):
        quality(first[:14], second[:14], 2, "rgb")
