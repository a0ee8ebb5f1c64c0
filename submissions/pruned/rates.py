"""Rate lists as papers print them: ``[0.9]*3+[0.4]*24`` is a rate for each layer, three times 0.9, then 24 times 0.4."""

import re
from collections.abc import Sequence
from typing import Final

from harness.errors import UsageError

_TERM: Final = re.compile(r"\[([^\[\]]*)\](?:\*(\d{1,9}))?")
_RATE: Final = re.compile(r"\d*\.?\d+|\d+\.")
_SHOWN: Final = 60


def read_rates(text: str, length: int, option: str, what: str) -> list[float]:
    """The rates of a list for `length` layers (`what` they are, in words); one of ``[0.1, 0.2]*3`` repeats both.

    Nothing is evaluated. Raises UsageError for text that is no such list and for one of another length, naming `option`.
    """
    found: list[float] = []
    for term in text.replace(" ", "").split("+"):
        match = _TERM.fullmatch(term)
        numbers = match[1].split(",") if match else []
        if match is None or not all(_RATE.fullmatch(number) for number in numbers):
            raise UsageError(
                f"--set {option}={_short(text)}: '{_short(term)}' is no part of a rate list such as [0.9]*3+[0.4]*24"
            )
        # A count without bound would fill the memory before the length is looked at.
        found += [float(number) for number in numbers] * min(int(match[2] or 1), length + 1)
    if len(found) != length:
        count = f"more than {length}" if len(found) > length else len(found)
        raise UsageError(f"--set {option}={_short(text)} has {count} rates; {what} takes {length}")
    return found


def kept_share(text: str, length: int, option: str, what: str) -> list[float]:
    """A list of the parts of filters that are kept, each above 0 and at most 1; all of them where `text` is empty."""
    if not text:
        return [1.0] * length
    rates = read_rates(text, length, option, what)
    wrong = next((rate for rate in rates if not 0 < rate <= 1), None)
    if wrong is not None:
        raise UsageError(
            f"--set {option}={_short(text)}: {wrong} is no part of the filters to keep, above 0 and at most 1"
        )
    return rates


def removed_share(text: str, length: int, option: str, what: str) -> list[float]:
    """A list of the parts of filters that are removed, each at least 0 and below 1; none where `text` is empty."""
    if not text:
        return [0.0] * length
    rates = read_rates(text, length, option, what)
    wrong = next((rate for rate in rates if rate >= 1), None)
    if wrong is not None:
        raise UsageError(
            f"--set {option}={_short(text)}: {wrong} is no part of the filters to remove, at least 0 and below 1"
        )
    return rates


def widths(shares: Sequence[float], channels: Sequence[int], option: str) -> list[int]:
    """How many filters each layer keeps: the whole part of share times channels, as the authors round.

    Raises UsageError where a layer would keep none.
    """
    kept = [int(share * count) for share, count in zip(shares, channels, strict=True)]
    if 0 in kept:
        place = kept.index(0)
        raise UsageError(f"--set {option}: the rate {shares[place]} keeps none of a layer's {channels[place]} filters")
    return kept


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
