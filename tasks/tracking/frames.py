"""The frames of a sequence, found without being decoded, decoded one at a time when asked for."""

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.archives import Archive
from harness.errors import DataError
from harness.task import Dataset

Image = NDArray[np.uint8]
SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".bmp")


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of one sequence, in order. ``frames[i]`` decodes frame `i`: uint8 RGB (height, width, 3)."""

    source: Path
    names: tuple[str, ...]
    archive: Archive | None = None
    _digests: list[bytes] = field(default_factory=list, repr=False, compare=False)
    """The digest, once it is known: it takes decoding every frame, and a run asks more than once."""

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Image:
        """Decode one frame; raises DataError naming the file."""
        from PIL import Image as PIL

        where = self.source / self.names[index]
        try:
            with PIL.open(io.BytesIO(self._bytes(self.names[index]))) as image:
                return np.asarray(image.convert("RGB"))
        except (OSError, ValueError, SyntaxError, PIL.DecompressionBombError) as error:
            reason = (str(error).splitlines() or [""])[0].split("<")[0].strip() or type(error).__name__
            raise DataError(f"{where} is no image that can be read ({reason}); copy the file again") from None

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))

    def size(self, index: int = 0) -> tuple[int, int]:
        """Width and height of a frame in pixels, from the file's head alone; raises DataError."""
        from PIL import Image as PIL

        try:
            with PIL.open(io.BytesIO(self._bytes(self.names[index]))) as image:
                return image.size
        except (OSError, ValueError, SyntaxError):
            raise DataError(f"{self.source / self.names[index]} is no image that can be read") from None

    def digest(self) -> bytes:
        """SHA-256 over shapes and pixels of all frames, 32 bytes."""
        if not self._digests:
            found = hashlib.sha256()
            for frame in self:
                found.update(repr(frame.shape).encode() + np.ascontiguousarray(frame).tobytes())
            self._digests.append(found.digest())
        return self._digests[0]

    def _bytes(self, name: str) -> bytes:
        return self.archive.read(name) if self.archive else (self.source / name).read_bytes()


@dataclass(frozen=True, slots=True)
class ImageFolders:
    """Folders of images under one root, folder or zip archive: path -> the images in it, in order of their numbers."""

    root: Path
    folders: Mapping[str, tuple[str, ...]]
    archive: Archive | None = None

    def frames(self, folder: str, chosen: Sequence[int] | slice = slice(None)) -> Frames:
        """Some frames of a folder."""
        names = self.folders[folder]
        return Frames(
            self.root, names[chosen] if isinstance(chosen, slice) else tuple(names[i] for i in chosen), self.archive
        )

    def named(self, names: Sequence[str]) -> Frames | None:
        """The frames that an annotation file names by their paths, or None where they are not there."""
        if self.archive is None:
            there = all((self.root / name).is_file() for name in names)
        else:
            there = set(names) <= {name for listed in self.folders.values() for name in listed}
        return Frames(self.root, tuple(names), self.archive) if there and names else None


def list_images(root: Path, wanted: Callable[[str], bool] = lambda folder: True) -> ImageFolders:
    """List the images under `root`, a folder or zip archive; raises DataError where there is none."""
    if root.is_dir():
        found = {folder: names for folder, names in _walk(root) if wanted(folder)}
        return ImageFolders(root, found)
    if not root.exists():
        raise DataError(f"there is no folder or zip archive {root} of frames; name it with --images or --data")
    archive = Archive(root, DataError)
    grouped: dict[str, list[str]] = {}
    for name in archive.names():
        if name.lower().endswith(SUFFIXES):
            grouped.setdefault(name.rpartition("/")[0], []).append(name)
    ordered = {folder: tuple(sorted(names, key=_number)) for folder, names in grouped.items() if wanted(folder)}
    return ImageFolders(root, ordered, archive)


def _walk(root: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        inside = Path(folder).relative_to(root).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        names = [prefix + name for name in files if name.lower().endswith(SUFFIXES) and name[:1] != "."]
        if names:
            yield prefix.rstrip("/"), tuple(sorted(names, key=_number))


def _number(name: str) -> tuple[int, str]:
    """By the last number in the name: frames may be numbered with or without leading zeros."""
    digits = re.findall(r"\d+", name.rpartition("/")[2])
    return (int(digits[-1]) if digits else -1), name


def check_frames(dataset: Dataset) -> Iterator[str]:
    """Decode every frame of every sequence; yields one line for what was checked, raises DataError.

    Frames of one sequence have one size, and that which the truth states where it does.
    """
    total = 0
    for index, id in enumerate(dataset.ids):
        frames = dataset.sample(index).inputs["frames"]
        stated = dataset.truth.dense("size")[dataset.truth.position(id)] if "size" in dataset.truth.columns else None
        wanted = frames.size() if stated is None else (int(stated[0]), int(stated[1]))
        for number, frame in enumerate(frames):
            if frame.shape[1::-1] != wanted:
                raise DataError(
                    f"{frames.source / frames.names[number]} has {frame.shape[1]}x{frame.shape[0]} pixels, expected "
                    f"{wanted[0]}x{wanted[1]} as {'the annotations say' if stated is not None else 'in the first frame'}"
                )
        total += len(frames)
    yield f"{total} frames of {len(dataset.ids)} sequences can be read"
