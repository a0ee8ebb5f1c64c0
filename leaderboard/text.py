"""Text, links and CSV cells that come from strangers.

Templates escape markup; here is what escaping does not cover: characters that reorder or hide text, links that run
something, cells that a spreadsheet would compute.
"""

import re
from urllib.parse import urlsplit

from harness.text import LONGEST, REPLACEMENT, clean, csv_cell

__all__ = ["LONGEST", "REPLACEMENT", "arxiv_link", "clean", "csv_cell", "day", "https_link", "link_host", "name"]

LONGEST_NAME = 80

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ARXIV = re.compile(r"\d{4}\.\d{4,5}(v\d+)?|[a-z-]+(\.[A-Z]{2})?/\d{7}(v\d+)?")


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
