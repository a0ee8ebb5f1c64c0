"""Tracking text: lines of one to eight numbers between commas, semicolons or blanks; a line a frame."""

import math
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.kernels import Kernel

MOST: Final = 8
_READ: Final = Kernel("track_rows", "uint8[]", "int64", "float64[]", "uint8[]", "int64[]")
_BOM: Final = b"\xef\xbb\xbf"
_BETWEEN: Final = re.compile(r"\s*[,;]\s*|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The lines that are not blank."""

    values: NDArray[np.float64]
    """(n, 8); those beyond a line's count are 0. NaN is read, infinity is not."""
    counts: NDArray[np.uint8]
    """(n,): how many numbers a line has."""
    lines: NDArray[np.int64]
    """(n,): the line's number in the file, from 1."""

    def __len__(self) -> int:
        return len(self.counts)


def read_rows(data: bytes, where: str, error: type[HarnessError]) -> Rows:
    """Read `data` as exactly as Python's float() does; raises `error` naming `where` and the line."""
    data = data.removeprefix(_BOM)
    size = data.count(b"\n") + 1
    values, counts, lines = np.empty((size, MOST)), np.empty(size, np.uint8), np.empty(size, np.int64)
    found = _READ(np.frombuffer(data, np.uint8), len(data), values, counts, lines)
    if found < 0:
        return _read_slowly(data, where, error)
    return Rows(values=values[:found], counts=counts[:found], lines=lines[:found])


def _read_slowly(data: bytes, where: str, error: type[HarnessError]) -> Rows:
    """What the kernel was not certain of: rare spellings of numbers, and everything that is wrong."""
    rows, numbers = [], []
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        text = line.strip()
        if text:
            rows.append(_numbers(text, f"{where}, line {number}", error))
            numbers.append(number)
    values = np.zeros((len(rows), MOST))
    for index, row in enumerate(rows):
        values[index, : len(row)] = row
    return Rows(values=values, counts=np.array([len(row) for row in rows], np.uint8), lines=np.array(numbers, np.int64))


def _numbers(text: str, where: str, error: type[HarnessError]) -> list[float]:
    fields = _BETWEEN.split(text)
    if len(fields) > MOST:
        raise error(f"{where}: has {len(fields)} fields; a box has 4 numbers, four corners have 8")
    values = []
    for field in fields:
        try:
            values.append(float(field))
        except ValueError:
            shown = field[:40] if field.isprintable() else ascii(field[:40])
            raise error(f"{where}: '{shown}' is no number") from None
        if math.isinf(values[-1]):
            raise error(f"{where}: {field[:40]} is not finite")
    return values
