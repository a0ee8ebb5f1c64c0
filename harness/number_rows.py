"""Text files of numbers, a row a line, read at the speed of compiled code and as exactly as Python's float() reads."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel

_READ: Final = Kernel(
    "number_rows", "uint8[]", "int64", "int64", "int64", "int64", "int64", "int64",
    "float64[]", "int64[]", "int64[]", "int64[]", "int64[]", "int64[]", "int64[]",
)  # fmt: skip
_TOO_FEW, _TOO_MANY, _NO_NUMBER, _NOT_FINITE = 1, 2, 3, 4
_BOM: Final = b"\xef\xbb\xbf"


class BadRow(ValueError):
    """A line is not of the form asked for. As text: "line 7 has 4 fields, expected 6"; callers name the file.

    `line` counts from 1 at `start`; `reason` is the text without the line: "has 4 fields, expected 6".
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} {reason}")
        self.line, self.reason = line, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRows:
    """Rows of numbers with the tokens before them; blank lines are no rows."""

    values: NDArray[np.float64]
    """(n, columns), all finite."""
    token_starts: NDArray[np.int64]
    """(n, tokens): where each token's bytes start in the text."""
    token_lengths: NDArray[np.int64]
    """(n, tokens), bytes."""
    lines: NDArray[np.int64]
    """(n,): the number of each row's line, counted from 1 at the first line read."""
    line_starts: NDArray[np.int64]
    """(n,): where each row's line starts in the text."""
    end: int
    """Where reading ended: behind the last line read."""

    def __len__(self) -> int:
        return len(self.values)


def read_rows(
    data: bytes, columns: int, *, tokens: int = 0, start: int = 0, lines: int | None = None, more: bool = False
) -> NumberRows:
    """Read lines of `tokens` fields of any text and `columns` numbers, separated by spaces or tabs.

    Reading begins at byte `start` and takes at most `lines` lines (None: all; blank ones count). Numbers are decimal, as
    float() reads them, to the last bit. `more` allows further fields, which are not read.
    Raises BadRow for the first line with too few or too many fields, something that is no number, or no finite one.
    """
    if start == 0 and data.startswith(_BOM):
        start = len(_BOM)
    capacity = data.count(b"\n", start) + 1
    limit = capacity if lines is None else max(lines, 0)
    capacity = min(capacity, limit)
    values, end, bad = np.empty((capacity, columns)), np.zeros(1, np.int64), np.zeros(5, np.int64)
    places = [np.empty((capacity, tokens), np.int64), np.empty((capacity, tokens), np.int64)]
    where = [np.empty(capacity + 1, np.int64), np.empty(capacity + 1, np.int64)]
    text = np.frombuffer(data, np.uint8)
    found = _READ(text, start, len(data), limit, tokens, columns, int(more), values, *places, *where, end, bad)
    if found < 0:
        raise _bad_row(data, bad.tolist(), tokens + columns)
    rows = NumberRows(
        values=values[:found],
        token_starts=places[0][:found],
        token_lengths=places[1][:found],
        lines=where[0][:found],
        line_starts=where[1][:found],
        end=int(end[0]),
    )
    _read_hard_ones(data, rows, tokens)
    return rows


def token_array(data: bytes, rows: NumberRows, index: int = 0) -> NDArray[np.bytes_]:
    """The tokens at position `index` of all rows as bytes, dtype S(longest), (n,).

    The longest decides the memory; check `token_lengths` first where the text is a stranger's.
    """
    starts, lengths = rows.token_starts[:, index], rows.token_lengths[:, index]
    width = int(lengths.max(initial=1))
    text = np.frombuffer(data, np.uint8)
    tokens = np.zeros((len(starts), width), np.uint8)
    for place in range(width):
        here = np.flatnonzero(lengths > place)
        tokens[here, place] = text[starts[here] + place]
    found: NDArray[np.bytes_] = tokens.view(f"S{width}")[:, 0]
    return found


def _read_hard_ones(data: bytes, rows: NumberRows, tokens: int) -> None:
    """Read by float() the numbers that the kernel was not certain of, which it left NaN."""
    for index in np.flatnonzero(np.isnan(rows.values).any(axis=1)).tolist():
        stop = data.find(b"\n", rows.line_starts[index])
        line = data[rows.line_starts[index] : len(data) if stop < 0 else stop]
        fields = line.split()[tokens : tokens + rows.values.shape[1]]
        rows.values[index] = [float(field) for field in fields]
        if not np.isfinite(rows.values[index]).all():
            field = fields[int(np.argmin(np.isfinite(rows.values[index])))]
            raise BadRow(int(rows.lines[index]), f"holds {_shown(field)}, which is not finite")


def _bad_row(data: bytes, bad: list[int], expected: int) -> BadRow:
    line, kind, fields, start, length = bad
    if kind in (_TOO_FEW, _TOO_MANY):
        return BadRow(line, f"has {fields} field{'s' * (fields != 1)}, expected {expected}")
    what = "no number" if kind == _NO_NUMBER else "not finite"
    return BadRow(line, f"holds {_shown(data[start : start + length])}, which is {what}")


def _shown(field: bytes) -> str:
    text = field[:40].decode("utf-8", "replace")
    return f"'{text}'" if text.isprintable() else ascii(text)
