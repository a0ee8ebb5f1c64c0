"""What an ``.npz`` file must be before NumPy may load it: no more than it shows, plain arrays only."""

import io
import math
import tokenize
import zipfile
from functools import lru_cache
from typing import IO, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

SIZE_LIMIT: Final = 16 << 30
"""Bytes that all arrays of one file may have."""
KINDS: Final = "biufUS"
"""NumPy's kinds of dtype that are read: truth values, integers, floats, text."""
SUFFIX: Final = ".npy"
_MAGIC: Final = (1, 0)
_BEFORE_HEAD: Final = 10
"""Bytes of an array before its head: magic, version, the head's length in two bytes."""
Head = tuple[tuple[int, ...], bool, np.dtype[Any]]
"""Shape, whether in Fortran's order, dtype."""


def check_npz(stream: IO[bytes]) -> None:
    """Raise ValueError unless `stream` holds arrays as ``np.savez`` stores them; leaves it at its start.

    The members are not compressed and fill at most the file, so that loading them takes no more memory than the file has
    bytes; each is one array of a dtype of `KINDS`, whose header states as many bytes as are there. Also raises what
    `zipfile` does for a damaged archive.
    """
    with _archive(stream) as archive:
        for member in archive.infolist():
            with _opened(archive, member) as part:
                _check_head(part, member)
    stream.seek(0)


def read_npz(stream: IO[bytes]) -> dict[str, NDArray[Any]]:
    """The arrays of `stream` by name, each checked as `check_npz` does before it is read."""
    found = {}
    with _archive(stream) as archive:
        for member in archive.infolist():
            with _opened(archive, member) as part:
                shape, is_fortran, dtype = _check_head(part, member)
                data = bytearray(part.read())
            order: Literal["F", "C"] = "F" if is_fortran else "C"
            found[member.filename.removesuffix(SUFFIX)] = np.ndarray(shape, dtype, data, order=order)
    return found


def _archive(stream: IO[bytes]) -> zipfile.ZipFile:
    size = stream.seek(0, 2)
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        raise ValueError("it is no .npz file")
    archive = zipfile.ZipFile(stream)
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if total > min(size, SIZE_LIMIT):
        raise ValueError(f"its arrays state {total:,} bytes, the file has {size:,} and {SIZE_LIMIT:,} are allowed")
    if len({member.filename for member in members}) < len(members):
        raise ValueError("it holds an array twice")
    return archive


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    if not member.filename.endswith(SUFFIX) or member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError(f"its member {member.filename!a} is no array stored as it is")
    return archive.open(member)


def _check_head(stream: IO[bytes], member: zipfile.ZipInfo) -> Head:
    name = ascii(member.filename)
    try:
        shape, is_fortran, dtype = _head(stream)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"its member {name} has no header of an array: {reason}") from None
    left = member.file_size - stream.tell()
    if dtype.kind not in KINDS or not dtype.itemsize:
        raise ValueError(f"its member {name} has dtype {dtype}, which is neither numbers nor text")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"its member {name} states {math.prod(shape)} values in {left:,} bytes")
    return shape, is_fortran, dtype


def _head(stream: IO[bytes]) -> Head:
    start = stream.read(_BEFORE_HEAD)
    return _stated(start + stream.read(int.from_bytes(start[-2:], "little")))


@lru_cache(256)
def _stated(head: bytes) -> Head:
    """What the head of an array states. Files of many records begin alike, and NumPy reads heads slowly, as Python code."""
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    if version != _MAGIC:
        raise ValueError(f"of version {version}")
    return np.lib.format.read_array_header_1_0(stream)
