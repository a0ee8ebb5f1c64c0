"""Identities and cameras in files of numbers: what evaluation code passes on where the images may not be."""

import io
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from harness.errors import DataError
from harness.mat import read_mat
from harness.number_rows import BadRow, read_rows
from tasks.reid.folders import Source
from tasks.reid.listing import LARGEST, Images, Listing, check
from tasks.reid.ranking import Int

STEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "query identities": ("query_id", "query_ids", "queryID"),
    "query cameras": ("query_cam", "query_cams", "queryCam", "queryCAM"),
    "gallery identities": ("gallery_id", "gallery_ids", "testID"),
    "gallery cameras": ("gallery_cam", "gallery_cams", "testCam", "testCAM"),
}
"""What each of the four files may be called, before ``.txt``, ``.npy`` or ``.mat``."""
ENDINGS: Final = (".txt", ".npy", ".mat")


def holds_id_files(source: Source) -> bool:
    """Whether files of all four kinds are there."""
    return all(_find(source, stems) for stems in STEMS.values())


def read_id_files(source: Source) -> Listing:
    """The listing of four files, a number an image in each; raises DataError naming the file.

    ``query_id``, ``query_cam``, ``gallery_id``, ``gallery_cam`` as ``.txt``, ``.npy`` or ``.mat``, or person-re-ranking's
    ``queryID.mat``, ``queryCam.mat``, ``testID.mat``, ``testCam.mat``.
    """
    columns = {what: _column(source, what, stems) for what, stems in STEMS.items()}
    images = [
        _images(source.path, role, columns[f"{role} identities"], columns[f"{role} cameras"])
        for role in ("query", "gallery")
    ]
    return check(Listing(where=str(source.path), query=images[0], gallery=images[1]))


def _find(source: Source, stems: tuple[str, ...]) -> list[str]:
    names = ((name, PurePosixPath(name)) for name in source.names)
    return sorted(name for name, path in names if path.stem in stems and path.suffix in ENDINGS)


def _column(source: Source, what: str, stems: tuple[str, ...]) -> Int:
    found = _find(source, stems)
    if len(found) > 1:
        raise DataError(f"{source.path} holds {', '.join(found)} for the {what}; it must hold one such file")
    return _numbers(source.where(found[0]), source.read(found[0]))


def _numbers(path: Path, data: bytes) -> Int:
    """The whole numbers of one file."""
    if path.suffix == ".txt":
        try:
            values: Any = read_rows(data, 1).values
        except BadRow as error:
            raise DataError(f"{path}: {error}; it must hold one whole number a line") from None
    elif path.suffix == ".npy":
        values = _array(path, data)
    else:
        arrays = [value for value in read_mat(path, DataError, data=data).values() if isinstance(value, np.ndarray)]
        if len(arrays) != 1:
            raise DataError(f"{path} holds {len(arrays)} arrays, expected one")
        values = arrays[0]
    values = np.asarray(values).reshape(-1)
    whole = values.dtype.kind in "iuf" and bool(np.all(np.abs(values) < LARGEST) and np.all(values == np.floor(values)))
    if not whole:
        raise DataError(f"{path} holds something that is no whole number")
    numbers: Int = values.astype(np.int64)
    return numbers


def _array(path: Path, data: bytes) -> Any:
    try:
        return np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path} is no readable .npy file ({str(error).splitlines()[0]}); save it again") from None


def _images(path: Path, role: str, identity: Int, camera: Int) -> Images:
    if len(identity) != len(camera):
        raise DataError(f"{path} holds {len(identity)} {role} identities and {len(camera)} {role} cameras")
    return Images(identity=identity, camera=camera)
