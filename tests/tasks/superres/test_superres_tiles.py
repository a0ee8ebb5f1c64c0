"""Large images in tiles: the same pixels as at once, whatever the tile, and no more memory than the tile needs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from tasks.superres.tiles import spans, tiled  # noqa: E402


@given(st.integers(1, 60), st.integers(1, 30), st.integers(0, 12))
def test_pieces_cover_an_axis_once_and_see_what_is_around_them(length: int, tile: int, overlap: int) -> None:
    pieces = list(spans(length, tile, overlap))
    assert [pixel for piece in pieces for pixel in range(piece.start, piece.stop)] == list(range(length))
    for piece in pieces:
        assert piece.seen_start == max(0, piece.start - overlap)
        assert piece.seen_stop == min(length, piece.stop + overlap)


def network(scale: int) -> torch.nn.Sequential:
    """Three convolutions with whole-number weights, so that sums are exact in any order; it reaches 4 pixels."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(4, 3 * scale**2, 5, padding=2),
        torch.nn.PixelShuffle(scale),
        torch.nn.Conv2d(3, 3, 3, padding=1),
    ).double()
    for parameter in layers.parameters():
        parameter.data = torch.randint(-3, 4, parameter.shape).double()
    return layers


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30), st.integers(1, 16), st.integers(4, 6))
def test_tiles_give_the_same_numbers(scale: int, height: int, width: int, tile: int, overlap: int) -> None:
    layers = network(scale)
    image = torch.randint(0, 256, (2, 2, height, width)).double()
    with torch.no_grad():
        found = tiled(layers, image, scale=scale, tile=tile, overlap=overlap)
        assert torch.equal(found, layers(image))


def test_too_little_overlap_shows_seams() -> None:
    layers, image = network(2), torch.randint(0, 256, (1, 2, 30, 30)).double()
    with torch.no_grad():
        assert not torch.equal(tiled(layers, image, scale=2, tile=10, overlap=3), layers(image))


def test_the_network_never_sees_more_than_a_tile_and_its_surroundings() -> None:
    seen: list[tuple[int, int]] = []

    def watch(image: torch.Tensor) -> torch.Tensor:
        seen.append((image.shape[2], image.shape[3]))
        return image

    tiled(watch, torch.zeros(1, 1, 500, 700), scale=1, tile=64, overlap=8)
    assert max(max(size) for size in seen) == 80 and len(seen) == 8 * 11


@pytest.mark.parametrize("tile", [0, 40, 99])
def test_an_image_no_larger_than_a_tile_is_taken_at_once(tile: int) -> None:
    calls = []
    tiled(lambda image: calls.append(1) or image, torch.zeros(1, 3, 40, 30), scale=1, tile=tile, overlap=4)
    assert calls == [1]
