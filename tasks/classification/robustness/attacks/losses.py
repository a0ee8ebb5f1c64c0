"""What attacks make large: losses of the true class against the others, one value an image."""

from collections.abc import Mapping
from typing import Final, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tasks.classification.robustness.attacks.attack import Loss

LossName = Literal["ce", "cw-margin", "dlr"]

_NO_DIVISION_BY_ZERO: Final = 1e-12


def ce(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the true class."""
    return cross_entropy(outputs, labels, reduction="none")


def margin(outputs: Tensor, labels: Tensor) -> Tensor:
    """Highest logit of another class less that of the true one (Carlini and Wagner, arXiv 1608.04644).

    Above 0 where the answer is wrong.
    """
    true = labels[:, None]
    others = outputs.scatter(1, true, -torch.inf).amax(1)
    return others - outputs.gather(1, true)[:, 0]


def dlr(outputs: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (arXiv 2003.01690, equation 3): the margin over the first less the third logit.

    With two classes there is no third, and the margin stands alone.
    """
    return margin(outputs, labels) / _spread(outputs, ranks=(2,))


def targeted_dlr(targets: Tensor) -> Loss:
    """The same towards one class an image (equation 5): `targets` (n,) int64.

    The divisor is the first logit less the mean of the third and fourth, as many of them as there are.
    """

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        return towards(outputs, labels, targets) / _spread(outputs, ranks=(2, 3))

    return loss


def towards(outputs: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Logit of the target less that of the true class, (n,)."""
    return (outputs.gather(1, targets[:, None]) - outputs.gather(1, labels[:, None]))[:, 0]


def _spread(outputs: Tensor, ranks: tuple[int, ...]) -> Tensor | float:
    there = [rank for rank in ranks if rank < outputs.shape[1]]
    if not there:
        return 1.0
    # All ranks are sorted since topk breaks ties of equal logits otherwise on each device.
    falling = outputs.sort(dim=1, descending=True).values
    return falling[:, 0] - falling[:, there].mean(1) + _NO_DIVISION_BY_ZERO


LOSSES: Final[Mapping[LossName, Loss]] = {"ce": ce, "cw-margin": margin, "dlr": dlr}
