"""Which classes a targeted attack aims at: the most likely wrong ones, in order."""

import torch
from torch import Tensor

from tasks.classification.robustness.attacks.attack import Logits


@torch.no_grad()
def likely(logits: Logits, images: Tensor, labels: Tensor, wanted: int) -> Tensor:
    """The `wanted` wrong classes of highest logit on the originals, most likely first, (n, targets) int64.

    Fewer where there are fewer classes. An image that is answered wrongly has its answer as first target.
    """
    outputs = logits(images).scatter(1, labels[:, None], -torch.inf)
    ranked = outputs.sort(dim=1, descending=True, stable=True).indices
    return ranked[:, : available(wanted, outputs.shape[1])]


def available(wanted: int, classes: int) -> int:
    """How many targets there are: every class but the true one, at most `wanted`."""
    return min(wanted, classes - 1)


def shortage(wanted: int, classes: int) -> tuple[str, ...]:
    """A note where there are fewer targets than asked for."""
    found = available(wanted, classes)
    return () if found == wanted else (f"{found} targets in place of {wanted}: there are only {classes} classes",)
