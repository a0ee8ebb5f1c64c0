"""Names of sequences: the toolkits spell one sequence in several ways."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

_SEPARATORS: Final = re.compile(r"[._\- ]+")
_TAKE: Final = re.compile(r"(.+)_(\d{3})")


def key(name: str) -> str:
    """What is the same in all spellings: ``Human4.2``, ``human4_2`` and ``Human4-2`` give ``human4-2``."""
    return _SEPARATORS.sub("-", name.strip().lower())


def split_repetition(stem: str) -> tuple[str, int]:
    """The sequence and repetition of a file's stem: ``bag_003`` is ("bag", 3), ``bag`` is ("bag", 0)."""
    found = _TAKE.fullmatch(stem)
    return (found[1], int(found[2])) if found else (stem, 0)


def spellings(name: str) -> str:
    """The spellings of a name that are read, for messages."""
    base = key(name)
    shown = dict.fromkeys([name, base, base.replace("-", "_"), base.replace("-", ".")])
    return ", ".join(shown)


def index(names: Iterable[str], aliases: Mapping[str, str]) -> dict[str, str]:
    """Key -> name, for the names themselves and for `aliases` (key -> key of a name)."""
    found = {key(name): name for name in names}
    for other, meant in aliases.items():
        if meant in found:
            found.setdefault(other, found[meant])
    return found


def shortened(names: Iterable[str], most: int = 5) -> str:
    """The first few names and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
