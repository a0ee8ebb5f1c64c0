"""MATLAB's level 5 .mat files (MATLAB 5 to 7.2: ``save -v6`` and ``-v7``), read without SciPy.

Read are numbers of every class, text, cell arrays and structs, packed or not, in both byte orders. MATLAB 7.3's files are
HDF5 and are refused, as are sparse arrays, objects and functions. `harness/mat_writer.py` writes such files.
Source: MathWorks, MAT-File Format, level 5.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from harness.archives import RATIO, SMALL, TEXT_LIMIT
from harness.errors import HarnessError

MATRIX: Final = 14
DTYPES: Final = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""How the numbers of an element are stored, by its type."""
CLASSES: Final = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
"""What the numbers of an array are in MATLAB, by its class; they may be stored in a smaller type."""
CELL, STRUCT, CHAR = 1, 2, 4
LOGICAL, COMPLEX = 0x200, 0x800
HEADER_BYTES: Final = 128
_PACKED: Final = 15
_REFUSED: Final = {3: "an object", 5: "a sparse array", 16: "a function", 17: "an object", 18: "an object"}
_ENCODINGS: Final = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_ORDERS: Final = {b"IM": "<", b"MI": ">"}
_DEEPEST: Final = 32
_HEAD_BYTES: Final = 4096
"""What is unpacked of a variable to learn its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A cell array: its elements in MATLAB's order, the first index running fastest."""

    shape: tuple[int, ...]
    values: "list[MatValue]"


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """An array of structs: for every field its values, in MATLAB's order."""

    shape: tuple[int, ...]
    fields: "dict[str, list[MatValue]]"


MatValue: TypeAlias = "NDArray[Any] | str | Cell | Struct"
"""An array of MATLAB's shape (at least two axes) and of its class's dtype, bool where it is logical; text, or an array
(rows,) of text where it has several rows; a cell array; structs."""


def read_mat(
    path: Path, error: type[HarnessError], names: Collection[str] | None = None, data: bytes | None = None
) -> dict[str, MatValue]:
    """Read the variables called `names` (None: all); arrays may be views of the file's bytes, which are read-only.

    `data` is the file's content where it does not lie at `path` itself (a member of an archive).
    Raises `error` with one sentence naming the file, and the byte where it is damaged.
    """
    content = _content(path, error) if data is None else data
    order = _byte_order(path, content, error)
    found: dict[str, MatValue] = {}
    there: list[str] = []
    try:
        for variable in _variables(content, order):
            there.append(variable.name)
            if names is None or variable.name in names:
                found[variable.name] = variable.value()
    except _Damage as damage:
        raise error(f"{path} {damage}; copy the file again or save it anew") from None
    except (ValueError, MemoryError) as reason:
        # Text in no encoding, or shapes that NumPy cannot hold.
        raise error(
            f"{path} holds an array that cannot be read ({reason}); copy the file again or save it anew"
        ) from None
    lacking = sorted(set(names or ()) - set(found))
    if lacking:
        raise error(f"{path} has no variable '{lacking[0]}'; it has: {', '.join(there) or 'none'}")
    return found


class _Damage(Exception):
    """What is wrong with the file, as the rest of a sentence that begins with its name."""


def _content(path: Path, error: type[HarnessError]) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise error(f"{path} cannot be read: {reason.strerror or reason}") from None


def _byte_order(path: Path, data: bytes, error: type[HarnessError]) -> str:
    if data.startswith((b"MATLAB 7.3", b"\x89HDF")) or data[512:516] == b"\x89HDF":
        raise error(f"{path} is a MATLAB 7.3 file (HDF5), which is not read; save it with save(..., '-v7')")
    if len(data) < HEADER_BYTES:
        raise error(
            f"{path} ends at byte {len(data)}, inside the {HEADER_BYTES} bytes that begin a .mat file; copy it again"
        )
    order = _ORDERS.get(data[126:128])
    if order is None or 0 in data[:4]:
        raise error(f"{path} is no MATLAB level 5 file (bytes 124 to 127 do not say so); save it with save(..., '-v7')")
    return order


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable whose head is read, and how to get at the rest."""

    name: str
    reader: "_Reader"
    end: int
    unpacker: "_Unpacker | None"

    def value(self) -> MatValue:
        """The variable, read now."""
        if self.unpacker is None:
            return self.reader.matrix(self.reader.start, self.end, 0)[0]
        whole = self.unpacker.rest()
        reader = _Reader(whole, self.reader.order, f" of the variable '{self.name}' as unpacked", 0)
        return reader.matrix(0, len(whole), 0)[0]


def _variables(data: bytes, order: str) -> Iterator[_Variable]:
    """The variables of a file in its order; what MATLAB stores without a name is no variable."""
    file, at = _Reader(data, order, "", HEADER_BYTES), HEADER_BYTES
    budget = min(TEXT_LIMIT, max(SMALL, RATIO * len(data)))
    while at < len(data):
        kind, size, start, following = file.tag(at, len(data), packed=True)
        if kind == _PACKED:
            unpacker = _Unpacker(data[start : start + size], at, budget)
            head, following = unpacker.head, start + size
            reader = _Reader(head, order, f" of the variable at byte {at} as unpacked", 0)
            variable = _Variable(reader.name(), reader, len(head), unpacker)
        else:
            reader = _Reader(data, order, "", at)
            variable, unpacker = _Variable(reader.name(), reader, following, None), None
        if variable.name:
            yield variable
        budget -= unpacker.size if unpacker else 0
        at = following


class _Unpacker:
    """Unpacks one variable, the beginning first, never more than `budget` bytes."""

    def __init__(self, packed: bytes, at: int, budget: int) -> None:
        self._stream, self._at, self._budget = zlib.decompressobj(), at, budget
        self.size = 0
        self.head = self._unpack(packed, _HEAD_BYTES)

    def rest(self) -> bytes:
        """Everything, the beginning again included."""
        whole = self.head
        if not self._stream.eof:
            whole += self._unpack(self._stream.unconsumed_tail, self._budget - self.size + 1)
        if self.size > self._budget:
            raise _Damage(f"unpacks to more than {self._budget:,} bytes from the variable at byte {self._at} on")
        if not self._stream.eof:
            raise _Damage(f"is damaged: the packed variable at byte {self._at} ends too early")
        return whole

    def _unpack(self, packed: bytes, most: int) -> bytes:
        try:
            part = self._stream.decompress(packed, most)
        except zlib.error as reason:
            raise _Damage(f"is damaged: the variable at byte {self._at} cannot be unpacked ({reason})") from None
        self.size += len(part)
        return part


class _Reader:
    """Reads arrays from bytes; `place` says in errors which bytes, if they are not the file's own."""

    def __init__(self, data: bytes, order: str, place: str, start: int) -> None:
        self._data, self.order, self._place, self.start = data, order, place, start
        self._tag = struct.Struct(order + "II")
        self._head = struct.Struct(order + "10I")
        self._stored = {kind: np.dtype(order + name) for kind, name in DTYPES.items()}

    def damage(self, at: int, what: str) -> _Damage:
        """The error for byte `at`."""
        return _Damage(f"is damaged: at byte {at}{self._place} {what}")

    def tag(self, at: int, end: int, *, packed: bool = False) -> tuple[int, int, int, int]:
        """An element's type, its bytes, where these start, and where the next element does."""
        if at + 8 > end:
            raise self.damage(at, "it ends in the middle of an element")
        kind, size = self._tag.unpack_from(self._data, at)
        if kind >> 16:
            # Up to four bytes stand inside the tag itself, with their number in its upper half.
            if kind >> 16 > 4:
                raise self.damage(at, "there is no element of this format")
            return kind & 0xFFFF, kind >> 16, at + 4, at + 8
        if at + 8 + size > end:
            raise self.damage(at, f"an element of {size} bytes is cut off after {end - at - 8}")
        if packed and kind not in (MATRIX, _PACKED):
            raise self.damage(at, f"there is an element of type {kind} where a variable is expected")
        return kind, size, at + 8, min(at + 8 + (size + 7 & ~7), end)

    def name(self) -> str:
        """The name of the variable that starts the bytes, whose end need not be there."""
        if len(self._data) < self.start + 8:
            raise self.damage(self.start, "it ends in the middle of an element")
        kind, size = self._tag.unpack_from(self._data, self.start)
        if kind != MATRIX:
            raise self.damage(self.start, f"there is an element of type {kind} where an array is expected")
        return self._heading(self.start + 8, min(self.start + 8 + size, len(self._data)))[2] if size else ""

    def matrix(self, at: int, end: int, depth: int) -> tuple[MatValue, int]:
        """The array at byte `at`, and where the next element starts."""
        kind, size, start, following = self.tag(at, end)
        if kind != MATRIX:
            raise self.damage(at, f"there is an element of type {kind} where an array is expected")
        if size == 0:
            return _NOTHING, following
        end = start + size
        flags, shape, _, start = self._heading(start, end)
        kind = flags & 0xFF
        if kind in CLASSES:
            return self._array(start, end, flags, shape), following
        if kind == CHAR:
            return self._text(start, end, shape), following
        if kind in _REFUSED:
            raise _Damage(f"holds {_REFUSED[kind]} at byte {at}{self._place}, which is not read")
        if kind not in (CELL, STRUCT) or depth == _DEEPEST:
            raise self.damage(at, f"there is an array of class {kind}" + " nested too deep" * (depth == _DEEPEST))
        read = self._cell if kind == CELL else self._struct
        return read(start, end, shape, depth + 1), following

    def _heading(self, at: int, end: int) -> tuple[int, tuple[int, ...], str, int]:
        """Class and flags, shape, name, and where the content starts."""
        if end - at >= 40:
            t = self._head.unpack_from(self._data, at)
            # A matrix without a name, as all elements of cells are: there are thousands of them.
            if t[0] == 6 and t[1] == 8 and t[4] == 5 and t[5] == 8 and t[8] == 1 and t[9] == 0:
                return t[2], (t[6], t[7]), "", at + 40
        kind, size, start, following = self.tag(at, end)
        if kind != 6 or size != 8:
            raise self.damage(at, "an array has no flags")
        flags = self._tag.unpack_from(self._data, start)[0]
        shape = tuple(self._integers(following, end))
        if len(shape) < 2 or min(shape) < 0:
            raise self.damage(following, f"an array has the shape {shape}")
        kind, size, start, following = self.tag(self.tag(following, end)[3], end)
        return flags, shape, self._data[start : start + size].decode("latin-1"), following

    def _integers(self, at: int, end: int) -> list[int]:
        kind, size, start, _ = self.tag(at, end)
        if kind not in (5, 6) or size % 4 or size > 4 * _DEEPEST:
            raise self.damage(at, "an array has no shape")
        return cast("list[int]", np.frombuffer(self._data, self.order + "i4", size // 4, start).tolist())

    def _array(self, at: int, end: int, flags: int, shape: tuple[int, ...]) -> NDArray[Any]:
        real, following = self._numbers(at, end, shape)
        wanted = CLASSES[flags & 0xFF]
        if flags & COMPLEX:
            imaginary, _ = self._numbers(following, end, shape)
            return (real + 1j * imaginary).astype("c8" if wanted == "f4" else "c16").reshape(shape, order="F")
        return real.astype(np.bool_ if flags & LOGICAL else wanted, copy=False).reshape(shape, order="F")

    def _numbers(self, at: int, end: int, shape: tuple[int, ...]) -> tuple[NDArray[Any], int]:
        kind, size, start, following = self.tag(at, end)
        stored = self._stored.get(kind)
        count = 1
        for length in shape:
            count *= length
        if stored is None or size != count * stored.itemsize:
            raise self.damage(at, f"{size} bytes of type {kind} are no array of shape {shape}")
        return (np.frombuffer(self._data, stored, count, start) if count else np.empty(0, stored)), following

    def _text(self, at: int, end: int, shape: tuple[int, ...]) -> MatValue:
        if 0 in shape and at == end:
            return ""
        kind, size, start, _ = self.tag(at, end)
        encoding = _ENCODINGS.get(kind)
        if encoding is None or len(shape) != 2:
            raise self.damage(at, f"there is text of type {kind} and shape {shape}")
        if encoding[-2:] in ("16", "32"):
            encoding += "-le" if self.order == "<" else "-be"
        text = self._data[start : start + size].decode(encoding)
        if shape[0] == 1 or 0 in shape:
            return text
        if len(text) != shape[0] * shape[1]:
            raise self.damage(at, f"{len(text)} characters are no text of shape {shape}")
        return np.array([text[row :: shape[0]] for row in range(shape[0])], np.str_)

    def _cell(self, at: int, end: int, shape: tuple[int, ...], depth: int) -> Cell:
        return Cell(shape, self._matrices(at, end, shape, 1, depth))

    def _struct(self, at: int, end: int, shape: tuple[int, ...], depth: int) -> Struct:
        length = self._integers(at, end)
        at = self.tag(at, end)[3]
        _, size, start, following = self.tag(at, end)
        if len(length) != 1 or length[0] < 1 or size % length[0]:
            raise self.damage(at, "a struct has no names of fields")
        names = [
            self._data[place : place + length[0]].split(b"\0")[0].decode("latin-1")
            for place in range(start, start + size, length[0])
        ]
        values = self._matrices(following, end, shape, len(names), depth)
        return Struct(shape, {name: values[index :: len(names)] for index, name in enumerate(names)})

    def _matrices(self, at: int, end: int, shape: tuple[int, ...], times: int, depth: int) -> list[MatValue]:
        count = times
        for length in shape:
            count *= length
        if count * 8 > end - at:
            raise self.damage(at, f"{count} arrays cannot stand in {end - at} bytes")
        values: list[MatValue] = []
        for _ in range(count):
            value, at = self.matrix(at, end, depth)
            values.append(value)
        return values


_NOTHING: Final = np.empty((0, 0))
"""What an element without content stands for: MATLAB's []."""
