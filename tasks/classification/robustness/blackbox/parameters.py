"""Parameters of the attacks: what the authors' configurations say, carried over to other radii and sizes, or stated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from harness.errors import UsageError

Number = int | float
OWN: Final = "own"
"""What stands for an attack's own value of a setting."""
_SIDE: Final = 224
"""The side of the images that the authors' parameters are for."""
_TILE: Final = 50
_LOW: Final = 8
_LEAST_LOW: Final = 16
"""PPBA takes an eighth of the frequencies of each axis, 28 of 224 and 38 of 299; here at least 16."""
_DIMENSIONS: Final = 1500
_OF: Final = 3 * 28**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an attack's own parameters depend on."""

    norm: str
    radius: Fraction
    side: int
    """The shorter side of the images, in pixels."""

    def scaled(self, value: str, of: str) -> float:
        """What `value` is under the radius `of`, under this radius."""
        return float(Fraction(value) * self.radius / Fraction(of))


def _nes(at: Situation) -> dict[str, Number]:
    if at.norm == "linf":
        return {"fd_eta": 0.1, "image_step": at.scaled("0.01", "0.05"), "pairs": 50}
    return {"fd_eta": 0.1, "image_step": at.scaled("0.3", "5"), "pairs": 5}


def _bandits(at: Situation) -> dict[str, Number]:
    tile = min(_TILE, max(1, round(_TILE * at.side / _SIDE)))
    if at.norm == "linf":
        return {
            "fd_eta": 0.1, "image_step": at.scaled("0.01", "0.05"), "prior_step": 100.0, "exploration": 1.0, "tile": tile
        }  # fmt: skip
    return {"fd_eta": 0.01, "image_step": at.scaled("0.5", "5"), "prior_step": 0.1, "exploration": 0.01, "tile": tile}


def _square(at: Situation) -> dict[str, Number]:
    return {"p_init": 0.8}


def _ppba(at: Situation) -> dict[str, Number]:
    low = min(at.side, max(-(-at.side // _LOW), _LEAST_LOW))
    dimensions = min(_DIMENSIONS, round(3 * low**2 * _DIMENSIONS / _OF))
    return {"freq_dim": low, "low_dim": dimensions, "rho": at.scaled("0.01", "5")}


_OWN: Final[Mapping[str, Callable[[Situation], dict[str, Number]]]] = {
    "square": _square, "nes": _nes, "bandits": _bandits, "ppba": _ppba,
}  # fmt: skip
ATTACKS: Final = tuple(_OWN)
_OF_SIDE: Final = frozenset({"tile", "freq_dim", "low_dim"})


def own(attack: str, at: Situation) -> dict[str, Number]:
    """The parameters that an attack takes if none are stated."""
    return _OWN[attack](at)


def parse_parameters(text: Any) -> str:
    """``NAME=VALUE,NAME=VALUE`` with the names in order and the numbers in one spelling; `OWN` for none."""
    stated: dict[str, str] = {}
    for part in str(text).replace(" ", "").split(","):
        name, _, value = part.partition("=")
        if part in ("", OWN):
            continue
        if name in stated:
            raise UsageError(f"--parameters {text}: {name} stands there twice")
        stated[name] = _spelled(name, value)
    return ",".join(f"{name}={stated[name]}" for name in sorted(stated)) or OWN


def _spelled(name: str, text: str) -> str:
    try:
        value = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f"--parameters {name}={text}: expected NAME=NUMBER, and commas between several") from None
    if value <= 0:
        raise UsageError(f"--parameters {name}={text}: it must be above 0")
    return str(int(value)) if value == int(value) else repr(value)


def settled_parameters(spelling: str, attack: str, at: Situation) -> str:
    """The spelling without what is the attack's own anyway; raises UsageError for what the attack does not have."""
    usual = own(attack, at)
    stated = _stated(spelling)
    for name in stated:
        if name not in usual:
            raise UsageError(f"--parameters {name}: {attack} has {', '.join(usual)}")
    # What depends on the size of the images is known only once they are there.
    kept = {name: text for name, text in stated.items() if name in _OF_SIDE or float(text) != usual[name]}
    settled = ",".join(f"{name}={kept[name]}" for name in sorted(kept)) or OWN
    chosen(attack, settled, at)
    return settled


def _stated(spelling: str) -> dict[str, str]:
    return {} if spelling == OWN else dict(part.split("=") for part in spelling.split(","))


def chosen(attack: str, spelling: str, at: Situation) -> dict[str, Number]:
    """The parameters stated and, for the others, the attack's own; raises UsageError for what cannot be."""
    usual = own(attack, at)
    found = usual | {name: _typed(name, text, usual[name]) for name, text in _stated(spelling).items()}
    _check(found, at)
    return found


def _typed(name: str, text: str, like: Number) -> Number:
    if isinstance(like, float):
        return float(text)
    if not text.isdecimal():
        raise UsageError(f"--parameters {name}={text}: it must be a whole number")
    return int(text)


def _check(found: Mapping[str, Number], at: Situation) -> None:
    for name in ("tile", "freq_dim"):
        if found.get(name, 1) > at.side:
            raise UsageError(f"--parameters {name}={found[name]}: the images have {at.side} pixels a side")
    if "low_dim" in found and found["low_dim"] > 3 * found["freq_dim"] ** 2:
        raise UsageError(
            f"--parameters low_dim={found['low_dim']}: three channels of {found['freq_dim']} x {found['freq_dim']} low "
            f"frequencies have {3 * found['freq_dim'] ** 2:g} coefficients; raise freq_dim or lower low_dim"
        )
    if found.get("p_init", 0.5) > 1:
        raise UsageError(f"--parameters p_init={found['p_init']}: it is a share of the image, at most 1")
