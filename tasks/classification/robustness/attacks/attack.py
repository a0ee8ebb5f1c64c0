"""What an attack is, and what the attacks share: gradients, predictions and the best found so far."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from harness.errors import SubmissionError
from tasks.classification.robustness.ball import Ball, Norm, per_image
from tasks.classification.robustness.streams import Streams

Logits = Callable[[Tensor], Tensor]
"""Images (n, 3, h, w) float32 in [0, 1] to logits (n, classes)."""

Loss = Callable[[Tensor, Tensor], Tensor]
"""Logits (n, classes) and labels (n,) to what the attack makes as large as it can, (n,)."""

_SMALLEST_LENGTH = 1e-12


class Attack(ABC):
    """A search for images that are answered wrongly; its parameters are the fields of a frozen dataclass."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name in records, such as ``pgd-20``."""

    @abstractmethod
    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """For each image an adversarial one, else the attack's best try; all lie in `reach(ball)`.

        Parameters
        ----------
        logits
            The network. Give a `Counted` to learn what the attack cost.
        images
            (n, 3, h, w) float32 within the bounds of the ball, on any device, all of them answered rightly: what
            becomes of others is not defined.
        labels
            (n,) int64, on the device of the images.
        streams
            One for each image; give `streams.derived(attack.name)` where several attacks follow each other.
        """

    def facts(self) -> dict[str, Any]:
        """Name, every parameter and the rules of the steps, for the record."""
        return {"name": self.name, **asdict(self), "rule": self.rule()}  # type: ignore[call-overload]

    @abstractmethod
    def rule(self) -> str:
        """How start, steps and end follow from the parameters, in a sentence."""

    def notes(self, classes: int) -> tuple[str, ...]:
        """What is done otherwise than the parameters say for a network of so many classes."""
        return ()

    def reach(self, ball: Ball) -> Ball:
        """Where the attack's images lie: the ball, without its box if the attack does not keep to it."""
        return ball


@dataclass(frozen=True)
class Climb:
    """One look at the loss: its values (n,), its gradients (n, ...), and which images are answered wrongly (n,)."""

    values: Tensor
    gradients: Tensor
    fooled: Tensor


def climb(logits: Logits, images: Tensor, labels: Tensor, loss: Loss) -> Climb:
    """One forward and one backward; raises SubmissionError where the output does not come from the input."""
    with torch.enable_grad():
        leaf = images.detach().requires_grad_()
        outputs = logits(leaf)
        values = loss(outputs, labels)
        connected = values.requires_grad  # to its weights at least; to the image only if a gradient arrives there
        gradients = torch.autograd.grad(values.sum(), leaf, allow_unused=True)[0] if connected else None
    if gradients is None:
        raise SubmissionError(
            "the network gives no gradient with respect to its input, which a white-box attack needs; "
            "compute the logits with torch operations and outside torch.no_grad, or attack with square"
        )
    # A gradient that is no number moves nothing, rather than to spoil the image.
    return Climb(values.detach(), gradients.nan_to_num(0.0, 0.0, 0.0), wrong(outputs.detach(), labels))


@torch.no_grad()
def look(logits: Logits, images: Tensor, labels: Tensor, loss: Loss) -> tuple[Tensor, Tensor]:
    """The loss and which images are answered wrongly, each (n,); one forward and no backward."""
    outputs = logits(images)
    return loss(outputs, labels), wrong(outputs, labels)


def wrong(outputs: Tensor, labels: Tensor) -> Tensor:
    """Which answers are wrong, (n,) bool; logits that hold no number are no success of an attack."""
    return (outputs.argmax(1) != labels) & outputs.isfinite().all(1)


def steepest(gradients: Tensor, norm: Norm) -> Tensor:
    """The direction of unit length in the norm along which the loss rises most."""
    if norm == "linf":
        return gradients.sign()
    found = torch.linalg.vector_norm(gradients.flatten(1), dim=1)
    return gradients / per_image(found + _SMALLEST_LENGTH, gradients)


class Best:
    """The best image found for each original so far: the first that is answered wrongly, else that of highest loss."""

    def __init__(self, images: Tensor) -> None:
        self.images = images.clone()
        self.found = torch.zeros(len(images), dtype=torch.bool, device=images.device)
        self._values = torch.full((len(images),), -torch.inf, device=images.device)

    def standing(self) -> Tensor:
        """The indices of the images not yet answered wrongly."""
        return self.found.logical_not().nonzero().flatten()

    def offer(self, indices: Tensor, images: Tensor, values: Tensor, fooled: Tensor) -> None:
        """Take what is better than before; `indices` says which originals the rows belong to."""
        better = fooled | (values > self._values[indices])
        chosen = indices[better]
        self.images[chosen] = images[better]
        self._values[chosen] = values[better].to(self._values.dtype)
        self.found[chosen] = fooled[better]
