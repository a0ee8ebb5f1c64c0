"""White-box attacks, and Square, which asks for logits alone; `build` makes one from its name and parameters.

attack = build("pgd", {"steps": 20, "step_size": 0.5 / 255}, ball)
counted = Counted(network)
found = attack(counted, images, labels, ball, Streams.of(seed, ids, attack.name))
attack.facts(), attack.notes(classes), counted.spent.facts()          # for the record
attack.reach(ball).outside(found, images)                             # none may be True
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from harness.errors import UsageError
from tasks.classification.robustness.attacks.apgd import Apgd, ApgdT
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.attacks.fab import FabT
from tasks.classification.robustness.attacks.pgd import Fgsm, Pgd
from tasks.classification.robustness.attacks.spent import Counted, Spent
from tasks.classification.robustness.attacks.square import Square
from tasks.classification.robustness.ball import Ball

__all__ = ["ATTACKS", "Attack", "Counted", "Spent", "build"]

_KINDS: Final[Mapping[str, tuple[type[Attack], Mapping[str, Any]]]] = {
    "fgsm": (Fgsm, {}),
    "pgd": (Pgd, {"steps": 20}),
    "apgd-ce": (Apgd, {"loss": "ce"}),
    "apgd-dlr": (Apgd, {"loss": "dlr"}),
    "apgd-t": (ApgdT, {}),
    "fab-t": (FabT, {}),
    "square": (Square, {}),
}
"""The class behind each name, and the parameters that hold where none are given."""

ATTACKS: Final = tuple(_KINDS)
"""The names that `build` knows."""


def build(name: str, parameters: Mapping[str, Any], ball: Ball) -> Attack:
    """The attack called `name`; `parameters` are fields of its dataclass, None standing for its own default.

    The step of pgd is a quarter of the radius where none is given. Raises UsageError for an unknown name or parameter.
    """
    if name not in _KINDS:
        raise UsageError(f"there is no attack '{name}'; there are {', '.join(ATTACKS)}")
    kind, usual = _KINDS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    own = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    strange = sorted(set(given) - own)
    if strange:
        raise UsageError(
            f"the attack {name} has no parameter '{strange[0]}'; it has: {', '.join(sorted(own)) or 'none'}"
        )
    derived = {"step_size": ball.radius / 4} if kind is Pgd else {}
    return kind(**{**derived, **usual, **given})
