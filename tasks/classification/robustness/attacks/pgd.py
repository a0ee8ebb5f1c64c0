"""FGSM (arXiv 1412.6572) and projected gradient descent (arXiv 1706.06083)."""

from dataclasses import dataclass

from torch import Tensor

from tasks.classification.robustness.attacks.attack import Attack, Best, Logits, climb, look, steepest
from tasks.classification.robustness.attacks.losses import LOSSES, LossName
from tasks.classification.robustness.ball import Ball, per_image
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class Fgsm(Attack):
    """One step of the length of the radius along the steepest ascent, from the original."""

    loss: LossName = "ce"
    box: bool = True

    @property
    def name(self) -> str:
        """``fgsm``."""
        return "fgsm"

    def rule(self) -> str:
        """How the step is made."""
        return "one step of the radius along the steepest ascent from the original, then onto ball and box"

    def reach(self, ball: Ball) -> Ball:
        """The ball, without the box where `box` is false."""
        return ball if self.box else ball.without_box()

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """The image one step away, whether it is answered wrongly or not."""
        found = climb(logits, images, labels, LOSSES[self.loss])
        moved = images + ball.radius * steepest(found.gradients, ball.norm)
        return self.reach(ball).project(moved, images)


@dataclass(frozen=True)
class Pgd(Attack):
    """Steps of one length along the steepest ascent, each followed by the projection.

    `step_size` is absolute, in pixel values. With `stop_at_success` the first image that is answered wrongly counts,
    and the image is left alone from then on; without it the last iterate alone counts, as in older evaluations.
    """

    steps: int
    step_size: float
    restarts: int = 1
    random_start: bool = True
    box: bool = True
    loss: LossName = "ce"
    stop_at_success: bool = True

    @property
    def name(self) -> str:
        """``pgd-STEPS``."""
        return f"pgd-{self.steps}"

    def rule(self) -> str:
        """How the steps are made."""
        start = "even in the ball" if self.random_start else "the original"
        return (
            f"start: {start}; each step step_size along the steepest ascent, then onto the ball"
            f"{' and the box' if self.box else ''}; counts: "
            f"{'the first wrong iterate, start included' if self.stop_at_success else 'the last iterate'}"
        )

    def reach(self, ball: Ball) -> Ball:
        """The ball, without the box where `box` is false."""
        return ball if self.box else ball.without_box()

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """Restart on what still stands; the best try is the last iterate, of several that of highest loss."""
        best = Best(images)
        for _ in range(self.restarts):
            active = best.standing()
            if not len(active):
                break
            self._run(logits, images, labels, self.reach(ball), streams, best, active)
        return best.images

    def _run(
        self,
        logits: Logits,
        images: Tensor,
        labels: Tensor,
        ball: Ball,
        streams: Streams,
        best: Best,
        active: Tensor,
    ) -> None:
        originals, truth, loss = images[active], labels[active], LOSSES[self.loss]
        current = random_start(originals, ball, streams.take(active)) if self.random_start else originals
        for _ in range(self.steps):
            found = climb(logits, current, truth, loss)
            moved = current + self.step_size * steepest(found.gradients, ball.norm)
            moved = ball.project(moved, originals)
            if self.stop_at_success and found.fooled.any():
                gone, kept = found.fooled, ~found.fooled
                best.offer(active[gone], current[gone], found.values[gone], gone[gone])
                active, moved, originals, truth = active[kept], moved[kept], originals[kept], truth[kept]
                if not len(active):
                    return
            current = moved
        best.offer(active, current, *look(logits, current, truth, loss))


def random_start(originals: Tensor, ball: Ball, streams: Streams) -> Tensor:
    """Points even in the ball, then put into the box, (n, ...)."""
    shape, device = originals.shape[1:], originals.device
    if ball.norm == "linf":
        offsets = streams.uniform(shape, -ball.radius, ball.radius, device)
    else:
        directions = steepest(streams.normal(shape, device), "l2")
        radii = ball.radius * streams.uniform((), device=device) ** (1 / shape.numel())
        offsets = directions * per_image(radii, directions)
    return ball.project(originals + offsets, originals)
