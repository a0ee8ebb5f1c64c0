"""Radii and steps as people write them, brought to one spelling: ``8/255``, ``0.03137254901960784``, ``eps/4``."""

from fractions import Fraction
from math import isfinite
from typing import Any, Final

from harness.errors import UsageError

LEVELS: Final = 255
_SAME: Final = 1e-9
"""How near a number must be to whole 255ths, as a share of one, to be written as such: decimals are typed rounded."""
_LARGEST: Final = {"linf": 1.0, "l2": 10.0}
"""From here on a radius was meant in pixel values: distances are those of pictures whose values reach from 0 to 1."""
RELATIVE: Final = "eps/"


def parse_radius(text: Any, norm: str) -> str:
    """A radius in its one spelling; raises UsageError for what is no radius, or one in pixel values."""
    value = _number(str(text).strip(), "eps")
    if value >= _LARGEST[norm]:
        shown = f"{value:g}"
        meant = f"--eps {shown}/{LEVELS}" if norm == "linf" else f"--eps {value / LEVELS:.4g}"
        raise UsageError(
            f"--eps {shown}: pictures reach from 0 to 1, so a radius of {shown} is no small change; in steps of 8-bit "
            f"values it is written {meant}"
        )
    return spelled(value)


def parse_step(text: Any) -> str:
    """A step in its one spelling: a number, a fraction, or a part of the radius, ``eps/4``."""
    stated = str(text).strip().replace(" ", "")
    if not stated.startswith(RELATIVE):
        return spelled(_number(stated, "step-size"))
    parts = _number(stated.removeprefix(RELATIVE), "step-size")
    return f"{RELATIVE}{parts:g}"


def settled_step(step: str, radius: str) -> str:
    """The step as a whole part of the radius where it is one, since ``2/255`` is ``eps/4`` of ``8/255``."""
    parts = value_of(radius) / step_of(step, radius)
    whole = round(parts)
    if whole >= 1 and abs(parts - whole) <= _SAME * whole:
        return f"{RELATIVE}{whole}"
    return spelled(step_of(step, radius))


def step_of(step: str, radius: str) -> float:
    """The step as a number."""
    if step.startswith(RELATIVE):
        return value_of(radius) / float(step.removeprefix(RELATIVE))
    return value_of(step)


def value_of(spelling: str) -> float:
    """A spelling as a number; that of ``2/255`` is the double nearest to it."""
    return float(Fraction(spelling))


def spelled(value: float) -> str:
    """A whole number as such, another as whole 255ths where it is that, else as the decimal that is read back the same."""
    if value == round(value):
        return str(round(value))
    levels = value * LEVELS
    whole = round(levels)
    if whole >= 1 and abs(levels - whole) <= _SAME * whole:
        return f"{whole}/{LEVELS}"
    return repr(value)


def _number(text: str, name: str) -> float:
    try:
        value = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f"--{name} {text}: expected a number or a fraction such as 8/255") from None
    if not isfinite(value) or value <= 0:
        raise UsageError(f"--{name} {text}: it must be above 0")
    return value
