"""Text, links and CSV cells that come from strangers.

Templates escape markup; here is what escaping does not cover: characters that reorder or hide text, links that run
something, cells that a spreadsheet would compute.
"""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

LONGEST = 2000
LONGEST_NAME = 80
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")

_SPACES = str.maketrans({"\n": " ", "\t": " ", "\r": " "})
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset("\u00ad\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ARXIV = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?")


def clean(text: str, limit: int = LONGEST) -> str:
    """`text` in NFC on one line of at most `limit` characters; controls and bidirectional overrides become U+FFFD."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown = unicodedata.normalize("NFC", text[: 4 * limit].translate(_SPACES))
    shown = "".join(REPLACEMENT if _is_refused(character) else character for character in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _is_refused(character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    hidden = character in _REORDERING or character in _HIDDEN or "\U000e0000" <= character <= "\U000e0fff"
    return hidden or unicodedata.category(character) in _REFUSED


def name(text: str) -> str:
    """`text` as a name: cleaned, at most 80 characters."""
    return clean(text, LONGEST_NAME)


def https_link(url: str) -> str | None:
    """`url` if it is a plain https link to a named host, else None.

    Refused: other schemes, user names, ports, IP addresses, Punycode (look-alike hosts), quotes, white space, backslashes.
    """
    if not _LINK.fullmatch(url) or len(url) > LONGEST:
        return None
    try:
        parts = urlsplit(url)
        host, plain = parts.hostname or "", parts.port is None and "@" not in parts.netloc
    except ValueError:
        return None
    if not plain or parts.netloc != host or not _HOST.fullmatch(host) or "xn--" in host:
        return None
    return url


def link_host(url: str) -> str:
    """The host of a link that `https_link` let through."""
    return urlsplit(url).hostname or ""


def day(text: str) -> str:
    """The day with which an ISO 8601 date begins; empty where there is none."""
    return text[:10] if _DAY.match(text) else ""


def arxiv_link(identifier: str) -> str | None:
    """The arXiv page of an identifier such as ``1904.08189``, else None."""
    return f"https://arxiv.org/abs/{identifier}" if _ARXIV.fullmatch(identifier) else None


def csv_cell(value: Any) -> str | int | float | None:
    """`value` for a CSV file: numbers as they are, text guarded so that no spreadsheet takes it for a formula."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    guarded = "'" + text if text.startswith(FORMULA_STARTS) else text
    return clean(guarded, 10 * LONGEST)
