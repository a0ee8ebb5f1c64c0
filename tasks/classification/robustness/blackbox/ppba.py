"""PPBA: a random walk in low frequencies whose steps are drawn by what helped before (Li et al. 2020, arXiv 2005.03837).

``theFool32/PPBA`` differs from the paper: its ``main.py`` adds helpful steps to a value that it computes anew in each step,
so that the counts of helpful steps stay 1. Both are here: `described` counts them, `released` does not.
"""

from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.losses import margin
from tasks.classification.robustness.ball import shortened
from tasks.classification.robustness.blackbox.low_frequency import LowFrequencies
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.blackbox.query_attack import QueryAttack
from tasks.classification.robustness.streams import Streams

Form = Literal["described", "released"]
STEPS: Final = (-1, 0, 1)
"""What a coefficient may do in a step, in units of `rho`."""


@dataclass(frozen=True)
class Ppba(QueryAttack):
    """One query a step: every coefficient goes `rho` down, stays, or goes `rho` up."""

    form: Form
    low_dim: int
    freq_dim: int
    rho: float

    def __call__(self, oracle: Oracle, streams: Streams) -> None:
        """Look at the images as they are, then walk."""
        originals, ball = oracle.originals, oracle.ball
        basis = LowFrequencies.drawn(originals.shape[1:], self.freq_dim, self.low_dim, streams.seed)
        places = torch.zeros((len(originals), self.low_dim), dtype=torch.float64, device=originals.device)
        walk = Walk.begun(places, self.form)
        rows = oracle.able(1)
        lowest = torch.zeros(len(originals), dtype=torch.float64, device=originals.device)
        if len(rows):
            lowest[rows] = self.height(oracle.attempt(rows, originals[rows]), oracle.labels[rows])
        while len(rows := oracle.able(1)):
            steps = walk.steps(rows, streams.take(rows).uniform((self.low_dim,), device=originals.device))
            tried = shortened(places[rows] + self.rho * steps, ball.radius)
            images = ball.project(originals[rows] + basis(tried.float()), originals[rows])
            found = self.height(oracle.attempt(rows, images), oracle.labels[rows])
            better = found < lowest[rows]
            walk.learn(rows, steps, better)
            chosen = rows[better.cpu()]
            places[chosen], lowest[chosen] = tried[better], found[better]

    def height(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What the walk goes down: by how much the true class leads, at least 0, float64 (k,)."""
        if self.form == "described":
            return (-margin(logits, labels)).clamp_min(0).double()
        # The released code masks by multiplying, so that both maxima are at least 0 and negative logits count as 0.
        own = torch.zeros_like(logits).scatter(1, labels[:, None], 1.0)
        return ((own * logits).amax(1) - ((1 - own) * logits).amax(1)).clamp_min(0).double()


@dataclass(frozen=True)
class Walk:
    """How often each step of each coefficient helped and did not, float64 (3, n, dimensions), beginning with 1."""

    helped: Tensor
    failed: Tensor
    form: Form

    @classmethod
    def begun(cls, places: Tensor, form: Form) -> "Walk":
        """Nothing is known yet."""
        ones = torch.ones((len(STEPS), *places.shape), dtype=places.dtype, device=places.device)
        return cls(ones, ones.clone(), form)

    def probabilities(self, rows: Tensor) -> Tensor:
        """How likely each step is drawn, (3, k, dimensions); they sum to 1."""
        helped, failed = self.helped[:, rows], self.failed[:, rows]
        shares = helped / (helped + failed)
        return shares / shares.sum(0)

    def steps(self, rows: Tensor, drawn: Tensor) -> Tensor:
        """The step of every coefficient, -1, 0 or 1 (k, dimensions), from numbers in [0, 1)."""
        chances = self.probabilities(rows)
        return (drawn >= chances[0] + chances[1]).to(chances.dtype) - (drawn < chances[0]).to(chances.dtype)

    def learn(self, rows: Tensor, steps: Tensor, better: Tensor) -> None:
        """Count the steps of each image as helpful or not."""
        for index, step in enumerate(STEPS):
            taken = (steps == step).to(self.failed.dtype)
            self.failed[index, rows] += taken * ~better[:, None]
            if self.form == "described":
                self.helped[index, rows] += taken * better[:, None]
