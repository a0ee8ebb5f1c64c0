"""Several attacks after each other, each on what still stands, and the worst case of every image."""

from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.apgd import Apgd, ApgdT
from tasks.classification.robustness.attacks.attack import Attack, Logits, wrong
from tasks.classification.robustness.attacks.fab import FabT
from tasks.classification.robustness.attacks.square import Square
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.streams import Streams

STANDARD: Final[tuple[Attack, ...]] = (
    Apgd(loss="ce", steps=100, restarts=1),
    ApgdT(targets=9, steps=100, restarts=1),
    FabT(targets=9, steps=100, restarts=1),
    Square(queries=5000, p_init=0.8, rescale=False),
)
"""The standard battery of AutoAttack (arXiv 2003.01690, version ``standard``), for Linf and L2."""

RIGHT: Final = -1
ALREADY_WRONG: Final = -2


@dataclass(frozen=True)
class Outcome:
    """What a battery left: images (n, ...), and `felled_by` (n,) int64, the place of the attack that felled each.

    `RIGHT` is an image that no attack felled, `ALREADY_WRONG` one that was answered wrongly as it came.
    """

    images: Tensor
    felled_by: Tensor

    def standing(self, attacks: int) -> int:
        """How many images are answered rightly after so many of the attacks."""
        return int(((self.felled_by == RIGHT) | (self.felled_by >= attacks)).sum())


@dataclass(frozen=True)
class Battery(Attack):
    """Attacks in order; an image that one of them fells is not attacked again."""

    members: tuple[Attack, ...] = STANDARD
    title: str = "standard"

    @property
    def name(self) -> str:
        """The title."""
        return self.title

    def rule(self) -> str:
        """How the members follow each other."""
        return "each attack runs on the images that all before it left; an image counts as felled by the first"

    def facts(self) -> dict[str, Any]:
        """The facts of every member in order."""
        return {"name": self.name, "members": [member.facts() for member in self.members], "rule": self.rule()}

    def notes(self, classes: int) -> tuple[str, ...]:
        """Those of the members, each with its attack's name."""
        return tuple(f"{member.name}: {note}" for member in self.members for note in member.notes(classes))

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """The worst case of each image."""
        return self.run(logits, images, labels, ball, streams).images

    def run(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Outcome:
        """The worst case of each image and which attack found it; the last attack's try where none did."""
        found = images.clone()
        felled = torch.where(_wrong_now(logits, images, labels), ALREADY_WRONG, RIGHT)
        for place, member in enumerate(self.members):
            left = (felled == RIGHT).nonzero().flatten()
            if not len(left):
                break
            truth, own = labels[left], streams.take(left).derived(member.name)
            found[left] = member(logits, images[left], truth, ball, own)
            felled[left[_wrong_now(logits, found[left], truth)]] = place
        return Outcome(found, felled)


@torch.no_grad()
def _wrong_now(logits: Logits, images: Tensor, labels: Tensor) -> Tensor:
    return wrong(logits(images), labels)
