"""FDDB's ground truth: the ellipse lists of ten folds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from harness.errors import DataError, HarnessError
from harness.layout import missing
from tasks.detection.fddb.lists import RegionList, read_region_list, text_files
from tasks.detection.fddb.regions import Float, Int

FOLDERS: Final = "FDDB-folds"
FOLDS: Final = 10
FARTHEST: Final = 1e6
"""No coordinate or radius, in pixels, lies beyond."""
_COLUMNS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """The faces of all images, fold after fold."""

    names: tuple[str, ...]
    offsets: Int
    ellipses: Float
    """(faces, 5): major and minor radius, angle in radians, centre x and y, in pixels."""


def ellipse_list(fold: int) -> str:
    """The name of a fold's ellipse list."""
    return f"FDDB-fold-{fold:02d}-ellipseList.txt"


def read_folds(folder: Path) -> Faces:
    """Read the ten folds of the official layout; raises DataError naming what is missing, or file and line.

    The lists of images, where they are there, must have the same images in the same order.
    """
    paths = [folder / ellipse_list(fold) for fold in range(1, FOLDS + 1)]
    lacking = [path for path in paths if not path.is_file()]
    if lacking:
        raise missing(lacking, f"{len(lacking)} of {FOLDS} folds are")
    faces = read_faces(folder)
    listed: list[str] = []
    for fold in range(1, FOLDS + 1):
        images = folder / f"FDDB-fold-{fold:02d}.txt"
        if not images.is_file():
            return faces
        listed += images.read_text(encoding="utf-8-sig", errors="replace").split()
    if tuple(listed) != faces.names:
        pairs = zip([*listed, "nothing"], [*faces.names, "nothing"], strict=False)
        one, other = next(pair for pair in pairs if pair[0] != pair[1])
        raise DataError(
            f"{folder}: the lists of images do not fit the ellipse lists: {one} stands where these have {other}; "
            "copy both from one source"
        )
    return faces


def read_faces(path: Path) -> Faces:
    """Read an ellipse list, or those in a folder or zip archive; raises DataError naming file and line."""
    lists: list[RegionList] = []
    seen: dict[str, str] = {}
    for where, data in text_files(path, "*ellipseList.txt", DataError):
        found = read_region_list(data, where, (_COLUMNS,), DataError)
        for name, line in zip(found.names, found.name_lines.tolist(), strict=True):
            if name in seen:
                raise DataError(f"{where}, line {line}: {name} is there twice, first in {seen[name]}")
            seen[name] = f"{where}, line {line}"
        check_regions(found, where, DataError, (0, 1))
        lists.append(found)
    if not seen:
        raise DataError(f"{path} lists no images")
    counts = np.concatenate([found.counts for found in lists])
    values = np.concatenate([found.values.reshape(-1, _COLUMNS) for found in lists])
    return Faces(
        names=tuple(seen),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ellipses=np.ascontiguousarray(values[:, :5]),
    )


def check_regions(found: RegionList, where: str, error: type[HarnessError], radii: tuple[int, int]) -> None:
    """Raise `error` for the first line with a negative radius or side (columns `radii`), or a number far from any image."""
    negative = np.zeros(found.values.shape, np.bool_)
    negative[:, radii] = found.values[:, radii] < 0
    # The last number of a detection is its score, which may be anything.
    far = np.abs(found.values[:, :-1]) > FARTHEST
    for bad, what in ((negative, "is negative"), (far, "lies far outside any image")):
        if bad.any():
            row, column = np.argwhere(bad)[0].tolist()
            raise error(f"{where}, line {found.lines[row]}: number {column + 1}, {found.values[row, column]:g}, {what}")
