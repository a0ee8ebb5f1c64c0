"""Result files: logits as they are and under attack, and adversarial images, from ``.npz``.

With images, each is compared with its original: that of the data set, or the file's own where the network crops otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.classification.answers import file_outputs, wanted
from tasks.classification.formats import Rows, match_rows
from tasks.classification.result_files import read_arrays, stem
from tasks.classification.robustness.interface import (
    ADVERSARIAL,
    ATTACKED,
    CLEAN,
    CLEAN_IMAGE,
    COLUMNS,
    DISTANCE,
    IMAGES,
    KEPT_ATTACK,
    KEPT_IMAGE,
)
from tasks.classification.robustness.metrics import answered
from tasks.classification.robustness.pixels import WHOLE, standard_pixels
from tasks.classification.robustness.scores import SCORED_FROM, bounds, refuse_outside

ATTACKS: Final = "attacks"
_SPECS: Final = {spec.name: spec for spec in (*COLUMNS, *IMAGES)}
_SAME: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Adversarial images and their originals, (n, 3, h, w), and what is to be said of the latter."""

    adversarial: NDArray[np.float32]
    clean: NDArray[np.float32]
    warnings: tuple[str, ...] = ()


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a result file; raises PredictionError naming file, image and what is wrong with it."""
    arrays = dict(_arrays(path))
    rows = _rows(arrays, dataset, path)
    columns = {name: _column(name, values, rows.order, path) for name, values in arrays.items() if name in _SPECS}
    _to_classes(columns, dataset, path)
    columns.setdefault(ATTACKED, _right(columns, dataset)[:, None].repeat(columns[ADVERSARIAL].shape[1], axis=1))
    _check_attacks(arrays, columns, dataset, path)
    images = images_of(columns, dataset, path)
    if images is None:
        return Predictions(table=Table(dataset.ids, columns), warnings=rows.warnings, facts={SCORED_FROM: "logits"})
    distances = refuse_outside(images.adversarial, images.clean, bounds(dataset), dataset.ids, f"{path}: the image")
    columns |= {KEPT_IMAGE: images.adversarial, CLEAN_IMAGE: images.clean}
    if KEPT_ATTACK not in columns:
        last = columns[ADVERSARIAL].shape[1] - 1
        columns[KEPT_ATTACK] = np.where(columns[ATTACKED][:, last] > 0, last, -1).astype(np.int32)
    if DISTANCE not in columns and columns[ADVERSARIAL].shape[1] == 1:
        columns[DISTANCE] = distances[:, None] * columns[ATTACKED]
    facts = {SCORED_FROM: "images and logits"}
    return Predictions(table=Table(dataset.ids, columns), warnings=(*rows.warnings, *images.warnings), facts=facts)


def write_results(table: Table, dataset: Dataset, path: Path) -> None:
    """Write every column as ``.npz``, with ids and the names of the attacks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: table.dense(name) for name in table.columns}
    with path.open("wb") as stream:
        np.savez(stream, **arrays, ids=np.array(table.ids, np.str_), attacks=np.array(dataset.facts[ATTACKS], np.str_))


def _arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    if path.suffix.lower() == ".npy":
        raise PredictionError(
            f"{path} holds one array; images alone cannot be scored without the network: save them with its logits by "
            f"numpy.savez as {KEPT_IMAGE}, {CLEAN} and {ADVERSARIAL}"
        )
    if path.suffix.lower() != ".npz":
        raise PredictionError(f"{path}: results are read from .npz")
    arrays = read_arrays(path)
    lacking = [name for name in (CLEAN, ADVERSARIAL) if name not in arrays]
    if lacking:
        shown = ", ".join(arrays) or "nothing"
        raise PredictionError(f"{path} holds {shown}; it lacks {', '.join(lacking)}")
    return arrays


def _rows(arrays: Mapping[str, NDArray[Any]], dataset: Dataset, path: Path) -> Rows:
    """Which row is which image's; raises PredictionError where the arrays have different numbers of them."""
    counts = {name: values.shape[:1] for name, values in arrays.items() if name in _SPECS}
    if len(set(counts.values())) > 1 or () in counts.values():
        shapes = ", ".join(f"{name} {arrays[name].shape}" for name in counts)
        raise PredictionError(f"{path}: its arrays are of different numbers of images: {shapes}")
    count, ids = len(arrays[CLEAN]), arrays.get("ids")
    if ids is not None and ids.shape != (count,):
        raise PredictionError(f"{path} holds {ids.shape} ids for {count} images")
    return match_rows(None if ids is None else [stem(str(one)) for one in ids.tolist()], count, dataset, path)


def _column(name: str, values: NDArray[Any], order: NDArray[np.int64] | None, path: Path) -> NDArray[Any]:
    """A column in the data set's order, checked row for row; logits of one attack and images in bytes are brought to form."""
    spec = _SPECS[name]
    found = values[:, None] if name == ADVERSARIAL and values.ndim == 2 else values
    if name in (KEPT_IMAGE, CLEAN_IMAGE):
        found = _channels_first(found)
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


def _to_classes(columns: dict[str, NDArray[Any]], dataset: Dataset, path: Path) -> None:
    """Logits in the order of the data set's classes."""
    places, expected = file_outputs(dataset)
    for name in (CLEAN, ADVERSARIAL):
        if columns[name].shape[-1] != expected:
            raise PredictionError(f"{path}: {name} has {columns[name].shape[-1]} logits an image; {wanted(expected)}")
        if places is not None:
            columns[name] = np.ascontiguousarray(columns[name][..., places])


def _right(columns: Mapping[str, NDArray[Any]], dataset: Dataset) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = (answered(columns[CLEAN]) == dataset.truth.dense("label")).astype(np.uint8)
    return found


def _check_attacks(
    arrays: Mapping[str, NDArray[Any]], columns: Mapping[str, NDArray[Any]], dataset: Dataset, path: Path
) -> None:
    chosen, count = list(dataset.facts[ATTACKS]), columns[ADVERSARIAL].shape[1]
    named = [str(one) for one in np.atleast_1d(arrays[ATTACKS])] if ATTACKS in arrays else []
    if (named and named != chosen) or count not in (1, len(chosen)):
        theirs = ", ".join(named) or f"{count} attacks without names"
        raise PredictionError(
            f"{path} holds {theirs}, but the run is of {', '.join(chosen)}; name the same with --attack"
        )


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
    theirs = np.stack([standard_pixels(dataset.load(id)["image"], rule) for id in dataset.ids])
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
