"""What an attack costs: how many images went through the network, forwards and backwards."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from torch import Tensor


@dataclass
class Spent:
    """Images through the network; a batch of 64 counts 64."""

    forwards: int = 0
    backwards: int = 0

    def facts(self) -> dict[str, int]:
        """Both counts, for the record."""
        return asdict(self)


@dataclass(frozen=True)
class Counted:
    """A network that counts: call it in place of `logits`, then read `spent`.

    A backward counts when a gradient arrives at the output, whoever asks for it.
    """

    logits: Callable[[Tensor], Tensor]
    spent: Spent = field(default_factory=Spent)

    def __call__(self, images: Tensor) -> Tensor:
        """The network's answer, (n, classes)."""
        outputs = self.logits(images)
        self.spent.forwards += len(images)
        if outputs.requires_grad:
            outputs.register_hook(self._count)  # type: ignore[no-untyped-call]
        return outputs

    def _count(self, gradients: Tensor) -> None:
        self.spent.backwards += len(gradients)
