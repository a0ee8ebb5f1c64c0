"""Arrays from result files: ``.npz``, ``.mat``, ``.npy``, ``.txt``, and folders or zip archives of the last two."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.archives import TEXT_LIMIT
from harness.errors import PredictionError
from harness.mat import Cell, read_mat
from harness.npz import KINDS, check_npz
from harness.number_rows import BadRow, read_rows
from tasks.reid.folders import Source, open_source

Arrays = Mapping[str, NDArray[Any]]
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "distances": ("distances", "distance", "distmat", "dist", "query_gallery_distance"),
    "query_features": ("query_features", "query_f", "qf"),
    "gallery_features": ("gallery_features", "gallery_f", "gf"),
    "multi_query_features": ("multi_query_features", "mquery_f"),
    "query_names": ("query_names",),
    "gallery_names": ("gallery_names",),
    "multi_query_names": ("multi_query_names",),
    "query_identities": ("query_identities", "query_label", "query_id", "query_ids", "queryID"),
    "query_cameras": ("query_cameras", "query_cam", "query_cams", "queryCam", "queryCAM"),
    "gallery_identities": ("gallery_identities", "gallery_label", "gallery_id", "gallery_ids", "testID"),
    "gallery_cameras": ("gallery_cameras", "gallery_cam", "gallery_cams", "testCam", "testCAM"),
    "multi_query_identities": ("multi_query_identities", "mquery_label"),
    "multi_query_cameras": ("multi_query_cameras", "mquery_cam"),
}
"""What an array means -> the names that it may have; layumi/Person_reID_baseline_pytorch's among them."""
_SINGLE: Final = (".npy", ".txt")


def read_arrays(path: Path) -> Arrays:
    """What a result file, folder or archive holds, by what it means; raises PredictionError naming file and array.

    A single ``.npy`` or ``.txt`` is a matrix of distances, which stays on disk where it can.
    """
    suffix = path.suffix.lower()
    if path.is_dir() or suffix == ".zip":
        return _from_source(open_source(path, PredictionError))
    if suffix == ".npy":
        return {"distances": _mapped(path)}
    if suffix == ".txt":
        return {"distances": _table(path, _content(path))}
    if suffix == ".npz":
        return _named(path, _from_npz(path))
    if suffix == ".mat":
        return _named(path, _from_mat(path))
    raise PredictionError(
        f"{path}: features and distances are read from .npz, .mat, .npy, .txt, folders and .zip of these"
    )


def _from_source(source: Source) -> Arrays:
    files = [name for name in source.names if PurePosixPath(name).suffix.lower() in _SINGLE]
    found: dict[str, NDArray[Any]] = {}
    known = {alias for names in ALIASES.values() for alias in names}
    for file in files:
        stem = PurePosixPath(file).stem
        if stem not in known:
            continue
        if stem in found:
            raise PredictionError(f"{source.path} holds {stem} twice; keep one of the files")
        found[stem] = _file(source, file, stem)
    return _named(source.path, found)


def _file(source: Source, file: str, stem: str) -> NDArray[Any]:
    path = source.where(file)
    if PurePosixPath(file).suffix.lower() == ".npy":
        return _mapped(path) if source.archive is None else _loaded(path, source.read(file, TEXT_LIMIT))
    data = source.read(file, TEXT_LIMIT)
    if stem.endswith("_names"):
        return np.array(data.decode("utf-8", "replace").split("\n" if b"\n" in data else None), np.str_)
    return _table(path, data)


def _named(path: Path, found: Arrays) -> Arrays:
    """The arrays by what they mean."""
    named: dict[str, NDArray[Any]] = {}
    for meaning, aliases in ALIASES.items():
        there = [alias for alias in aliases if alias in found]
        if len(there) > 1:
            raise PredictionError(f"{path} holds {' and '.join(there)}, which mean the same; keep one of them")
        if there:
            named[meaning] = found[there[0]]
    if "distances" not in named and not {"query_features", "gallery_features"} <= named.keys():
        shown = ", ".join(found) or "nothing"
        raise PredictionError(f"{path} holds {shown}; it must hold query_features and gallery_features, or distances")
    return named


def _from_npz(path: Path) -> Arrays:
    try:
        with path.open("rb") as stream:
            check_npz(stream)
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
    except (
        OSError,
        ValueError,
        LookupError,
        EOFError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
        MemoryError,
    ) as error:
        raise _unreadable(path, error, "save it with numpy.savez") from None


def _from_mat(path: Path) -> Arrays:
    """Arrays, and names as a cell array of text."""
    found: dict[str, NDArray[Any]] = {}
    for name, value in read_mat(path, PredictionError).items():
        if isinstance(value, np.ndarray):
            found[name] = value
        elif isinstance(value, Cell) and all(isinstance(text, str) for text in value.values):
            found[name] = np.array(value.values, np.str_)
    return found


def _mapped(path: Path) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, OverflowError) as error:
        raise _unreadable(path, error, "save it with numpy.save") from None
    return _plain(path, found)


def _loaded(path: Path, data: bytes) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError, OverflowError) as error:
        raise _unreadable(path, error, "save it with numpy.save") from None
    return _plain(path, found)


def _plain(path: Path, found: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(found, np.ndarray) or found.dtype.kind not in KINDS:
        raise PredictionError(f"{path} holds {getattr(found, 'dtype', 'no array')}, which is neither numbers nor text")
    return found


def _unreadable(path: Path, error: BaseException, remedy: str) -> PredictionError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
    return PredictionError(f"{path} cannot be read ({reason}); {remedy}")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PredictionError(f"{path} cannot be read: {error.strerror or error}") from None


def _table(path: Path, data: bytes) -> NDArray[np.float64]:
    """A text of numbers, a row a line."""
    first = data.lstrip().partition(b"\n")[0].split()
    try:
        return read_rows(data, len(first)).values
    except BadRow as error:
        raise PredictionError(f"{path}: {error}") from None
