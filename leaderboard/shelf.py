"""The files of a site as a server sends them: found by address, packed, and known by their content."""

import contextlib
import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".xml": "application/atom+xml; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".tex": "text/plain; charset=utf-8",
    ".bib": "text/plain; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
PACKED_ALREADY = (".parquet", ".png")
LEAST_PACKED = 600
"""Smaller files are sent as they are: packing saves less than a packet."""
LARGEST_KEPT = 16 << 20
MOST_KEPT = 96 << 20
"""Bytes of files that are held in memory."""
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]{1,2000})">')
_HEAD = 1024


@dataclass(frozen=True)
class Stored:
    """One file as it was read."""

    data: bytes
    suffix: str

    @cached_property
    def tag(self) -> str:
        """Stands for the content."""
        return hashlib.sha256(self.data).hexdigest()[:32]

    @cached_property
    def packed(self) -> bytes | None:
        """Packed with gzip, or None where that saves nothing."""
        if self.suffix in PACKED_ALREADY or len(self.data) < LEAST_PACKED:
            return None
        packed = gzip.compress(self.data, 6, mtime=0)
        return packed if len(packed) < len(self.data) else None

    @cached_property
    def policy(self) -> str:
        """The content security policy that a page states; a header repeats it, since only headers may forbid frames."""
        found = _POLICY.search(self.data[:_HEAD])
        return unescape(found[1].decode("ascii", "replace")) if found and self.suffix == ".html" else ""


class Shelf:
    """The files below a folder. Nothing outside it, nothing hidden, nothing of another type is found."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._kept: OrderedDict[tuple[str, int, int], Stored] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def find(self, address: str) -> Path | None:
        """The file that the path of an address names, a folder's first page included."""
        name = unquote(address).lstrip("/")
        if "\0" in name or "\\" in name or any(part.startswith(".") for part in name.split("/")):
            return None
        with contextlib.suppress(OSError, ValueError):
            path = (self.root / name).resolve()
            path = (path / "index.html").resolve() if path.is_dir() else path
            if path.is_relative_to(self.root) and path.suffix in TYPES and path.is_file():
                return path
        return None

    def read(self, path: Path) -> Stored:
        """The file, from memory where it has not changed; raises OSError where it has gone."""
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        stored = Stored(path.read_bytes(), path.suffix)
        if len(stored.data) <= LARGEST_KEPT:
            self._keep(key, stored)
        return stored

    def _keep(self, key: tuple[str, int, int], stored: Stored) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = stored
                self._size += len(stored.data)
            while self._size > MOST_KEPT:
                self._size -= len(self._kept.popitem(last=False)[1].data)
