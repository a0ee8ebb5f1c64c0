"""FAB, the fast adaptive boundary attack, towards target classes (arXiv 1907.02044, algorithm 1)."""

from dataclasses import dataclass, fields
from functools import partial
from math import inf

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.ascent import on_the_sphere
from tasks.classification.robustness.attacks.attack import Attack, Logits, climb, look
from tasks.classification.robustness.attacks.halfspace import to_plane
from tasks.classification.robustness.attacks.losses import towards
from tasks.classification.robustness.attacks.targets import likely, shortage
from tasks.classification.robustness.ball import Ball, lengths, per_image
from tasks.classification.robustness.streams import Streams

_SMALLEST_MOVE = 1e-8


@dataclass(frozen=True)
class FabT(Attack):
    """The smallest change that is answered wrongly, sought by stepping onto the linearised boundary."""

    targets: int = 9
    steps: int = 100
    restarts: int = 1
    alpha_max: float = 0.1
    eta: float = 1.05
    beta: float = 0.9

    @property
    def name(self) -> str:
        """``fab-t``."""
        return "fab-t"

    def rule(self) -> str:
        """How targets, start and steps are made."""
        return (
            "targets: the wrong classes of highest logit on the original, most likely first; start: the original, "
            "after a restart a random direction of half the radius; each step goes eta of the way to the plane where "
            "the linearised logits of target and true class are equal, in the box, mixed with the same step from the "
            "original with weight at most alpha_max; a wrong iterate is drawn back to beta of its way; counts: the "
            "nearest wrong iterate if it lies in the ball"
        )

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """The nearest found, if in the ball; else it is put onto the ball, which is then mostly answered rightly."""
        found, _ = self.nearest(logits, images, labels, ball, streams, enough=ball.radius)
        return ball.project(found, images)

    def notes(self, classes: int) -> tuple[str, ...]:
        """That there are fewer targets than asked for."""
        return shortage(self.targets, classes)

    def nearest(
        self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams, enough: float = -inf
    ) -> tuple[Tensor, Tensor]:
        """The nearest wrongly answered images found and their distances (n,), infinite where there is none.

        The ball gives norm, box and the size of random starts. The search for an image ends at distance `enough`.
        """
        best = _Nearest.of(images)
        for target in likely(logits, images, labels, self.targets).unbind(1):
            for restart in range(self.restarts):
                active = (best.distances > enough).nonzero().flatten()
                if not len(active):
                    return best.images, best.distances
                state = _Search(active, images[active], images[active], labels[active], target[active])
                if restart:
                    state.current = _away(state.originals, best.distances[active], ball, streams.take(active))
                self._search(logits, state, ball, best, enough)
        return best.images, best.distances

    def _search(self, logits: Logits, state: "_Search", ball: Ball, best: "_Nearest", enough: float) -> None:
        for _ in range(self.steps):
            state.current = self._step(logits, state, ball)
            _, fooled = look(logits, state.current, state.labels, partial(_lead, state.targets))
            if not fooled.any():
                continue
            best.offer(state, fooled, ball)
            drawn = state.originals + self.beta * (state.current - state.originals)
            state.current = torch.where(per_image(fooled, drawn), drawn, state.current)
            kept = best.distances[state.active] > enough
            if not kept.all():
                state = state.take(kept)
                if not len(state.active):
                    return

    def _step(self, logits: Logits, state: "_Search", ball: Ball) -> Tensor:
        found = climb(logits, state.current, state.labels, partial(_lead, state.targets))
        here, there, normals = (one.flatten(1) for one in (state.current, state.originals, found.gradients))
        from_original = found.values + (normals * (there - here)).sum(1)
        own = to_plane(here, normals, found.values, ball)
        other = to_plane(there, normals, from_original, ball)
        reach, original_reach = (lengths(one, ball.norm).clamp_min(_SMALLEST_MOVE) for one in (own, other))
        weight = (reach / (reach + original_reach)).clamp_max(self.alpha_max)[:, None]
        moved = (1 - weight) * (here + self.eta * own) + weight * (there + self.eta * other)
        return moved.clamp(ball.low, ball.high).view_as(state.current)


def _lead(targets: Tensor, outputs: Tensor, labels: Tensor) -> Tensor:
    return towards(outputs, labels, targets)


def _away(originals: Tensor, distances: Tensor, ball: Ball, streams: Streams) -> Tensor:
    """Starts in a random direction, half as far as the radius or as what has been found."""
    far = on_the_sphere(originals, ball, streams) - originals
    shares = (distances / max(ball.radius, _SMALLEST_MOVE)).clamp_max(1.0) / 2
    return (originals + far * per_image(shares.to(far.dtype), far)).clamp(ball.low, ball.high)


@dataclass
class _Search:
    """The images that a run still works on, a row each."""

    active: Tensor
    originals: Tensor
    current: Tensor
    labels: Tensor
    targets: Tensor

    def take(self, kept: Tensor) -> "_Search":
        """The rows that a mask keeps."""
        return _Search(*(getattr(self, one.name)[kept] for one in fields(self)))


@dataclass
class _Nearest:
    """The nearest wrongly answered image of each original, and its distance in float64."""

    images: Tensor
    distances: Tensor

    @classmethod
    def of(cls, images: Tensor) -> "_Nearest":
        """Nothing found yet: the originals themselves."""
        return cls(images.clone(), torch.full((len(images),), inf, dtype=torch.float64, device=images.device))

    def offer(self, state: _Search, fooled: Tensor, ball: Ball) -> None:
        """Take the wrongly answered images that lie nearer than those before."""
        active, current = state.active[fooled], state.current[fooled]
        distances = ball.distances(current, state.originals[fooled])
        nearer = distances < self.distances[active]
        self.images[active[nearer]] = current[nearer]
        self.distances[active[nearer]] = distances[nearer]
