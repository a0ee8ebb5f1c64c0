"""NES: the gradient estimated from pairs of queries in random directions (Ilyas et al. 2018, arXiv 1804.08598).

Parameters and order of steps are those of MadryLab/blackbox-bandits, ``src/main.py --nes``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tasks.classification.robustness.ball import per_image
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.blackbox.query_attack import QueryAttack, loss, stepped
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class Nes(QueryAttack):
    """`pairs` pairs of queries for each step; `fd_eta` is how far they lie from the image, in directions of mean length 1."""

    fd_eta: float
    image_step: float
    pairs: int

    def __call__(self, oracle: Oracle, streams: Streams) -> None:
        """Estimate, step, project, test."""
        images = oracle.originals.clone()
        while len(rows := oracle.able(2 * self.pairs, tests=1)):
            gradients = self.estimate(oracle, rows, images[rows], streams.take(rows))
            moved = stepped(images[rows], gradients, oracle.ball.norm, self.image_step)
            images[rows] = oracle.ball.project(moved, oracle.originals[rows])
            oracle.test(rows, images[rows])

    def estimate(self, oracle: Oracle, rows: Tensor, images: Tensor, streams: Streams) -> Tensor:
        """The gradient of the loss at `images` (k, c, h, w), up to a factor of the number of pairs over the dimension."""
        gradients = torch.zeros_like(images)
        scale = images[0].numel() ** 0.5
        for _ in range(self.pairs):
            noise = streams.normal(images.shape[1:], images.device) / scale
            # The queries may leave the box, as those of the authors do.
            rise = loss(oracle, rows, images + self.fd_eta * noise) - loss(oracle, rows, images - self.fd_eta * noise)
            gradients += per_image(rise / self.fd_eta, noise) * noise
        return gradients
