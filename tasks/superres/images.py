"""Images in a folder or a zip archive, found by their stems and decoded to uint8 RGB."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from harness.archives import Archive
from harness.errors import DataError
from harness.images import has_sixteen_bits

SUFFIXES = (".png", ".bmp")
"""What is read: formats that keep every pixel. JPEG does not."""
FORMATS = ("PNG", "BMP")
MODES = ("RGB", "L", "1", "P")


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The images directly in a folder, or anywhere in a zip archive: stem -> path inside `source`."""

    source: Path
    entries: Mapping[str, str]
    archive: Archive | None

    def where(self, stem: str) -> str:
        """The image as a message names it."""
        return str(self.source / self.entries[stem])

    def read(self, stem: str) -> NDArray[np.uint8]:
        """The image `stem`, uint8 ``(H, W, 3)``, grey ones with equal channels; DataError if it cannot be decoded."""
        return decode(self._bytes(stem), self.where(stem))

    def _bytes(self, stem: str) -> bytes:
        if self.archive is not None:
            return self.archive.read(self.entries[stem])
        try:
            return (self.source / self.entries[stem]).read_bytes()
        except OSError as error:
            raise DataError(f"{self.where(stem)} cannot be read ({error}); copy the file again") from None


def decode(data: bytes, where: str) -> NDArray[np.uint8]:
    """Decode an image file to uint8 RGB ``(H, W, 3)``; `where` names it in the DataError for one that is damaged."""
    from PIL import Image

    if has_sixteen_bits(data):
        raise DataError(f"{where} has 16 bits a sample, expected 8; round it to 8 bits as its authors do")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.mode not in MODES:
                raise DataError(f"{where} has mode {image.mode}, expected 8-bit RGB or grey; convert it without loss")
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = (str(error).splitlines() or [""])[0].split("<")[0].strip() or type(error).__name__
        raise DataError(f"{where} is no image that can be read ({reason}); copy the file again") from None


def open_images(source: Path, rename: Callable[[str], str] = str) -> ImageFolder:
    """The images of a folder or zip; DataError if there is none, or if two have the same stem.

    `rename` gives the name that an image goes by here for the stem of its file, the empty text to leave it out.
    """
    if not source.exists():
        raise DataError(f"{source} does not exist; give a folder or a zip archive of images")
    archive = None if source.is_dir() else Archive(source, DataError)
    names = archive.names() if archive else [path.name for path in source.iterdir() if path.is_file()]
    entries: dict[str, str] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        if path.suffix.lower() not in SUFFIXES or path.name.startswith(".") or "__MACOSX" in path.parts:
            continue
        stem = rename(path.stem)
        if stem and stem in entries:
            raise DataError(f"{source} holds both {entries[stem]} and {name}; keep one of them")
        if stem:
            entries[stem] = name
    if not entries:
        raise DataError(f"{source} holds no image ({', '.join(SUFFIXES)})")
    return ImageFolder(source, entries, archive)


def match(stems: Iterable[str], ids: Iterable[str], endings: Sequence[str]) -> dict[str, list[str]]:
    """For every id the stems that are the id followed by one of `endings`."""
    present = set(stems)
    return {id: [id + ending for ending in endings if id + ending in present] for id in ids}


def shortened(names: Sequence[str], limit: int = 10) -> str:
    """Names in a row, at most `limit` of them."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
