"""Writing MATLAB level 5 files: numbers, text, cells, structs; unpacked, without a date, the same bytes on every machine."""

import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.files import write_bytes
from harness.mat import CELL, CHAR, CLASSES, DTYPES, HEADER_BYTES, LOGICAL, MATRIX, STRUCT, Cell, MatValue, Struct

_TITLE: Final = b"MATLAB 5.0 MAT-file, written by vision-harness"
_TYPE_OF: Final = {name: kind for kind, name in DTYPES.items()}
_CLASS_OF: Final = {name: kind for kind, name in CLASSES.items()}
_INT8, _INT32, _UINT32, _UTF16 = 1, 5, 6, 17


def write_mat(path: Path, variables: Mapping[str, MatValue]) -> None:
    """Write `variables` (arrays of two axes or more, text, `Cell`, `Struct`) in their order; `read_mat` gives them back.

    Raises TypeError or ValueError for what has no form in MATLAB.
    """
    write_bytes(path, encode_mat(variables))


def encode_mat(variables: Mapping[str, MatValue]) -> bytes:
    """The content of the file that `write_mat` writes."""
    header = _TITLE.ljust(HEADER_BYTES - 4) + struct.pack("<H", 0x100) + b"IM"
    return header + b"".join(_matrix(value, name) for name, value in variables.items())


def _matrix(value: MatValue, name: str = "") -> bytes:
    if isinstance(value, Cell):
        if prod(value.shape) != len(value.values):
            raise ValueError(f"{len(value.values)} values are no cell array of shape {value.shape}")
        return _wrap(CELL, value.shape, name, b"".join(map(_matrix, value.values)))
    if isinstance(value, Struct):
        return _struct(value, name)
    if isinstance(value, str):
        # One UTF-16 unit a character of MATLAB's.
        content = value.encode("utf-16-le")
        return _wrap(CHAR, (1 if value else 0, len(content) // 2), name, _element(_UTF16, content))
    if isinstance(value, np.ndarray):
        return _array(value, name)
    raise TypeError(f"{type(value).__name__} is not written to .mat files")


def _struct(value: Struct, name: str) -> bytes:
    """Field names of 32 bytes, then every struct's fields."""
    if any(len(column) != prod(value.shape) for column in value.fields.values()):
        raise ValueError(f"the fields do not have the {prod(value.shape)} values of structs of shape {value.shape}")
    names = b"".join(field.encode("ascii").ljust(32, b"\0") for field in value.fields)
    head = _element(_INT32, struct.pack("<i", 32)) + _element(_INT8, names)
    values = (one for row in zip(*value.fields.values(), strict=True) for one in row)
    return _wrap(STRUCT, value.shape, name, head + b"".join(map(_matrix, values)))


def _array(value: NDArray[Any], name: str) -> bytes:
    flags = LOGICAL if value.dtype == np.bool_ else 0
    numbers = value.astype("u1") if flags else value
    kind = numbers.dtype.str.lstrip("<>|=")
    if kind not in _CLASS_OF or value.ndim < 2:
        raise TypeError(f"an array of {value.dtype} with {value.ndim} axes has no form in MATLAB")
    content = numbers.astype(numbers.dtype.newbyteorder("<")).tobytes(order="F")
    return _wrap(_CLASS_OF[kind] | flags, value.shape, name, _element(_TYPE_OF[kind], content))


def _wrap(flags: int, shape: tuple[int, ...], name: str, content: bytes) -> bytes:
    head = _element(_UINT32, struct.pack("<II", flags, 0)) + _element(_INT32, struct.pack(f"<{len(shape)}i", *shape))
    body = head + _element(_INT8, name.encode("ascii")) + content
    return struct.pack("<II", MATRIX, len(body)) + body


def _element(kind: int, content: bytes) -> bytes:
    if 0 < len(content) <= 4:
        # Elements of up to four bytes stand inside their tag.
        return struct.pack("<I", len(content) << 16 | kind) + content.ljust(4, b"\0")
    return struct.pack("<II", kind, len(content)) + content.ljust((len(content) + 7) // 8 * 8, b"\0")
