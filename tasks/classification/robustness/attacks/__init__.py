"""White-box attacks, and Square, which asks for logits alone; `build` makes one from its name and settings.

attack = build("pgd", {"steps": 20, "step_size": "eps/4"}, ball)
counted = Counted(network)
found = attack(counted, images, labels, ball, Streams.of(seed, ids, attack.name))
attack.facts(), attack.notes(classes), counted.spent.facts()          # for the record
attack.reach(ball).outside(found, images)                             # none may be True
"""

from collections.abc import Mapping
from typing import Final

from harness.errors import UsageError
from tasks.classification.robustness.attacks.apgd import Apgd, ApgdT
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.attacks.battery import STANDARD, Battery, Outcome
from tasks.classification.robustness.attacks.fab import FabT
from tasks.classification.robustness.attacks.pgd import Fgsm, Pgd
from tasks.classification.robustness.attacks.settings import Settings, amount, made
from tasks.classification.robustness.attacks.spent import Counted, Spent
from tasks.classification.robustness.attacks.square import Square
from tasks.classification.robustness.ball import Ball

__all__ = ["ATTACKS", "STANDARD", "Attack", "Battery", "Counted", "Outcome", "Spent", "amount", "build"]

_KINDS: Final[Mapping[str, tuple[type[Attack], Mapping[str, object]]]] = {
    "fgsm": (Fgsm, {}),
    "pgd": (Pgd, {"steps": 20, "step_size": "eps/4"}),
    "apgd-ce": (Apgd, {"loss": "ce"}),
    "apgd-dlr": (Apgd, {"loss": "dlr"}),
    "apgd-t": (ApgdT, {}),
    "fab-t": (FabT, {}),
    "square": (Square, {}),
    "autoattack": (Battery, {}),
}
"""The class behind each name, and the settings that hold where none are given."""

ATTACKS: Final = tuple(_KINDS)
"""The names that `build` knows."""


def build(name: str, settings: Settings, ball: Ball) -> Attack:
    """The attack called `name`; settings are its fields, amounts may be parts of the radius (``eps/4``).

    Raises UsageError for an unknown name, an unknown parameter or a bad value.
    """
    if name not in _KINDS:
        raise UsageError(f"there is no attack '{name}'; there are {', '.join(ATTACKS)}")
    kind, usual = _KINDS[name]
    given = {key: value for key, value in settings.items() if value is not None}
    if kind is Battery:
        if given:
            raise UsageError(f"the battery {name} is fixed, so that it takes no '{min(given)}'; name one attack of it")
        return Battery()
    return made(kind, name, {**usual, **given}, ball.radius)
