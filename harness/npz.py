"""What an ``.npz`` file must be before NumPy may load it: no more than it shows, plain arrays only."""

import math
import tokenize
import zipfile
from typing import IO, Final

import numpy as np

SIZE_LIMIT: Final = 16 << 30
"""Bytes that all arrays of one file may have."""
KINDS: Final = "biufUS"
"""NumPy's kinds of dtype that are read: truth values, integers, floats, text."""
_MAGIC: Final = (1, 0)


def check_npz(stream: IO[bytes]) -> None:
    """Raise ValueError unless `stream` holds arrays as ``np.savez`` stores them; leaves it at its start.

    The members are not compressed and fill at most the file, so that loading them takes no more memory than the file has
    bytes; each is one array of a dtype of `KINDS`, whose header states as many bytes as are there. Also raises what
    `zipfile` does for a damaged archive.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        raise ValueError("it is no .npz file")
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > min(size, SIZE_LIMIT):
            raise ValueError(f"its arrays state {total:,} bytes, the file has {size:,} and {SIZE_LIMIT:,} are allowed")
        if len({member.filename for member in members}) < len(members):
            raise ValueError("it holds an array twice")
        for member in members:
            _check_member(archive, member)
    stream.seek(0)


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    name = ascii(member.filename)
    if not member.filename.endswith(".npy") or member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise ValueError(f"its member {name} is no array stored as it is")
    with archive.open(member) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            if version != _MAGIC:
                raise ValueError(f"of version {version}")
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ValueError(f"its member {name} has no header of an array: {reason}") from None
        left = member.file_size - stream.tell()
    if dtype.kind not in KINDS or not dtype.itemsize:
        raise ValueError(f"its member {name} has dtype {dtype}, which is neither numbers nor text")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != left:
        raise ValueError(f"its member {name} states {math.prod(shape)} values in {left:,} bytes")
