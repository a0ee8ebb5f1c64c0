"""Ball and box: what leaves them would count as a success of an attack that it is not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from tasks.classification.robustness.ball import Ball  # noqa: E402

RADII = st.sampled_from([0.0, 1e-9, 2 / 255, 8 / 255, 0.5, 3.0, 1000.0])
NORMS = st.sampled_from(["linf", "l2"])


def _images(seed: int, count: int, spread: float) -> "tuple[torch.Tensor, torch.Tensor]":
    source = torch.Generator().manual_seed(seed)
    originals = torch.rand((count, 3, 5, 4), generator=source)
    return originals, originals + spread * torch.randn((count, 3, 5, 4), generator=source)


@given(NORMS, RADII, st.integers(0, 1000), st.sampled_from([1e-3, 0.1, 10.0]))
def test_projected_images_lie_in_ball_and_box(norm: str, radius: float, seed: int, spread: float) -> None:
    originals, images = _images(seed, 4, spread)
    ball = Ball(norm, radius)
    found = ball.project(images, originals)
    assert not ball.outside(found, originals).any()
    assert torch.allclose(ball.project(found, originals), found, atol=1e-7)
    assert torch.equal(ball.project(originals, originals), originals)


@given(NORMS, st.integers(0, 1000))
def test_distances_are_those_of_the_definition(norm: str, seed: int) -> None:
    originals, images = _images(seed, 3, 0.1)
    found = Ball(norm, 1.0).distances(images, originals)
    assert found.dtype == torch.float64
    for row, image, original in zip(found.tolist(), images, originals, strict=True):
        steps = [abs(a - b) for a, b in zip(image.flatten().tolist(), original.flatten().tolist(), strict=True)]
        assert row == (max(steps) if norm == "linf" else pytest.approx(math.sqrt(math.fsum(s * s for s in steps))))


def test_the_euclidean_ball_holds_on_large_images() -> None:
    """In float32 alone the length of 150,528 differences is off by more than the tolerance."""
    originals = torch.full((2, 3, 224, 224), 0.5)
    images = originals + 0.1 * torch.randn((2, 3, 224, 224), generator=torch.Generator().manual_seed(1))
    for radius in (0.5, 5.0, 30.0):
        ball = Ball("l2", radius)
        found = ball.project(images, originals)
        assert not ball.outside(found, originals).any()
        assert ball.distances(found, originals).tolist() == pytest.approx([radius, radius], abs=1e-5)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_what_leaves_ball_or_box_is_named(norm: str) -> None:
    originals = torch.full((5, 3, 2, 2), 0.5)
    originals[2] = 1.0
    images = originals.clone()
    images[1, 0, 0, 0] += 0.1 + 2e-6
    images[2, 0, 0, 0] += 2e-6
    images[3, 0, 0, 0] = math.nan
    images[4, 0, 0, 0] += 0.1 + 5e-7
    ball = Ball(norm, 0.1)
    assert ball.outside(images, originals).tolist() == [False, True, True, True, False]
    assert ball.without_box().outside(images, originals).tolist() == [False, True, False, True, False]


def test_no_images_are_no_error() -> None:
    nothing = torch.empty((0, 3, 4, 4))
    for ball in (Ball("linf", 0.1), Ball("l2", 0.1)):
        assert ball.project(nothing, nothing).shape == nothing.shape
        assert ball.outside(nothing, nothing).shape == (0,)
