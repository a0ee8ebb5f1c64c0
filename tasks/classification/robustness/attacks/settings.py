"""Attacks from the settings of a command line: texts and numbers to the fields of their dataclasses."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from math import isfinite
from typing import Any, Final, TypeVar, get_args

from harness.errors import UsageError
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.attacks.losses import LossName

Settings = Mapping[str, Any]
"""Names of parameters to numbers or texts; None stands for not given."""

Made = TypeVar("Made", bound=Attack)

EPS: Final = "eps"


def amount(text: str | float, radius: float | None = None) -> float:
    """A number, a fraction such as ``2/255``, or with a radius ``eps``, ``eps/4``, ``2*eps/30``.

    Raises UsageError for anything else, and for what is not finite or below 0.
    """
    product, _, divisor = str(text).replace(" ", "").partition("/")
    try:
        found = 1.0
        for factor in product.split("*"):
            found *= radius if factor == EPS and radius is not None else float(factor)
        found = found / float(divisor) if divisor else found
    except (ValueError, ZeroDivisionError):
        found = -1.0
    if not (isfinite(found) and found >= 0):
        raise UsageError(f"'{text}' is no amount: give a number, a fraction as 2/255{_or_radius(radius)}")
    return found


def _or_radius(radius: float | None) -> str:
    return "" if radius is None else ", or a part of the radius as eps/4"


def made(kind: type[Made], name: str, given: Settings, radius: float) -> Made:
    """An attack whose fields are those given; raises UsageError for a parameter that it lacks or a bad value."""
    own = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]
    chosen = {key: value for key, value in given.items() if value is not None}
    strange = sorted(set(chosen) - set(own))
    if strange:
        raise UsageError(f"the attack {name} has no '{strange[0]}'; it has {', '.join(sorted(own))}")
    values = {key: _value(name, key, chosen[key], own[key].type, radius) for key in chosen}
    lacking = [one.name for one in own.values() if one.default is MISSING and one.name not in values]
    if lacking:
        raise UsageError(f"the attack {name} needs '{lacking[0]}'")
    return kind(**values)


def _value(name: str, key: str, given: Any, kind: Any, radius: float) -> Any:
    if kind is LossName:
        return _choice(name, key, given)
    if kind is bool:
        return _switch(name, key, given)
    if kind is int:
        return _count(name, key, given)
    return amount(given, radius)


def _choice(name: str, key: str, given: Any) -> str:
    if given not in get_args(LossName):
        raise UsageError(f"the attack {name}: {key} is '{given}', but must be one of {', '.join(get_args(LossName))}")
    return str(given)


def _switch(name: str, key: str, given: Any) -> bool:
    found = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(str(given).lower())
    if found is None:
        raise UsageError(f"the attack {name}: {key} is '{given}', but must be yes or no")
    return found


def _count(name: str, key: str, given: Any) -> int:
    text = str(given)
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"the attack {name}: {key} is '{given}', but must be a whole number of at least 1")
    return int(text)
