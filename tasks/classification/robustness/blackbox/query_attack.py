"""What a query-limited attack is."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import cross_entropy

from tasks.classification.robustness.ball import lengths, per_image
from tasks.classification.robustness.blackbox.oracle import Oracle
from tasks.classification.robustness.streams import Streams


class QueryAttack(ABC):
    """A search by queries alone; its parameters are the fields of a frozen dataclass."""

    @abstractmethod
    def __call__(self, oracle: Oracle, streams: Streams) -> None:
        """Attack every image of the oracle until it falls or its budget is used up; `streams` has one for each."""


def loss(oracle: Oracle, rows: Tensor, images: Tensor) -> Tensor:
    """Cross-entropy of the true class, (k,), for one query a row."""
    return cross_entropy(oracle.scores(rows, images), oracle.labels[rows], reduction="none")


def stepped(images: Tensor, gradients: Tensor, norm: str, step: float) -> Tensor:
    """Images (k, ...) moved along the gradient: by its signs, or by `step` in Euclidean length."""
    if norm == "linf":
        return images + step * gradients.sign()
    return images + step * unit(gradients)


def unit(directions: Tensor) -> Tensor:
    """Directions (k, ...) of Euclidean length 1; those of length 0 stay 0."""
    found = lengths(directions, "l2")
    return directions / per_image(found + (found == 0) * 1e-8, directions)
