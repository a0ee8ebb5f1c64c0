"""Bandits-TD: a gradient kept from step to step and drawn in tiles (Ilyas, Engstrom, Madry 2018, arXiv 1807.07978).

Parameters and order of steps are those of MadryLab/blackbox-bandits, ``src/main.py --tiling``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tasks.classification.robustness.ball import per_image
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.blackbox.query_attack import QueryAttack, loss, stepped, unit
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class Bandits(QueryAttack):
    """Two queries a step. The prior has `tile` x `tile` values a channel; `exploration` is how far from it is asked."""

    fd_eta: float
    image_step: float
    prior_step: float
    exploration: float
    tile: int

    def __call__(self, oracle: Oracle, streams: Streams) -> None:
        """Learn the prior, step along it, project, test."""
        images = oracle.originals.clone()
        priors = images.new_zeros((*images.shape[:2], self.tile, self.tile))
        while len(rows := oracle.able(2, tests=1)):
            priors[rows] = self.learnt(oracle, rows, images[rows], priors[rows], streams.take(rows))
            moved = stepped(images[rows], _spread(priors[rows], images), oracle.ball.norm, self.image_step)
            images[rows] = oracle.ball.project(moved, oracle.originals[rows])
            oracle.test(rows, images[rows])

    def learnt(self, oracle: Oracle, rows: Tensor, images: Tensor, priors: Tensor, streams: Streams) -> Tensor:
        """The priors (k, c, tile, tile) after two queries each."""
        noise = self.exploration * streams.normal(priors.shape[1:], priors.device) / priors[0].numel() ** 0.5
        ahead, back = (self.fd_eta * unit(_spread(side, images)) for side in (priors + noise, priors - noise))
        rise = loss(oracle, rows, images + ahead) - loss(oracle, rows, images + back)
        gradients = per_image(rise / (self.fd_eta * self.exploration), noise) * noise
        return updated(priors, gradients, oracle.ball.norm, self.prior_step)


def updated(priors: Tensor, gradients: Tensor, norm: str, step: float) -> Tensor:
    """Priors after a step: by exponentiated gradients in [-1, 1] under linf, else by gradient ascent."""
    if norm == "l2":
        return priors + step * gradients
    share = (priors + 1) / 2
    up, down = share * torch.exp(step * gradients), (1 - share) * torch.exp(-step * gradients)
    return 2 * up / (up + down) - 1


def _spread(tiles: Tensor, images: Tensor) -> Tensor:
    """Tiles as images, each pixel with the value of its tile."""
    return interpolate(tiles, size=images.shape[2:], mode="nearest")
