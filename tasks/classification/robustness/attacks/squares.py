"""What Square paints: its starts and proposals in the two norms, with numbers drawn for each image."""

from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Protocol

import torch
from torch import Tensor

from tasks.classification.robustness.ball import Ball, per_image
from tasks.classification.robustness.streams import Streams

_SMALLEST_LENGTH = 1e-12


class Proposals(Protocol):
    """How changed images are made from the best ones so far."""

    def start(self, originals: Tensor, streams: Streams) -> Tensor:
        """The first images, (n, c, h, w)."""
        ...

    def numbers(self, originals: Tensor) -> int:
        """How many random numbers an image needs for a proposal."""
        ...

    def propose(self, best: Tensor, originals: Tensor, share: float, drawn: Tensor) -> Tensor:
        """Images that differ from the best ones in squares of a share of the area; `drawn` (n, numbers) in [0, 1)."""
        ...


@dataclass(frozen=True)
class SignSquares:
    """Linf: within a square each channel goes to plus or minus the radius."""

    ball: Ball

    def start(self, originals: Tensor, streams: Streams) -> Tensor:
        """Stripes of one pixel's width down the image, each channel of its own sign."""
        channels, _, width = originals.shape[1:]
        signs = streams.signs((channels, 1, width), originals.device)
        return self.ball.project(originals + self.ball.radius * signs, originals)

    def numbers(self, originals: Tensor) -> int:
        """Row, column, and a sign for each channel."""
        return 2 + originals.shape[1]

    def propose(self, best: Tensor, originals: Tensor, share: float, drawn: Tensor) -> Tensor:
        """One square for each image."""
        height, width = best.shape[2:]
        side = min(max(round(sqrt(share * height * width)), 1), height, width)
        inside = _covers(drawn[:, 0], height, side)[:, None, :, None] & _covers(drawn[:, 1], width, side)[:, None, None]
        painted = originals + self.ball.radius * _signs(drawn[:, 2:])[:, :, None, None]
        return torch.where(inside, self.ball.project(painted, originals), best)


@dataclass(frozen=True)
class EuclideanSquares:
    """L2: the length of one square is moved into another, shaped as two pyramids of opposite sign."""

    ball: Ball

    def start(self, originals: Tensor, streams: Streams) -> Tensor:
        """A grid of tiles a fifth of the image wide, each channel of its own sign, stretched to the radius."""
        channels, height, width = originals.shape[1:]
        side = max(min(height, width) // 5, 1)
        rows, columns = height // side, width // side
        signs = streams.signs((rows, columns, channels), originals.device)
        turned = streams.signs((rows, columns), originals.device) > 0
        tiles = _pyramids(side, originals.device)[turned.long()]  # (n, rows, columns, side, side)
        grid = torch.einsum("nrkc,nrkij->ncrikj", signs, tiles).reshape(len(originals), channels, rows * side, -1)
        top, left = (height - rows * side) // 2, (width - columns * side) // 2
        changes = torch.zeros_like(originals)
        changes[:, :, top : top + rows * side, left : left + columns * side] = grid
        return self._stretched(changes, originals)

    def numbers(self, originals: Tensor) -> int:
        """Two places, a turn, and a sign for each channel."""
        return 5 + originals.shape[1]

    def propose(self, best: Tensor, originals: Tensor, share: float, drawn: Tensor) -> Tensor:
        """The paper's algorithm 3: empty one window, and give its length and what the radius leaves to another."""
        channels, height, width = best.shape[1:]
        side = _odd_side(share, height, width)
        changes = best - originals
        filled = _places(drawn[:, 0], drawn[:, 1], side, changes)
        emptied = _places(drawn[:, 2], drawn[:, 3], side, changes)
        unused = (self.ball.radius**2 - changes.square().sum((1, 2, 3))).clamp_min(0)
        window = changes[filled]
        shape = (
            _pyramids(side, best.device)[(drawn[:, 4] < 0.5).long()][:, None] * _signs(drawn[:, 5:])[:, :, None, None]
        )
        shape = shape + window / (_lengths(window) + _SMALLEST_LENGTH)
        before = changes.square().sum((2, 3), keepdim=True)
        changes[emptied] = 0.0
        changes[filled] = 0.0
        freed = (before - changes.square().sum((2, 3), keepdim=True)).clamp_min(0)
        available = (freed + per_image(unused / channels, freed)).sqrt()
        changes[filled] = shape / (_lengths(shape) + _SMALLEST_LENGTH) * available
        return self._stretched(changes, originals)

    def _stretched(self, changes: Tensor, originals: Tensor) -> Tensor:
        """Originals changed by the radius exactly, then put into the box, which may shorten the change."""
        found = torch.linalg.vector_norm(changes.flatten(1), dim=1)
        scaled = changes * per_image(self.ball.radius / (found + _SMALLEST_LENGTH), changes)
        return self.ball.project(originals + scaled, originals)


def _offsets(drawn: Tensor, extent: int, side: int) -> Tensor:
    """Where squares begin, even among all places, (n,) int64 from numbers in [0, 1)."""
    places = extent - side + 1
    # In float32 a number just below 1 times the places may round up to them.
    return (drawn * places).long().clamp_max(places - 1)


def _covers(drawn: Tensor, extent: int, side: int) -> Tensor:
    """Which positions along a line the square of each image covers, (n, extent) bool."""
    begins = _offsets(drawn, extent, side)[:, None]
    positions = torch.arange(extent, device=drawn.device)
    return (positions >= begins) & (positions < begins + side)


def _places(rows: Tensor, columns: Tensor, side: int, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """An index of the square window of each image in all channels, that gives (n, c, side, side)."""
    count, channels, height, width = images.shape
    steps = torch.arange(side, device=images.device)
    down = _offsets(rows, height, side)[:, None] + steps
    across = _offsets(columns, width, side)[:, None] + steps
    return (
        torch.arange(count, device=images.device)[:, None, None, None],
        torch.arange(channels, device=images.device)[None, :, None, None],
        down[:, None, :, None],
        across[:, None, None, :],
    )


def _odd_side(share: float, height: int, width: int) -> int:
    """Side of the windows: odd and at least 3, where the image has that much."""
    side = max(round(sqrt(share * height * width)), 3)
    least = min(height, width)
    return min(side + 1 - side % 2, least - 1 + least % 2)


def _signs(drawn: Tensor) -> Tensor:
    return torch.where(drawn < 0.5, -1.0, 1.0)


def _lengths(windows: Tensor) -> Tensor:
    return windows.square().sum((2, 3), keepdim=True).sqrt()


@cache
def _pyramids(side: int, device: torch.device) -> Tensor:
    """The two shapes of a window, one above the other and one beside the other, each of length 1, (2, side, side)."""
    above = torch.cat((_pyramid(side // 2, side), -_pyramid(side - side // 2, side)))
    above = above / above.square().sum().sqrt()
    return torch.stack((above, above.T)).to(device)


def _pyramid(height: int, width: int) -> Tensor:
    """Steps that rise towards the middle (equation 2 of the paper), of length 1, (height, width)."""
    half = max(height, width) // 2
    rises = torch.tensor([1 / (step + 1) ** 2 for step in range(half + 1)])
    steps = rises.flip(0).cumsum(0).flip(0)
    down, across = (torch.arange(extent) - extent // 2 for extent in (height, width))
    found = steps[torch.maximum(down.abs()[:, None], across.abs()[None])]
    return found / found.square().sum().sqrt().clamp_min(_SMALLEST_LENGTH)
