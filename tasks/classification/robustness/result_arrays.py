"""The arrays in a result file of an attack, seen or by queries: whose rows they are, their form, their images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Table
from harness.errors import PredictionError
from harness.task import Dataset
from tasks.classification.answers import file_outputs, wanted
from tasks.classification.formats import Rows, match_rows
from tasks.classification.result_files import read_arrays
from tasks.classification.result_tables import stem
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, CLEAN_IMAGE, KEPT_IMAGE
from tasks.classification.robustness.pixels import WHOLE, standard_pixels

Arrays = Mapping[str, NDArray[Any]]
Specs = Mapping[str, ColumnSpec]
_SAME: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Adversarial images and their originals, (n, 3, h, w), and what is to be said of the latter."""

    adversarial: NDArray[np.float32]
    clean: NDArray[np.float32]
    warnings: tuple[str, ...] = ()


def arrays_of(path: Path, needed: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` that holds those `needed`; raises PredictionError."""
    if path.suffix.lower() == ".npy":
        raise PredictionError(
            f"{path} holds one array; images alone cannot be scored without the network: save them with its logits by "
            f"numpy.savez as {', '.join((KEPT_IMAGE, *needed))}"
        )
    if path.suffix.lower() != ".npz":
        raise PredictionError(f"{path}: results are read from .npz")
    arrays = dict(read_arrays(path))
    lacking = [name for name in needed if name not in arrays]
    if lacking:
        raise PredictionError(f"{path} holds {', '.join(arrays) or 'nothing'}; it lacks {', '.join(lacking)}")
    return arrays


def rows_of(arrays: Arrays, specs: Specs, dataset: Dataset, path: Path) -> Rows:
    """Which row is which image's; raises PredictionError where the arrays have different numbers of them."""
    counts = {name: values.shape[:1] for name, values in arrays.items() if name in specs}
    if len(set(counts.values())) > 1 or () in counts.values():
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in counts)
        raise PredictionError(f"{path}: its arrays are of different numbers of images: {shapes}")
    count, ids = len(arrays[CLEAN]), arrays.get("ids")
    if ids is not None and ids.shape != (count,):
        raise PredictionError(f"{path} holds {ids.shape} ids for {count} images")
    return match_rows(None if ids is None else [stem(str(one)) for one in ids.tolist()], count, dataset, path)


def column(spec: ColumnSpec, values: NDArray[Any], order: NDArray[np.int64] | None, path: Path) -> NDArray[Any]:
    """A column in the data set's order, checked row for row; images in bytes are brought to form."""
    found = _channels_first(values) if spec.name in (KEPT_IMAGE, CLEAN_IMAGE) else values
    return _conformed(spec, found if order is None else found[order], path)


def _channels_first(images: NDArray[Any]) -> NDArray[Any]:
    found = (
        images.transpose(0, 3, 1, 2) if images.ndim == 4 and images.shape[1] != 3 and images.shape[3] == 3 else images
    )
    return found.astype(np.float32) / np.float32(255) if found.dtype == np.uint8 else found


def _conformed(spec: ColumnSpec, rows: NDArray[Any], path: Path) -> NDArray[Any]:
    whole = ColumnSpec(spec.name, spec.dtype, (None, *spec.shape), finite=spec.finite)
    try:
        return whole.conform(rows)
    except ValueError as error:
        raise PredictionError(f"{path}: {_where(rows, spec)}{error}") from None


def _where(rows: NDArray[Any], spec: ColumnSpec) -> str:
    """The row whose values are no numbers, if that is what is wrong."""
    if rows.dtype.kind != "f" or rows.ndim != 1 + len(spec.shape):
        return ""
    bad = np.flatnonzero(~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1))
    return f"row {bad[0]} of the data set's images: " if len(bad) else ""


def to_classes(columns: dict[str, NDArray[Any]], dataset: Dataset, path: Path) -> None:
    """Bring logits to the order of the data set's classes; raises PredictionError where they are of another number."""
    places, expected = file_outputs(dataset)
    for name in (CLEAN, ADVERSARIAL):
        if columns[name].shape[-1] != expected:
            raise PredictionError(f"{path}: {name} has {columns[name].shape[-1]} logits an image; {wanted(expected)}")
        if places is not None:
            columns[name] = np.ascontiguousarray(columns[name][..., places])


def images_of(columns: dict[str, NDArray[Any]], dataset: Dataset, path: Path) -> Images | None:
    """The adversarial images among the columns, and their originals; raises PredictionError where these are not theirs."""
    if KEPT_IMAGE not in columns:
        return None
    adversarial, own = columns[KEPT_IMAGE], columns.get(CLEAN_IMAGE)
    if dataset.load is None and own is None:
        raise PredictionError(
            f"{path} holds adversarial images, and the pictures that they come from are not at hand: name them with --images "
            f"or --data, or put them into the file as {CLEAN_IMAGE}"
        )
    if dataset.load is None:
        note = f"the originals are those of {path.name}; the data set's pictures were not at hand to compare"
        return Images(adversarial, _alike(adversarial, own, path), (note,))
    rule = str(dataset.facts["pixels"])
    theirs = np.stack([standard_pixels([dataset.load(id)["image"]], rule)[0] for id in dataset.ids])
    if own is None:
        return Images(adversarial, _alike(adversarial, theirs, path))
    same = own.shape == theirs.shape and bool((np.abs(own - theirs) <= _SAME).all())
    if not same and rule == WHOLE:
        row = next(
            (i for i in range(len(own)) if own.shape != theirs.shape or np.abs(own[i] - theirs[i]).max() > _SAME), 0
        )
        raise PredictionError(f"{path}: {CLEAN_IMAGE} of {dataset.ids[row]} is not the data set's picture")
    note = f"the originals in {path.name} are not made by the usual rule ({rule}): nobody checked whose they are"
    return Images(adversarial, _alike(adversarial, own, path), () if same else (note,))


def _alike(adversarial: NDArray[Any], clean: Any, path: Path) -> NDArray[np.float32]:
    if adversarial.shape != clean.shape:
        raise PredictionError(
            f"{path}: {KEPT_IMAGE} has the shape {adversarial.shape}, the pictures that they come from {clean.shape}"
        )
    found: NDArray[np.float32] = np.ascontiguousarray(clean, np.float32)
    return found


def write_table(table: Table, path: Path, attacks: Sequence[str] = ()) -> None:
    """Write every column as ``.npz``, with ids and the names of the attacks, if given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: table.dense(name) for name in table.columns}
    arrays["ids"] = np.array(table.ids, np.str_)
    if attacks:
        arrays["attacks"] = np.array(attacks, np.str_)
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
