"""From the settings of a run to the attacks that it makes; imports torch, so that scoring leaves it alone."""

from collections.abc import Mapping
from typing import Any, Final

from harness.task import Setting
from tasks.classification.robustness.attacks import build
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.choices import HAS, names
from tasks.classification.robustness.driver import Battery
from tasks.classification.robustness.radii import step_of, value_of

_STEPS: Final = {"square": "queries"}
"""Attack -> its parameter that ``--steps`` sets, where that is not `steps`."""


def battery(norm: str, settings: Mapping[str, Setting], seed: int) -> Battery:
    """The attacks of a run in its ball."""
    radius = value_of(str(settings["eps"]))
    ball = Ball(norm, radius)  # type: ignore[arg-type]
    if settings["attack_backend"] == "harness":
        attacks = tuple((name, build(name, _parameters(name, settings), ball)) for name in names(settings))
    else:
        attacks = tuple((name, _published(name, settings)) for name in names(settings))
    return Battery(attacks=attacks, ball=ball, seed=seed, keep_images=bool(settings["keep_images"]))


def _parameters(name: str, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The parameters that the settings state of an attack; a member of the standard battery has its own."""
    has = HAS[str(settings["attack"])]
    found = {key: settings[key] for key in has - {"steps", "step_size"}}
    if "step_size" in has:
        found["step_size"] = step_of(str(settings["step_size"]), str(settings["eps"]))
    if settings["steps"]:
        found[_STEPS.get(name, "steps")] = settings["steps"]
    return found


def _published(name: str, settings: Mapping[str, Setting]) -> Attack:
    from tasks.classification.robustness.attacks.published import published

    found: Attack = published(name, _parameters(name, settings))
    return found


def facts(battery: Battery, settings: Mapping[str, Setting], classes: int, pixels: str) -> dict[str, Any]:
    """Everything that the record says of how it was attacked, as JSON values."""
    attacks = [{"attack": name, **attack.facts(), **_notes(attack.notes(classes))} for name, attack in battery.attacks]
    return {"attacks": attacks, "seed": battery.seed, "backend": settings["attack_backend"], "pixels": pixels}


def _notes(notes: tuple[str, ...]) -> dict[str, str]:
    return {"notes": "; ".join(notes)} if notes else {}
