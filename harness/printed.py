"""Numbers as they are printed: their value, their unit, and what they can be a rounding of."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

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


def otherwise(printed: Printed, value: float, *, zeros: bool = True) -> str:
    """How else than by rounding to its digits `value` (in the printed unit) becomes the printed number; empty where it does not.

    Digits may have been cut off; rounded twice, first to one digit more; or a number such as 1520 or 282.00 rounded or
    cut off before its last zeros, if three digits are left; of numbers whose last zeros are digits like others, `zeros` is false.
    """
    low = float(printed.low)
    if printed.low != printed.high or low <= 0.0:
        return ""
    if low <= value < low + 10.0**-printed.places * (1 - 1e-9):
        return "cut off after the printed digits"
    if _rounded_twice(value, printed.places) == printed.low:
        return "rounded to one digit more and then once again"
    unit = _unit_before_zeros(printed) if zeros else 0.0
    if unit and abs(value - low) <= 0.5 * unit:
        return "rounded before the last zeros"
    return "cut off before the last zeros" if unit and low <= value < low + unit * (1 - 1e-9) else ""


def _rounded_twice(value: float, places: int) -> Decimal | None:
    if abs(value) >= 1e18 or places > 9:  # more digits than decimals keep
        return None
    step = Decimal(1).scaleb(-places)
    return Decimal(value).quantize(step / 10, ROUND_HALF_UP).quantize(step, ROUND_HALF_UP)


def _unit_before_zeros(printed: Printed) -> float:
    """A unit of the last printed digit that is no zero; 0 where there are no zeros, or fewer than three digits before."""
    digits = str(int(printed.low.scaleb(printed.places)))
    left = digits.rstrip("0")
    return 10.0 ** (len(digits) - len(left) - printed.places) if 3 <= len(left) < len(digits) else 0.0


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
