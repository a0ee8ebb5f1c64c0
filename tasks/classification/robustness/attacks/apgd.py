"""Auto-PGD and its targeted form (arXiv 2003.01690, algorithm 1)."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from tasks.classification.robustness.attacks.ascent import Ascent
from tasks.classification.robustness.attacks.attack import Attack, Best, Logits, Loss
from tasks.classification.robustness.attacks.losses import LOSSES, LossName, targeted_dlr
from tasks.classification.robustness.attacks.targets import likely, shortage
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class Apgd(Attack):
    """APGD on a loss of the true class."""

    loss: LossName = "ce"
    steps: int = 100
    restarts: int = 1
    rho: float = 0.75

    @property
    def name(self) -> str:
        """``apgd-LOSS``."""
        return f"apgd-{self.loss}"

    def rule(self) -> str:
        """How the steps are made."""
        return Ascent.RULE

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """Restart on what still stands; the best try is the iterate of highest loss."""
        best, loss = Best(images), LOSSES[self.loss]
        ascent = Ascent(logits, ball, lambda _: loss, self.steps, self.rho)
        for _ in range(self.restarts):
            ascent.run(images, labels, streams, best)
        return best.images

    def notes(self, classes: int) -> tuple[str, ...]:
        """That the ratio is none with two classes."""
        return ("with two classes dlr is the margin itself",) if self.loss == "dlr" and classes < 3 else ()


@dataclass(frozen=True)
class ApgdT(Attack):
    """APGD on the targeted difference of logits ratio, one run a target."""

    targets: int = 9
    steps: int = 100
    restarts: int = 1
    rho: float = 0.75

    @property
    def name(self) -> str:
        """``apgd-t``."""
        return "apgd-t"

    def rule(self) -> str:
        """How targets and steps are made."""
        return f"targets: the wrong classes of highest logit on the original, most likely first; {Ascent.RULE}"

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """One target after the other, on what still stands; the best try is the iterate of highest loss."""
        best = Best(images)
        for target in likely(logits, images, labels, self.targets).unbind(1):
            ascent = Ascent(logits, ball, partial(_towards, target), self.steps, self.rho)
            for _ in range(self.restarts):
                ascent.run(images, labels, streams, best)
        return best.images

    def notes(self, classes: int) -> tuple[str, ...]:
        """That there are fewer targets, or fewer logits to divide by."""
        few = ("with less than four classes dlr divides by fewer logits",) if classes < 4 else ()
        return shortage(self.targets, classes) + few


def _towards(targets: Tensor, indices: Tensor) -> Loss:
    """The loss of the images that a run still works on."""
    return targeted_dlr(targets[indices])
