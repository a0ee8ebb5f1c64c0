"""The ascent of Auto-PGD: momentum, and a step that is halved where it stops to help (arXiv 2003.01690, section 4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import ClassVar, Final

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.attack import Best, Climb, Logits, Loss, climb, look, steepest
from tasks.classification.robustness.ball import Ball, per_image
from tasks.classification.robustness.streams import Streams

MOMENTUM: Final = 0.75
"""Weight of the new point against the last move."""


@dataclass(frozen=True)
class Ascent:
    """Runs of the ascent on one network; `loss_of` gives the loss of the images whose indices it is given."""

    logits: Logits
    ball: Ball
    loss_of: Callable[[Tensor], Loss]
    steps: int
    rho: float

    RULE: ClassVar[str] = (
        "start: a random direction of the radius (Linf: even values scaled to the largest; L2: normal); first step "
        "twice the radius; momentum .75; checks after 22 % of the steps and then after 3 % less each time, at "
        "least 6 %; at a check the step is halved and the best point taken up again where at most rho of the steps "
        "raised the loss, or where the last check left the step and the best loss did not rise; counts: the first "
        "wrong iterate, start included"
    )

    def run(self, images: Tensor, labels: Tensor, streams: Streams, best: Best) -> None:
        """Climb from a random start for each image that stands, and offer what is found to `best`."""
        active = best.standing()
        if not len(active):
            return
        state = self._start(images[active], labels[active], active, streams.take(active), best)
        checks = dict(checkpoints(self.steps))
        for iteration in range(1, self.steps + 1):
            if not len(state.active):
                return
            self._step(state, first=iteration == 1)
            found = self._evaluate(state, last=iteration == self.steps)
            state.learn(found)
            state = _felled(state, found.fooled, best)
            if iteration in checks:
                state.check(self.rho * checks[iteration])
        best.offer(state.active, state.best, state.best_values, torch.zeros_like(state.reduced))

    def _start(self, originals: Tensor, labels: Tensor, active: Tensor, streams: Streams, best: Best) -> "_State":
        current = on_the_sphere(originals, self.ball, streams)
        found = climb(self.logits, current, labels, self.loss_of(active))
        # As if the step had been changed just before: the second rule needs a whole stretch to compare with.
        reduced = torch.ones_like(found.fooled)
        step = torch.full_like(found.values, 2 * self.ball.radius)
        state = _State(
            active=active, originals=originals, labels=labels, current=current, previous=current,
            gradients=found.gradients, step=step, best=current.clone(), best_values=found.values,
            best_gradients=found.gradients.clone(), last_values=found.values, rises=torch.zeros_like(found.values),
            checked_values=found.values, reduced=reduced,
        )  # fmt: skip
        return _felled(state, found.fooled, best)

    def _step(self, state: "_State", first: bool) -> None:
        ball, current = self.ball, state.current
        moved = current + per_image(state.step, current) * steepest(state.gradients, ball.norm)
        moved = ball.project(moved, state.originals)
        if not first:
            kept = (current - state.previous).mul_(1 - MOMENTUM)
            moved = ball.project(torch.lerp(current, moved, MOMENTUM).add_(kept), state.originals)
        state.previous, state.current = current, moved

    def _evaluate(self, state: "_State", last: bool) -> Climb:
        loss = self.loss_of(state.active)
        if last:
            values, fooled = look(self.logits, state.current, state.labels, loss)
            return Climb(values, state.gradients, fooled)
        return climb(self.logits, state.current, state.labels, loss)


@dataclass
class _State:
    """Where the ascent stands, a row an image that is not yet answered wrongly."""

    active: Tensor
    originals: Tensor
    labels: Tensor
    current: Tensor
    previous: Tensor
    gradients: Tensor
    step: Tensor
    best: Tensor
    best_values: Tensor
    best_gradients: Tensor
    last_values: Tensor
    rises: Tensor
    checked_values: Tensor
    reduced: Tensor

    def take(self, kept: Tensor) -> "_State":
        """The rows that a mask keeps."""
        return _State(**{one.name: getattr(self, one.name)[kept] for one in fields(self)})

    def learn(self, found: Climb) -> None:
        """Remember the new point's loss and gradient, and the point where it is the best."""
        self.gradients = found.gradients
        self.rises = self.rises + (found.values > self.last_values)
        self.last_values = found.values
        better = found.values > self.best_values
        self.best[better] = self.current[better]
        self.best_gradients[better] = found.gradients[better]
        self.best_values = torch.where(better, found.values, self.best_values)

    def check(self, enough: float) -> None:
        """Halve the step, and go back to the best point, where fewer steps than enough raised the loss or none did."""
        # "At most" as in the authors' code; the paper has "less than".
        stuck = ~self.reduced & (self.checked_values >= self.best_values)
        halved = (self.rises <= enough) | stuck
        rows = per_image(halved, self.current)
        self.step = torch.where(halved, self.step / 2, self.step)
        self.current = torch.where(rows, self.best, self.current)
        self.gradients = torch.where(rows, self.best_gradients, self.gradients)
        self.reduced, self.checked_values, self.rises = halved, self.best_values, torch.zeros_like(self.rises)


def _felled(state: _State, fooled: Tensor, best: Best) -> _State:
    """Hand over the images that are now answered wrongly; the others go on."""
    if not fooled.any():
        return state
    gone = state.take(fooled)
    best.offer(gone.active, gone.current, gone.last_values, torch.ones_like(gone.reduced))
    return state.take(~fooled)


def on_the_sphere(originals: Tensor, ball: Ball, streams: Streams) -> Tensor:
    """Points at the radius in a random direction, then put into the box, (n, ...)."""
    shape, device = originals.shape[1:], originals.device
    if ball.norm == "linf":
        drawn = streams.uniform(shape, -1.0, 1.0, device)
        directions = drawn / per_image(drawn.flatten(1).abs().amax(1), drawn)
    else:
        directions = steepest(streams.normal(shape, device), "l2")
    return ball.project(originals + ball.radius * directions, originals)


def checkpoints(iterations: int) -> Iterator[tuple[int, int]]:
    """The steps after which their length is judged, each with the count since the judgement before."""
    stretch, shrink, least = (max(iterations * percent // 100, 1) for percent in (22, 3, 6))
    at = stretch
    while at <= iterations:
        yield at, stretch
        stretch = max(stretch - shrink, least)
        at += stretch
