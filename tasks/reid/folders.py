"""The official folders: names of image files that say who is on them and which camera took them."""

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from harness.archives import IMAGE_LIMIT, Archive
from harness.errors import DataError, HarnessError
from tasks.reid.listing import Images, Listing, check, make_images

IMAGES: Final = (".jpg", ".jpeg", ".png", ".bmp")
QUERY, GALLERY, MULTI_QUERY = "query", "gallery", "multi_query"
_MARKET: Final = re.compile(r"(-?\d+)_c(\d+)(?=\D|$)")
_CUHK03: Final = re.compile(r"(\d+)_(\d+)_(\d+)_(\d+)\.")
_PAIRS: Final = 100_000
"""CUHK03 counts people anew for every pair of cameras."""
Reader = Callable[[str], tuple[int, int]]
"""File name -> (identity, camera); raises ValueError with the grammar that it lacks."""


@dataclass(frozen=True, slots=True)
class Source:
    """A data set on disk: a folder, or a zip archive; `prefix` is the way to the layout inside it, ending in a slash."""

    path: Path
    names: tuple[str, ...]
    """The files, relative to the layout."""
    archive: Archive | None = None
    prefix: str = ""
    error: type[HarnessError] = DataError

    def read(self, name: str, limit: int = IMAGE_LIMIT) -> bytes:
        """The content of one file; raises `error`."""
        if self.archive is not None:
            return self.archive.read(self.prefix + name, limit)
        try:
            return self.where(name).read_bytes()
        except OSError as error:
            raise self.error(f"{self.where(name)} cannot be read: {error.strerror or error}") from None

    def where(self, name: str) -> Path:
        """A file as errors name it."""
        return self.path / (self.prefix + name)

    def inside(self, folder: str) -> list[str]:
        """The image files right inside a folder, sorted by name."""
        parent = PurePosixPath(folder)
        return sorted(name for name in self.names if PurePosixPath(name).parent == parent and is_image(name))

    def below(self, needed: Collection[str]) -> "Source | None":
        """The part that holds the folders or files `needed` side by side, shallowest first; None if there is none."""
        paths = {str(path) for name in self.names for path in (PurePosixPath(name), *PurePosixPath(name).parents)}
        first = min(needed)
        ends = sorted(
            (path for path in paths if path == first or path.endswith(f"/{first}")), key=lambda p: (len(p), p)
        )
        for prefix in (path.removesuffix(first) for path in ends):
            if all(prefix + one in paths for one in needed):
                names = tuple(name.removeprefix(prefix) for name in self.names if name.startswith(prefix))
                return replace(self, names=names, prefix=self.prefix + prefix)
        return None


def is_image(name: str) -> bool:
    """Whether a file is called like an image (and not ``Thumbs.db`` or ``._0001_c1.jpg``)."""
    path = PurePosixPath(name)
    return path.suffix.lower() in IMAGES and not path.name.startswith(".")


def open_source(path: Path, error: type[HarnessError] = DataError) -> Source:
    """The files of a folder or of a zip archive; raises `error` for an archive that is damaged or unsafe."""
    if path.is_dir():
        found = (Path(parent) / name for parent, _, names in os.walk(path) for name in names)
        return Source(path, tuple(file.relative_to(path).as_posix() for file in found), error=error)
    archive = Archive(path, error)
    return Source(path, archive.names(), archive, error=error)


def read_market_name(name: str) -> tuple[int, int]:
    """``0002_c1s1_000451_03.jpg``: identity 2, camera 1; ``-1`` is junk. DukeMTMC-reID's names are of this form, too."""
    found = _MARKET.match(name)
    if found is None:
        raise ValueError("names are like 0002_c1s1_000451_03.jpg: identity, then _c and the camera")
    return int(found[1]), int(found[2])


def read_cuhk03_name(name: str) -> tuple[int, int]:
    """``1_012_2_07.png``: camera pair 1, person 12 of it, view 2; or a name like Market-1501's."""
    if _MARKET.match(name):
        return read_market_name(name)
    found = _CUHK03.match(name)
    if found is None:
        raise ValueError("names are like 1_012_2_07.png (camera pair, person, view, image) or 0012_c2_07.png")
    return int(found[1]) * _PAIRS + int(found[2]), int(found[3])


def read_msmt17_name(name: str) -> int:
    """``0000_000_01_0303morning_0015_0.jpg``: camera 1, the third field."""
    fields = PurePosixPath(name).name.split("_")
    if len(fields) < 4 or not fields[2].isdigit():
        raise ValueError("names are like 0000_000_01_0303morning_0015_0.jpg, the third field being the camera")
    return int(fields[2])


def list_folders(source: Source, roles: Mapping[str, str], read: Reader) -> Listing:
    """A listing from one folder for each role; files of one folder are ordered by name, which decides ties.

    Raises DataError for a file whose name does not follow the grammar.
    """
    images: dict[str, Images] = {}
    paths: dict[str, dict[str, str]] = {}
    for role, folder in roles.items():
        files = source.inside(folder)
        names = [PurePosixPath(file).name for file in files]
        found = [_read(read, name, source.where(folder)) for name in names]
        images[role] = make_images([one[0] for one in found], [one[1] for one in found], names)
        paths[role] = dict(zip(names, files, strict=True))
    return check(
        Listing(
            where=str(source.where("")),
            query=images[QUERY],
            gallery=images[GALLERY],
            multi_query=images.get(MULTI_QUERY),
            paths=paths,
        )
    )


def _read(read: Reader, name: str, where: Path) -> tuple[int, int]:
    try:
        return read(name)
    except ValueError as error:
        raise DataError(f"{where / name} does not say who is on it: {error}; rename it or move it away") from None


def list_msmt17(source: Source, lists: Mapping[str, str], folder: str) -> Listing:
    """A listing from ``list_query.txt`` and ``list_gallery.txt``: lines ``0000/0000_000_01_....jpg 0``, in their order.

    `folder` holds the images. Raises DataError naming file and line.
    """
    images: dict[str, Images] = {}
    paths: dict[str, dict[str, str]] = {}
    for role, file in lists.items():
        rows = [_line(f"{source.where(file)}, line {number}", line) for number, line in _lines(source.read(file))]
        names = [row[0] for row in rows]
        images[role] = make_images([row[1] for row in rows], [row[2] for row in rows], names)
        paths[role] = {name: f"{folder}/{name}" for name in names}
    return check(Listing(where=str(source.where("")), query=images[QUERY], gallery=images[GALLERY], paths=paths))


def _lines(data: bytes) -> list[tuple[int, str]]:
    lines = data.decode("utf-8", "replace").splitlines()
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _line(where: str, line: str) -> tuple[str, int, int]:
    fields = line.split()
    if len(fields) != 2 or not re.fullmatch(r"\d{1,9}", fields[1]) or ".." in PurePosixPath(fields[0]).parts:
        raise DataError(f"{where}: expected the path of an image and an identity, found '{line[:80]}'")
    try:
        return fields[0], int(fields[1]), read_msmt17_name(fields[0])
    except ValueError as error:
        raise DataError(f"{where}: {error}") from None
