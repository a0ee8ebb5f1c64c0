"""A folder or a zip archive of small text files, listed and read in one way."""

import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from harness.archives import TEXT_LIMIT, Archive
from harness.errors import HarnessError
from harness.task import DataRequest

DEEPEST: Final = 6
"""How many folders may lie above a file for it to be found."""
IMAGE_FOLDERS: Final = frozenset({"img", "imgs", "images", "color", "ir", "depth", "data_seq", "__MACOSX"})
SUFFIXES: Final = frozenset({".txt", ".tag", ".label", ".json", ".value", ""})


@dataclass(frozen=True, slots=True)
class Tree:
    """The text files under `path`; names are relative, with forward slashes."""

    path: Path
    names: tuple[str, ...]
    error: type[HarnessError]
    archive: Archive | None = None

    def read(self, name: str) -> bytes:
        """The content of one file; raises `error`."""
        if self.archive is not None:
            return self.archive.read(name, TEXT_LIMIT)
        try:
            return (self.path / name).read_bytes()
        except OSError as reason:
            raise self.error(f"{self.where(name)} cannot be read: {reason.strerror or reason}") from None

    def where(self, name: str) -> str:
        """The file as messages name it."""
        return str(self.path / name)

    def text(self, name: str) -> str:
        """The content of one file as text."""
        return self.read(name).decode("utf-8-sig", "replace")


def open_tree(path: Path, error: type[HarnessError]) -> Tree:
    """List a folder or zip archive; raises `error` where `path` is neither. Folders of images are not looked into."""
    if path.is_dir():
        return Tree(path, tuple(sorted(_walk(path))), error)
    if not path.exists():
        raise error(f"there is no file or folder {path}")
    if path.suffix.lower() != ".zip":
        raise error(f"{path} is neither a folder nor a .zip archive of text files")
    archive = Archive(path, error)
    names = [name for name in archive.names() if _wanted(PurePosixPath(name))]
    return Tree(path, tuple(sorted(names)), error, archive)


def _wanted(name: PurePosixPath) -> bool:
    return name.suffix.lower() in SUFFIXES and not IMAGE_FOLDERS.intersection(name.parts[:-1])


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        deeper = len(inside.parts) < DEEPEST
        folders[:] = sorted(name for name in folders if deeper and name not in IMAGE_FOLDERS and name[:1] != ".")
        for name in files:
            if Path(name).suffix.lower() in SUFFIXES and name[:1] != ".":
                yield (inside / name).as_posix()


def write_texts(path: Path, texts: Iterable[tuple[str, str]]) -> None:
    """Write files, by name and ASCII text, into a folder, or into a zip archive where `path` ends so."""
    if path.suffix.lower() == ".zip":
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts:
                # A fixed date, so that the same results give the same archive.
                archive.writestr(zipfile.ZipInfo(name), text)
        return
    for name, text in texts:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="ascii")


def with_files(request: DataRequest) -> DataRequest:
    """A request whose ``--data`` is a zip archive or JSON file instead of a folder, as one that names its parts."""
    data = request.data
    if data is None or not data.is_file():
        return request
    frames = data if data.suffix.lower() == ".zip" else data.parent
    return replace(request, data=None, annotations=request.annotations or data, images=request.images or frames)
