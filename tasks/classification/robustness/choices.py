"""What a run chooses of the attack: its settings, each with one spelling, and which attack has which."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from harness.errors import UsageError
from harness.task import Setting, SettingSpec
from tasks.classification.choices import IDENTITY
from tasks.classification.robustness.radii import RELATIVE, parse_radius, parse_step, settled_step

STANDARD: Final = "standard"
BATTERY: Final = ("apgd-ce", "apgd-t", "fab-t", "square")
"""AutoAttack's standard battery, in its order: Croce, Hein 2020, section 4."""
GRADIENT_FREE: Final = frozenset({"square"})
CROSS_ENTROPY: Final = frozenset({"fgsm", "pgd", "apgd-ce"})
"""Attacks that see the network through the cross-entropy alone (under their default loss)."""
OWN_STEPS: Final = {"pgd": 20, "apgd-ce": 100, "apgd-dlr": 100, "apgd-t": 100, "fab-t": 100, "square": 5000}
"""Steps that an attack takes where none are stated; Square's are queries."""
STEP: Final = f"{RELATIVE}4"
LOSSES: Final = ("ce", "cw-margin", "dlr")
HAS: Final[Mapping[str, frozenset[str]]] = {
    "fgsm": frozenset({"loss", "box"}),
    "pgd": frozenset({"steps", "step_size", "restarts", "random_start", "loss", "box"}),
    **{name: frozenset({"steps", "restarts"}) for name in ("apgd-ce", "apgd-dlr", "apgd-t", "fab-t", "square")},
    STANDARD: frozenset(),
}
"""Attack -> the settings that it has beside the radius."""
DEFAULTS: Final[Mapping[str, Setting]] = {
    "steps": 0, "step_size": STEP, "restarts": 1, "random_start": True, "loss": "ce", "box": True,
}  # fmt: skip
BACKENDS: Final = ("harness", "autoattack")
PUBLISHED: Final = (STANDARD, *BATTERY, "apgd-dlr")
"""What the package autoattack can run."""


def attack_settings(norm: str, radius: str) -> tuple[SettingSpec, ...]:
    """The settings of a task whose ball has this norm and, where none is stated, this radius."""
    own = ", ".join(f"{name} {steps}" for name, steps in OWN_STEPS.items())
    return (
        SettingSpec(
            name="attack", title="what attacks; standard is AutoAttack's battery", default=STANDARD, choices=tuple(HAS)
        ),
        SettingSpec(
            name="eps", title=f"radius of the {norm} ball, pictures reaching from 0 to 1", default=radius,
            parse=partial(parse_radius, norm=norm),
        ),
        SettingSpec(name="steps", title=f"steps, for square queries; 0: the attack's own ({own})", default=0),
        SettingSpec(
            name="step_size", title="step of pgd: a number, 2/255, or a part of the radius", default=STEP, parse=parse_step
        ),
        SettingSpec(name="restarts", title="how often the attack begins anew", default=1),
        SettingSpec(name="random_start", title="pgd begins at a random place in the ball", default=True),
        SettingSpec(
            name="loss", title="what fgsm and pgd make large: cross-entropy, the margin, or its ratio to the logits' spread",
            default="ce", choices=LOSSES,
        ),
        SettingSpec(name="box", title="adversarial images keep to [0, 1] (fgsm and pgd may leave it)", default=True),
        SettingSpec(
            name="attack_backend", title="whose code attacks: the harness's, or the installed package autoattack",
            default="harness", choices=BACKENDS,
        ),
        SettingSpec(name="keep_images", title="keep adversarial and clean images", default=False, compared=False),
        SettingSpec(
            name="class_map", title=f"what the outputs stand for: {IDENTITY}, background-first, or a file with a class a line",
            default=IDENTITY, compared=False,
        ),
    )  # fmt: skip


def settle(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings in one spelling; raises UsageError for those that the attack does not have."""
    found = dict(settings)
    attack = str(found["attack"])
    for name, default in DEFAULTS.items():
        if name not in HAS[attack] and found[name] != default:
            raise UsageError(_not_had(attack, name, found[name]))
    for name, least in (("steps", 0), ("restarts", 1)):
        if int(found[name]) < least:
            raise UsageError(f"--{name} {found[name]}: it must be at least {max(least, 1)}")
    if found["steps"] == OWN_STEPS.get(attack):
        found["steps"] = 0
    found["step_size"] = settled_step(str(found["step_size"]), str(found["eps"]))
    if found["attack_backend"] != "harness" and attack not in PUBLISHED:
        raise UsageError(
            f"--attack-backend autoattack runs one of {', '.join(PUBLISHED)}; {attack} is the harness's own"
        )
    return found


def _not_had(attack: str, name: str, value: Setting) -> str:
    flag = f"--{name.replace('_', '-')} {value}"
    if attack == STANDARD:
        return f"{flag}: the standard battery fixes its own parameters; name one attack (--attack pgd) to choose them"
    has = ", ".join(f"--{one.replace('_', '-')}" for one in sorted(HAS[attack])) or "none"
    return f"{flag}: {attack} has no such parameter; it has: {has}"


def names(settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """The attacks of a run, in their order."""
    attack = str(settings["attack"])
    return BATTERY if attack == STANDARD else (attack,)


def metric_of(attack: str) -> str:
    """The metric of what is left standing after an attack and those before it."""
    return f"robust_accuracy_{attack.replace('-', '_')}"
