"""Zip archives and gzip files from anybody, read so that none can exhaust memory or mean two things.

Not read: members named as if they lay outside the archive, named twice, encrypted, packed by another method than
deflate (whose expansion cannot be bounded while it is read), or unpacking to more than a limit.
"""

import gzip
import io
import os
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final, Protocol

from harness.errors import HarnessError

IMAGE_LIMIT: Final = 256 << 20
"""Bytes that one image file may unpack to."""
TEXT_LIMIT: Final = 2 << 30
"""Bytes that one JSON, text or table file may unpack to."""
RATIO: Final = 250
"""How many times larger than its packed form a large member may be; JSON and text reach some tens."""
SMALL: Final = 64 << 20
"""Bytes below which any ratio will do: images of one colour pack a thousandfold."""
_CHUNK: Final = 1 << 20
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError, LookupError,
)  # fmt: skip
"""What the standard library raises on damaged archives; ValueError stands for names that are no UTF-8 too."""


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Archive:
    """A zip archive, opened once in each process; threads may read from it at the same time.

    Every method raises `error` with one sentence that names the archive and the member.
    """

    def __init__(self, path: Path, error: type[HarnessError]) -> None:
        self.path, self._error = path, error
        self._opened: tuple[int, zipfile.ZipFile] | None = None

    def __reduce__(self) -> tuple[type["Archive"], tuple[Path, type[HarnessError]]]:
        return Archive, (self.path, self._error)

    def names(self) -> tuple[str, ...]:
        """The files in the archive in its own order, paths with forward slashes, all of them safe to read."""
        files = [info for info in self._open().infolist() if not info.filename.endswith("/")]
        seen: set[str] = set()
        for info in files:
            self._check(info)
            if info.filename in seen:
                raise self._error(f"{self._where(info)} is there twice; pack the archive again with one of them")
            seen.add(info.filename)
        return tuple(info.filename for info in files)

    def read(self, name: str, limit: int = IMAGE_LIMIT) -> bytes:
        """The content of one file, which unpacks to at most `limit` bytes."""
        archive = self._open()
        try:
            info = archive.getinfo(name)
        except KeyError:
            raise self._error(f"{self.path} has no file {_shown(name)}") from None
        self._check(info)
        allowed = _allowed(info.compress_size, limit)
        # The declared size is read first, so that nothing is unpacked where the archive itself says that it is too much.
        if info.file_size > allowed:
            raise self._too_large(info, allowed)
        try:
            with archive.open(info) as stream:
                data = _drain(stream, allowed)
        except OSError as reason:
            raise self._error(f"{self._where(info)} cannot be read: {reason.strerror or reason}") from None
        except (*_BROKEN, MemoryError) as reason:
            raise self._error(f"{self._where(info)} is damaged ({_reason(reason)}); copy the archive again") from None
        if data is None:
            raise self._too_large(info, allowed)
        if len(data) != info.file_size:
            raise self._error(f"{self._where(info)} is damaged (it ends too early); copy the archive again")
        return data

    def _open(self) -> zipfile.ZipFile:
        """The open archive. A forked child opens its own: a shared file has one position for both processes."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid():
            # Two threads that come here at once open it twice; the one that is not kept closes itself.
            opened = self._opened = (os.getpid(), self._read_directory())
        return opened[1]

    def _read_directory(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except OSError as reason:
            raise self._error(f"{self.path} cannot be read: {reason.strerror or reason}") from None
        except (*_BROKEN, MemoryError) as reason:
            text = f"{self.path} is damaged or no zip archive ({_reason(reason)}); copy or pack it again"
            raise self._error(text) from None

    def _check(self, info: zipfile.ZipInfo) -> None:
        # The raw name: ZipFile cuts it at a NUL, and turns backslashes into slashes on Windows only.
        raw = info.orig_filename
        if not raw.strip("/") or re.match(r"/|[A-Za-z]:", raw) or "\\" in raw or "\0" in raw or ".." in raw.split("/"):
            raise self._error(
                f"{self.path} holds a file named {_shown(raw)}, which is no path inside it; pack it again with "
                "relative names and forward slashes"
            )
        if info.flag_bits & 1:
            raise self._error(f"{self._where(info)} is encrypted; pack the archive again without a password")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._error(
                f"{self._where(info)} is packed by method {info.compress_type}; only deflate is read, pack it again"
            )

    def _too_large(self, info: zipfile.ZipInfo, allowed: int) -> HarnessError:
        return self._error(
            f"{self._where(info)} unpacks to {info.file_size:,} bytes from {info.compress_size:,}, more than the "
            f"{allowed:,} that are read; unpack it yourself if it is meant"
        )

    def _where(self, info: zipfile.ZipInfo) -> str:
        return f"{self.path}/{_shown(info.filename)}"


def read_gzip(path: Path, error: type[HarnessError], limit: int = TEXT_LIMIT) -> bytes:
    """The content of a gzip file, which unpacks to at most `limit` bytes; raises `error` naming the file."""
    try:
        packed = path.stat().st_size
        with gzip.open(path) as stream:
            data = _drain(stream, _allowed(packed, limit))
    except (gzip.BadGzipFile, *_BROKEN, MemoryError) as reason:
        raise error(f"{path} is damaged or not a gz file ({_reason(reason)}); copy it again") from None
    except OSError as reason:
        raise error(f"{path} cannot be read: {reason.strerror or reason}") from None
    if data is None:
        raise error(
            f"{path} unpacks to more than the {_allowed(packed, limit):,} bytes that are read, from {packed:,}; "
            "unpack it yourself if it is meant"
        )
    return data


def _allowed(packed: int, limit: int) -> int:
    return min(limit, max(SMALL, RATIO * packed))


def _drain(stream: _Stream, allowed: int) -> bytes | None:
    """All of a stream, in pieces, so that no more than `allowed` bytes are ever unpacked; None if there are more."""
    buffer = io.BytesIO()
    while block := stream.read(min(_CHUNK, allowed + 1 - buffer.tell())):
        buffer.write(block)
        if buffer.tell() > allowed:
            return None
    return buffer.getvalue()


def _shown(name: str) -> str:
    return name if name.isprintable() and name else ascii(name)


def _reason(reason: BaseException) -> str:
    return (str(reason).splitlines() or [type(reason).__name__])[0][:120] or type(reason).__name__
