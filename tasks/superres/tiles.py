"""Large images in tiles: memory follows the tile, and no seam shows.

A network whose output depends on no more than `overlap` input pixels around its place gives the same pixels for a tile
with that much of the image around it as for the whole image. Where a tile lies at the image's border, so does the border
of what the network is given, and it is padded there as it is in the whole image. A network with attention over the whole
image has no such overlap.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Span(NamedTuple):
    """A piece of an axis, in input pixels: what it answers for, and what the network sees."""

    start: int
    stop: int
    seen_start: int
    seen_stop: int


def spans(length: int, tile: int, overlap: int) -> Iterator[Span]:
    """An axis of `length` in pieces of `tile` pixels (the last may be shorter), each seen with `overlap` around it."""
    for start in range(0, length, tile):
        stop = min(start + tile, length)
        yield Span(start, stop, max(start - overlap, 0), min(stop + overlap, length))


def tiled(network: "Callable[[Tensor], Tensor]", image: "Tensor", *, scale: int, tile: int, overlap: int) -> "Tensor":
    """``network(image)`` computed tile by tile.

    `image` is ``(N, C, H, W)``, what the network gives ``(N, D, scale * H, scale * W)``. `tile` is the side of a tile in
    input pixels, 0 for the whole image at once; `overlap` the network's reach in input pixels.
    """
    height, width = image.shape[-2:]
    if tile <= 0 or tile >= max(height, width):
        return network(image)
    whole: Tensor | None = None
    for rows in spans(height, tile, overlap):
        for columns in spans(width, tile, overlap):
            seen = image[..., rows.seen_start : rows.seen_stop, columns.seen_start : columns.seen_stop]
            piece = network(seen.contiguous())
            if whole is None:
                whole = piece.new_empty((*piece.shape[:-2], height * scale, width * scale))
            whole[..., _scaled(rows, scale), _scaled(columns, scale)] = piece[
                ..., _inside(rows, scale), _inside(columns, scale)
            ]
    assert whole is not None
    return whole


def _scaled(span: Span, scale: int) -> slice:
    return slice(span.start * scale, span.stop * scale)


def _inside(span: Span, scale: int) -> slice:
    return slice((span.start - span.seen_start) * scale, (span.stop - span.seen_start) * scale)
