"""Text that comes from strangers: what reorders or hides characters, cells that a spreadsheet would compute, markup."""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

LONGEST = 2000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
LATEX: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "—": "---",
    "’": "'",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "−": "$-$",
    "≠": r"$\neq$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\to$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"$\dagger$",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "ε": r"$\epsilon$",
    "λ": r"$\lambda$",
    "μ": r"$\mu$",
    "σ": r"$\sigma$",
}
LAST_LATIN = "\N{LATIN SMALL LETTER LONG S}"
"""LaTeX sets letters up to here from UTF-8; what lies beyond and has no sign in `LATEX` would stop it."""
MARKDOWN = frozenset("\\`*_{}[]<>#!|~$&")
"""With brackets and signs of markup escaped, parentheses and plus signs mean nothing inside a cell."""

_SPACES = str.maketrans({"\n": " ", "\t": " ", "\r": " "})
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset("\u00ad\u200b\u2060\u2061\u2062\u2063\u2064\ufeff")
_REFUSED = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})


def clean(text: str, limit: int = LONGEST) -> str:
    """`text` in NFC on one line of at most `limit` characters; controls and bidirectional overrides become U+FFFD."""
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    return _cleaned(text[: 4 * limit], limit)


@lru_cache(1 << 12)
def _cleaned(text: str, limit: int) -> str:
    shown = unicodedata.normalize("NFC", text.translate(_SPACES)).translate(_SHOWN)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _is_refused(character: str) -> bool:
    if character.isascii():
        return not character.isprintable()
    hidden = character in _REORDERING or character in _HIDDEN or "\U000e0000" <= character <= "\U000e0fff"
    return hidden or unicodedata.category(character) in _REFUSED


class _Each(dict[int, str | int]):
    """A table for `str.translate` that works out what becomes of a character when it first meets it."""

    def __init__(self, becomes: Callable[[str], str]) -> None:
        super().__init__()
        self._becomes = becomes

    def __missing__(self, code: int) -> str | int:
        found = self._becomes(chr(code))
        if code <= _KEPT:
            self[code] = found
        return found


_KEPT = 0xFFFF
_SHOWN = _Each(lambda character: REPLACEMENT if _is_refused(character) else character)
_LATEX = _Each(lambda character: LATEX.get(character, character if character <= LAST_LATIN else "?"))
_MARKDOWN = _Each(lambda character: "\\" + character if character in MARKDOWN else character)


def csv_cell(value: Any) -> str | int | float | None:
    """`value` for a CSV file: numbers as they are, text guarded so that no spreadsheet takes it for a formula."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    guarded = "'" + text if text.startswith(FORMULA_STARTS) else text
    return clean(guarded, 10 * LONGEST)


def csv_bytes(fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Dictionaries as CSV with a head line."""
    return csv_lines(fields, ([row.get(field) for field in fields] for row in rows))


def csv_lines(fields: Sequence[str], lines: Iterable[Iterable[Any]]) -> bytes:
    """Values in the order of `fields` as CSV with a head line."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([csv_cell(field) for field in fields])
    writer.writerows([list(map(csv_cell, line)) for line in lines])
    return stream.getvalue().encode("utf-8", "replace")


def latex(text: str) -> str:
    """Text that LaTeX sets as it is; a question mark for a character that it does not know."""
    return text.translate(_LATEX)


def latex_line(cells: Iterable[str]) -> str:
    r"""A line of a ``tabular``, cells escaped."""
    return " & ".join(map(latex, cells)) + r" \\"


def markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_MARKDOWN)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A pipe table, cells escaped."""
    lines = [head, *rows]
    shown = ["| " + " | ".join(map(markdown, line)) + " |" for line in lines]
    return "\n".join([shown[0], "|" + " --- |" * len(head), *shown[1:]]) + "\n"
