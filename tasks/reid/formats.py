"""Result files -> predictions: features by the names of their images, or a matrix of distances."""

from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Array, Table
from harness.errors import PredictionError
from harness.files import write_atomic
from harness.task import Predictions
from tasks.reid.arrays import Arrays, read_arrays
from tasks.reid.data import ROLES, ReidDataset, position, role_ids
from tasks.reid.folders import GALLERY, MULTI_QUERY, QUERY
from tasks.reid.listing import JUNK, Images
from tasks.reid.ranking import Int

ARRAY_ROWS: Final = 4096
"""Rows that are looked at together."""


def read_results(path: Path, dataset: ReidDataset) -> Predictions:
    """Features of all images, or distances of all queries to all gallery images; raises PredictionError."""
    arrays = read_arrays(path)
    if "distances" in arrays:
        return Predictions(table=_distances(path, arrays, dataset))
    return Predictions(table=_features(path, arrays, dataset))


def listed(dataset: ReidDataset, role: str) -> Images:
    """All images of a role as the data set lists them, junk included."""
    listing = dataset.listing
    images = {QUERY: listing.query, GALLERY: listing.gallery, MULTI_QUERY: listing.multi_query}[role]
    assert images is not None
    return images


def _kept(dataset: ReidDataset, role: str) -> Int:
    """Where the samples of a role stand among all that are listed: the junk before them counts."""
    among = np.flatnonzero(listed(dataset, role).identity != JUNK)
    chosen = np.array([position(id) for id in role_ids(dataset, role)], np.int64)
    return among[chosen]


def _features(path: Path, arrays: Arrays, dataset: ReidDataset) -> Table:
    parts = []
    for role in ROLES:
        if not role_ids(dataset, role):
            continue
        if f"{role}_features" not in arrays:
            raise PredictionError(f"{path} holds no {role}_features, which this data set needs")
        features = _matrix(path, f"{role}_features", arrays[f"{role}_features"], np.dtype(np.float32))
        parts.append(features[_rows(path, role, arrays, len(features), dataset, stated=True)])
    lengths = {part.shape[1] for part in parts}
    if len(lengths) > 1 or 0 in lengths:
        raise PredictionError(f"{path}: the features have lengths {sorted(lengths)}; all must have one, which is not 0")
    ids = tuple(id for role in ROLES for id in role_ids(dataset, role))
    table = Table(ids, {"feature": np.concatenate(parts)})
    return table if ids == dataset.ids else table.take([table.position(id) for id in dataset.ids])


def _distances(path: Path, arrays: Arrays, dataset: ReidDataset) -> Table:
    distances = arrays["distances"]
    exact = distances.dtype.kind == "f" and distances.dtype.itemsize <= 4
    distances = _matrix(path, "distances", distances, np.dtype(np.float32 if exact else np.float64), finite=False)
    rows = _rows(path, QUERY, arrays, distances.shape[0], dataset, stated=False)
    columns = _rows(path, GALLERY, arrays, distances.shape[1], dataset, stated=False)
    # A matrix that is whole already stays where it is, on disk if it lies there.
    if not np.array_equal(rows, np.arange(distances.shape[0])):
        distances = distances[_slice(rows)]
    if not np.array_equal(columns, np.arange(distances.shape[1])):
        distances = np.ascontiguousarray(distances[:, _slice(columns)])
    return Table(role_ids(dataset, QUERY), {"distances": distances})


def _slice(rows: Int) -> Int | slice:
    """Rows that follow each other as a slice, which is quicker to copy: junk comes first in names' order."""
    whole = len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))
    return slice(int(rows[0]), int(rows[0]) + len(rows)) if whole else rows


def _matrix(path: Path, what: str, array: Array, dtype: "np.dtype[Any]", *, finite: bool = True) -> NDArray[Any]:
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise PredictionError(
            f"{path}, {what}: it is {array.dtype} of shape {array.shape}, expected numbers (images, n)"
        )
    if array.dtype != dtype:
        with np.errstate(over="ignore"):
            array = array.astype(dtype)
    if finite:
        for start in range(0, len(array), ARRAY_ROWS):
            bad = ~np.isfinite(array[start : start + ARRAY_ROWS]).all(axis=1)
            if bad.any():
                raise PredictionError(
                    f"{path}, {what}: row {start + int(np.argmax(bad))} holds a number that is not finite"
                )
    return array


def _rows(path: Path, role: str, arrays: Arrays, count: int, dataset: ReidDataset, *, stated: bool) -> Int:
    """Which of `count` rows belong to the samples of a role, in their order.

    By file names where the file has them; else by position, checked against identities and cameras, which `stated` asks for.
    """
    images = listed(dataset, role)
    if f"{role}_names" in arrays and images.names:
        return _by_name(path, role, arrays[f"{role}_names"], count, dataset)
    if f"{role}_names" in arrays and f"{role}_identities" not in arrays:
        raise PredictionError(
            f"{path} orders its rows by {role}_names, but the data set is given without names of images: name its folders with "
            f"--data, or hand in {role}_identities and {role}_cameras in the data set's order"
        )
    if images.names and stated and f"{role}_identities" not in arrays:
        raise PredictionError(
            f"{path} does not say whose features it holds: add {role}_names, the names of the image files, row by row"
        )
    without_junk = int(np.count_nonzero(images.identity != JUNK))
    if count not in (len(images), without_junk):
        expected = f"{len(images)}" + (f" (or {without_junk} without junk)" if without_junk < len(images) else "")
        raise PredictionError(
            f"{path} has {count} {role} images, the data set has {expected}; they belong to other data"
        )
    whole = images if count == len(images) else images.take(images.identity != JUNK)
    _check_people(path, role, arrays, whole)
    if count == len(images):
        return _kept(dataset, role)
    return np.array([position(id) for id in role_ids(dataset, role)], np.int64)


def _check_people(path: Path, role: str, arrays: Arrays, images: Images) -> None:
    """Identities and cameras in the file, where it has them, must be those of the data set."""
    for what, expected in (("identities", images.identity), ("cameras", images.camera)):
        if f"{role}_{what}" not in arrays:
            continue
        found = arrays[f"{role}_{what}"].reshape(-1)
        if found.dtype.kind not in "iuf" or len(found) != len(expected):
            raise PredictionError(
                f"{path}, {role}_{what}: expected {len(expected)} numbers, found {len(found)} {found.dtype}"
            )
        wrong = np.flatnonzero(found != expected)
        if len(wrong):
            row = int(wrong[0])
            raise PredictionError(
                f"{path}, {role}_{what}: row {row} has {found[row]:g}, the data set {expected[row]}; "
                "they belong to other data or stand in another order (sorted by file name)"
            )


def _by_name(path: Path, role: str, names: Array, count: int, dataset: ReidDataset) -> Int:
    if names.dtype.kind not in "US":
        raise PredictionError(f"{path}, {role}_names: they are {names.dtype}, expected text")
    texts = np.char.decode(names, "utf-8", "replace") if names.dtype.kind == "S" else names
    found = [PurePosixPath(text.strip().replace("\\", "/")).name for text in texts.reshape(-1).tolist()]
    found = found[:-1] if found and not found[-1] else found
    if len(found) != count:
        raise PredictionError(f"{path} has {len(found)} {role}_names for {count} rows")
    row = {name: index for index, name in enumerate(found)}
    if len(row) < count:
        twice = next(name for index, name in enumerate(found) if row[name] != index)
        raise PredictionError(f"{path}, {role}_names: {twice} is there twice")
    images = listed(dataset, role)
    known = [PurePosixPath(name).name for name in images.names]
    strange = sorted(set(found) - set(known))
    if strange:
        raise PredictionError(
            f"{path}, {role}_names: {strange[0]} is not among the {role} images of the data set ({len(strange)} such names)"
        )
    wanted = [known[index] for index in _kept(dataset, role)]
    lacking = [name for name in wanted if name not in row]
    if lacking:
        raise PredictionError(f"{path} lacks {len(lacking)} of {len(wanted)} {role} images, first {lacking[0]}")
    return np.array([row[name] for name in wanted], np.int64)


def write_results(predictions: Predictions, dataset: ReidDataset, path: Path) -> None:
    """Write an ``.npz`` that `read_results` reads: features, or distances, with what tells whose they are."""
    table = predictions.table
    arrays: dict[str, Any] = {}
    roles = [role for role in ROLES if role_ids(dataset, role)]
    for role in roles:
        if "feature" in table.columns:
            rows = [table.position(id) for id in role_ids(dataset, role)]
            arrays[f"{role}_features"] = table.dense("feature")[rows]
        arrays |= _whose(listed(dataset, role), _kept(dataset, role), role)
    if "distances" in table.columns:
        arrays["distances"] = np.asarray(table.dense("distances"))

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(stream, **arrays)

    write_atomic(path, write)


def _whose(images: Images, kept: Int, role: str) -> dict[str, Array]:
    if images.names:
        return {f"{role}_names": np.array([images.names[index] for index in kept], np.str_)}
    return {f"{role}_identities": images.identity[kept], f"{role}_cameras": images.camera[kept]}
