"""From the settings of a run to its attack; imports torch, so that scoring leaves it alone."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Final

from torch import Tensor

from harness.task import Setting
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.blackbox.bandits import Bandits
from tasks.classification.robustness.blackbox.counting import Counting
from tasks.classification.robustness.blackbox.nes import Nes
from tasks.classification.robustness.blackbox.oracle import Ask, Oracle
from tasks.classification.robustness.blackbox.parameters import Situation, chosen
from tasks.classification.robustness.blackbox.ppba import Ppba
from tasks.classification.robustness.blackbox.query_attack import QueryAttack
from tasks.classification.robustness.blackbox.square import SquareQueries
from tasks.classification.robustness.radii import value_of

_KINDS: Final[Mapping[str, Callable[..., QueryAttack]]] = {
    "square": SquareQueries, "nes": Nes, "bandits": Bandits, "ppba": Ppba,
}  # fmt: skip


@dataclass(frozen=True)
class Launch:
    """The attack of a run, its ball and its budget."""

    settings: Mapping[str, Setting]
    counting: Counting
    seed: int

    @property
    def name(self) -> str:
        """The attack's name, under which its random numbers are drawn."""
        return str(self.settings["attack"])

    @property
    def ball(self) -> Ball:
        """What the images are kept in."""
        return Ball(self.settings["norm"], value_of(str(self.settings["eps"])))  # type: ignore[arg-type]

    def oracle(self, ask: Ask, originals: Tensor, labels: Tensor, fell: Callable[[int], None]) -> Oracle:
        """What counts the queries about some images; `fell` is told how many just fell."""
        return Oracle(ask, originals, labels, self.ball, int(self.settings["max_queries"]), self.counting, fell)

    def attack(self, images: Tensor) -> QueryAttack:
        """The attack with its parameters for images (n, 3, h, w) of this size."""
        side = min(images.shape[-2:])
        at = Situation(norm=str(self.settings["norm"]), radius=Fraction(str(self.settings["eps"])), side=side)
        found: dict[str, Any] = dict(chosen(self.name, str(self.settings["parameters"]), at))
        if self.name == "ppba":
            found["form"] = self.settings["form"]
        return _KINDS[self.name](**found)

    def facts(self, images: Tensor) -> dict[str, Any]:
        """Everything that the record says of how it was attacked, as JSON values."""
        stated = {name: self.settings[name] for name in ("attack", "norm", "eps", "max_queries")}
        parameters = asdict(self.attack(images))  # type: ignore[call-overload]
        return {**stated, **parameters, "goal": "untargeted", "seed": self.seed}
