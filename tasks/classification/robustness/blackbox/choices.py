"""What a run chooses of a query-limited attack: its settings, each with one spelling."""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from harness.errors import UsageError
from harness.task import Setting, SettingSpec
from tasks.classification.choices import IDENTITY
from tasks.classification.robustness.blackbox.parameters import (
    ATTACKS,
    OWN,
    Situation,
    parse_parameters,
    settled_parameters,
)
from tasks.classification.robustness.radii import parse_radius

USUAL: Final = "square"
"""What attacks if nothing is stated."""
MAX_QUERIES: Final[Mapping[str, int]] = MappingProxyType(
    {"square": 10_000, "nes": 10_000, "bandits": 10_000, "ppba": 2000}
)
"""The budget of each attack where none is stated."""
NORMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"square": ("linf", "l2"), "nes": ("linf", "l2"), "bandits": ("linf", "l2"), "ppba": ("l2",)}
)
"""The norms that each attack is made for; the first is its own."""
FORMS: Final = ("described", "released")


def attack_settings(radii: Mapping[str, str]) -> tuple[SettingSpec, ...]:
    """The settings of a task; `radii` gives the radius of each norm where none is stated."""
    usual = ", ".join(f"{norm} {radius}" for norm, radius in radii.items())
    return (
        SettingSpec(
            name="attack", title=f"what attacks, by queries alone; own: {USUAL}", default=OWN, choices=(OWN, *ATTACKS)
        ),
        SettingSpec(
            name="norm", title="norm of the ball; own: linf, for ppba l2", default=OWN, choices=(OWN, "linf", "l2")
        ),
        SettingSpec(name="eps", title=f"radius of the ball, pictures reaching from 0 to 1; own: {usual}", default=OWN),
        SettingSpec(name="max_queries", title="queries an image at most; 0: 10000, for ppba 2000", default=0),
        SettingSpec(
            name="form", title="ppba as its paper describes it or as its code was released; own: described", default=OWN,
            choices=(OWN, *FORMS),
        ),
        SettingSpec(
            name="parameters", title="further parameters of the attack, NAME=VALUE,NAME=VALUE", default=OWN,
            parse=parse_parameters,
        ),
        SettingSpec(name="keep_images", title="keep adversarial and clean images", default=False, compared=False),
        SettingSpec(
            name="class_map", title=f"what the outputs stand for: {IDENTITY}, background-first, or a file with a class a line",
            default=IDENTITY, compared=False,
        ),
    )  # fmt: skip


def settle(settings: Mapping[str, Setting], radii: Mapping[str, str], side: int) -> dict[str, Setting]:
    """The settings with everything that was left to the attack filled in; raises UsageError for what it does not have."""
    found = dict(settings)
    if found["attack"] == OWN:
        # A default is left out of a board's name, and what attacked must stand there.
        found["attack"] = USUAL
    attack = str(found["attack"])
    norms = NORMS[attack]
    if found["norm"] == OWN:
        found["norm"] = norms[0]
    norm = str(found["norm"])
    if norm not in norms:
        raise UsageError(f"--norm {norm}: {attack} is made for {' and '.join(norms)} only")
    found["eps"] = parse_radius(radii[norm] if found["eps"] == OWN else found["eps"], norm)
    found["max_queries"] = _budget(int(found["max_queries"]), attack)
    if attack != "ppba" and found["form"] != OWN:
        raise UsageError(f"--form {found['form']}: only ppba has two forms; {attack} has one")
    if attack == "ppba" and found["form"] == OWN:
        found["form"] = FORMS[0]
    at = Situation(norm=norm, radius=Fraction(str(found["eps"])), side=side)
    found["parameters"] = settled_parameters(str(found["parameters"]), attack, at)
    return found


def _budget(stated: int, attack: str) -> int:
    if stated < 0:
        raise UsageError(f"--max-queries {stated}: it must be at least 1")
    return stated or MAX_QUERIES[attack]
