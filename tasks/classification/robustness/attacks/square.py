"""Square (arXiv 1912.00049): random squares, kept where they lower the margin; queries alone, no gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.attack import Attack, Logits, look
from tasks.classification.robustness.attacks.losses import margin
from tasks.classification.robustness.attacks.squares import EuclideanSquares, Proposals, SignSquares
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.streams import Streams

HALVINGS: Final = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""After how many of 10,000 proposals the share of the image that a square covers is halved."""

_SCHEDULED: Final = 10_000
_BLOCK: Final = 64
"""Proposals whose random numbers are drawn at once, since a draw costs one call an image."""


@dataclass(frozen=True)
class Square(Attack):
    """`queries` looks at the network at most after each start, which is the first of them.

    With `rescale` the schedule of the squares' size is stretched to the count of queries; the standard battery does
    not, so that 5,000 queries go half of it.
    """

    queries: int = 5000
    p_init: float = 0.8
    restarts: int = 1
    rescale: bool = False

    @property
    def name(self) -> str:
        """``square``."""
        return "square"

    def rule(self) -> str:
        """How start and proposals are made."""
        return (
            "start: Linf stripes of one pixel's width, L2 a grid of 5 x 5 pyramid pairs; each proposal repaints one "
            f"square of each image, of p_init of its area, halved after {', '.join(map(str, HALVINGS))} proposals; "
            "kept where the margin falls; positions and signs are drawn for each image; counts: the first wrong image"
        )

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """The best try is the image of smallest margin."""
        best = images.clone()
        lowest = torch.full((len(images),), torch.inf, device=images.device)
        active = torch.arange(len(images), device=images.device)
        for _ in range(self.restarts):
            if not len(active):
                break
            asked = partial(_asked, logits, labels[active])
            found, margins, fooled = self.search(asked, images[active], ball, streams.take(active))
            better = fooled | (margins < lowest[active])
            best[active[better]], lowest[active[better]] = found[better], margins[better]
            active = active[~fooled]
        return best

    def share(self, proposal: int) -> float:
        """The share of the image that the squares of a proposal cover; the first proposal is 0."""
        place = proposal * _SCHEDULED // self.queries if self.rescale else proposal
        return self.p_init * 0.5 ** sum(place > bound for bound in HALVINGS)

    @torch.no_grad()
    def search(
        self, ask: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], originals: Tensor, ball: Ball, streams: Streams
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The last image kept, its margin and whether it is answered wrongly, for each original.

        `ask` is given rows of `originals`, (k,) int64, and an image for each, and gives what `attack.look` gives under the
        margin; each row is asked for `queries` times at most, and no more once it is answered wrongly.
        """
        kind: Proposals = SignSquares(ball) if ball.norm == "linf" else EuclideanSquares(ball)
        best = kind.start(originals, streams)
        rises, fooled = ask(torch.arange(len(originals), device=originals.device), best)
        lowest = -rises
        active = (~fooled).nonzero().flatten()
        for proposal in range(self.queries - 1):
            if not len(active):
                break
            if proposal % _BLOCK == 0:
                count = min(_BLOCK, self.queries - 1 - proposal)
                drawn = streams.take(active).uniform((count, kind.numbers(originals)), device=originals.device)
            row = drawn[:, proposal % _BLOCK]
            tried = kind.propose(best[active], originals[active], self.share(proposal), row)
            rises, hit = ask(active, tried)
            better = hit | (-rises < lowest[active])
            chosen = active[better]
            best[chosen], lowest[chosen], fooled[active] = tried[better], -rises[better], hit
            if hit.any():
                active, drawn = active[~hit], drawn[~hit]
        return best, lowest, fooled


def _asked(logits: Logits, labels: Tensor, rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    return look(logits, images, labels[rows], margin)
