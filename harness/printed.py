"""Numbers as they are printed: their value, their unit, and what they can be a rounding of."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

MULTIPLIERS = {"K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}
PERCENT = ("%", "percent")
_RANGE = re.compile(r"^(?P<low>\S+) to (?P<high>\S+)$")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number, or a printed range, in the unit as printed."""

    low: Decimal
    high: Decimal
    places: int
    """Decimal places; negative for no number, since ``1500`` says that its last zeros count."""

    @property
    def half(self) -> float:
        """Half a unit of the last printed digit."""
        return 0.5 * 10.0**-self.places


def read_printed(text: str) -> Printed | None:
    """``47.0``, ``1,610``, ``315000 to 325000``; None for what is no number."""
    match = _RANGE.match(text.strip())
    parts = [_number(part) for part in (match.groups() if match else (text, text))]
    if parts[0] is None or parts[1] is None:
        return None
    exponent = max(-int(part.as_tuple().exponent) for part in parts if part is not None)
    return Printed(parts[0], parts[1], max(0, exponent))


def otherwise(printed: Printed, value: float) -> str:
    """How else than by rounding to its digits `value` (in the printed unit) becomes the printed number; empty where it does not.

    Digits may have been cut off, or an integer such as 1520 rounded before its last zeros, if three digits are left.
    """
    low = float(printed.low)
    if printed.low != printed.high or low <= 0.0:
        return ""
    if low <= value < low + 10.0**-printed.places * (1 - 1e-9):
        return "cut off after the printed digits"
    digits = str(int(printed.low))
    left = digits.rstrip("0")
    coarse = printed.places == 0 and 3 <= len(left) < len(digits)
    if coarse and abs(value - low) <= 0.5 * 10.0 ** (len(digits) - len(left)):
        return "rounded before the last zeros"
    return ""


def multiplier(unit: str) -> int:
    """What a unit multiplies a number by: ``M`` is a million, everything else 1."""
    return MULTIPLIERS.get(unit.split(" ")[0], 1)


def _number(text: str) -> Decimal | None:
    plain = text.strip().rstrip("%").strip().replace(",", "")
    try:
        number = Decimal(plain) if len(plain) <= _LONGEST else Decimal("nan")
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def agree(one: Printed, other: Printed) -> bool:
    """Whether one of two printed numbers may be a rounding of the other."""
    nearest = max(one.half, other.half) * (1 + 1e-9)
    return abs(one.low - other.low) <= nearest and abs(one.high - other.high) <= nearest
