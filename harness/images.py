"""Where the images of a data set lie, and how one is decoded."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.archives import Archive
from harness.errors import DataError
from harness.layout import missing

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_DEPTH: Final = 24
"""Where a PNG file says how many bits a sample has."""


def has_sixteen_bits(data: bytes) -> bool:
    """Whether it is a PNG file of 16 bits a sample; where it is in colour, Pillow drops the lower eight without a word."""
    return data.startswith(_PNG) and data[_DEPTH : _DEPTH + 1] == b"\x10"


def decode_image(data: bytes, where: str) -> NDArray[np.uint8]:
    """The content of an image file as uint8 RGB (height, width, 3); raises DataError naming `where`."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode.startswith(("I", "F")) or has_sixteen_bits(data):
                # Pillow would cut off every value above 255, or the lower eight bits.
                raise ValueError(f"its values have more than 8 bits, mode {image.mode}; save it with 8")
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = (str(error).splitlines() or [""])[0].split("<")[0].strip() or type(error).__name__
        raise DataError(f"{where} is no image that can be read ({reason}); copy or save the file again") from None


@dataclass(frozen=True, slots=True)
class _Images:
    """Where images lie: a folder or a zip archive, and the path of each sample's in it."""

    source: Path
    paths: Mapping[str, str]
    archive: Archive | None

    def load(self, id: str) -> dict[str, NDArray[np.uint8]]:
        """One image, uint8 RGB (height, width, 3); DataError if it cannot be decoded."""
        return {"image": decode_image(self._bytes(self.paths[id]), f"{self.source / self.paths[id]}")}

    def _bytes(self, name: str) -> bytes:
        return self.archive.read(name) if self.archive else (self.source / name).read_bytes()


def image_loader(
    source: Path | None, names: Mapping[str, str], annotations: Path
) -> Callable[[str], Mapping[str, Any]]:
    """What decodes one sample's image; every file is looked for at once. `names` are the annotations' file names."""
    if source is None:
        raise DataError(f"the images of {annotations} are not given: name their folder or zip with --images")
    if not source.exists():
        raise missing([source], "the folder of images is")
    archive = None if source.is_dir() else Archive(source, DataError)
    there = _listing(source, archive)
    paths = {id: there.get(name, there.get(Path(name).name, "")) for id, name in names.items()}
    lacking = [source / names[id] for id, path in paths.items() if not path]
    if lacking:
        raise missing(lacking, f"{len(lacking)} of {len(names)} images are")
    return _Images(source, paths, archive).load


def _listing(source: Path, archive: Archive | None) -> dict[str, str]:
    """File name, and path inside `source`, -> path inside `source`."""
    if archive is not None:
        paths = list(archive.names())
    else:
        paths = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]
    return {Path(path).name: path for path in paths} | {path: path for path in paths}
