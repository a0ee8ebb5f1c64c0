"""FDDB's result files, read and written: ``fold-01-out.txt`` to ``fold-10-out.txt``, or one file of all images."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from harness.columns import Ragged, Table
from harness.errors import PredictionError
from harness.files import write_atomic
from harness.task import Dataset, Predictions
from tasks.detection.fddb.data import FACE_ID
from tasks.detection.fddb.folds import check_regions
from tasks.detection.fddb.lists import RegionList, read_region_list, text_files
from tasks.detection.fddb.regions import Float, Int

PATTERN: Final = "fold-*-out.txt"
_RECTANGLE, _ELLIPSE = 5, 6


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read results of rectangles (``x y width height score``) or ellipses (``major minor angle x y score``).

    Images are found by their names, in whatever order they stand. Raises PredictionError naming file and line; also where
    an image of the data set is missing, unknown or there twice, on all of which FDDB's own code stops.
    """
    position = {id: index for index, id in enumerate(dataset.ids)}
    seen: dict[str, str] = {}
    parts: list[RegionList] = []
    for where, data in text_files(path, PATTERN, PredictionError):
        found = read_region_list(data, where, (_RECTANGLE, _ELLIPSE), PredictionError)
        _check_names(found, where, position, dataset, seen)
        check_regions(found, where, PredictionError, (2, 3) if found.values.shape[1] == _RECTANGLE else (0, 1))
        parts.append(found)
    lacking = [id for id in dataset.ids if id not in seen]
    if lacking:
        raise PredictionError(
            f"{path} lacks {len(lacking)} of {len(dataset.ids)} images, such as {lacking[0]}, and FDDB's own code refuses "
            "such results; an image without detections is written as its name and a 0"
        )
    width = _width(path, parts)
    image, values = _rows(parts, position, width)
    return Predictions(table=_table(dataset.ids, image, values))


def write_results(predictions: Predictions, path: Path) -> None:
    """Write all images to one text file, in a zip archive where `path` ends in ``.zip``; floats read back the same."""
    text = "".join(_lines(predictions.table)).encode()

    def write(temporary: Path) -> None:
        if path.suffix.lower() != ".zip":
            temporary.write_bytes(text)
            return
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            # A fixed date: the same predictions make the same archive.
            archive.writestr(zipfile.ZipInfo("fold-all-out.txt"), text, zipfile.ZIP_DEFLATED)

    write_atomic(path, write)


def _lines(table: Table) -> Iterator[str]:
    shapes = table.ragged("ellipses" if "ellipses" in table.columns else "boxes_xywh")
    scores = table.ragged("scores")
    for index, id in enumerate(table.ids):
        yield f"{id}\n{len(scores.row(index))}\n"
        for numbers, score in zip(shapes.row(index).tolist(), scores.row(index).tolist(), strict=True):
            yield " ".join(map(repr, (*numbers, score))) + "\n"


def _check_names(
    found: RegionList, where: str, position: dict[str, int], dataset: Dataset, seen: dict[str, str]
) -> None:
    for name, line in zip(found.names, found.name_lines.tolist(), strict=True):
        place = f"{where}, line {line}"
        if name in seen:
            raise PredictionError(f"{place}: {name} is there twice, first in {seen[name]}")
        if name not in position and name not in dataset.known_ids:
            raise PredictionError(
                f"{place}: {name[:80]} is no image of the data set; names are written as in its lists, such as "
                f"{dataset.ids[0]}"
            )
        seen[name] = place


def _width(path: Path, parts: list[RegionList]) -> int:
    widths = {part.values.shape[1] for part in parts if len(part.values)}
    if len(widths) > 1:
        raise PredictionError(f"{path}: some files hold rectangles and some ellipses; give all results in one form")
    return widths.pop() if widths else _RECTANGLE


def _rows(parts: list[RegionList], position: dict[str, int], width: int) -> tuple[Int, Float]:
    """The image of every detection and its numbers, image after image, in the file's order inside an image."""
    unknown = -1
    image = np.concatenate(
        [np.repeat([position.get(name, unknown) for name in part.names], part.counts) for part in parts]
    ).astype(np.int64)
    values = np.concatenate([part.values if len(part.values) else np.empty((0, width)) for part in parts])
    order = np.argsort(image, kind="stable")
    order = order[image[order] != unknown]
    return image[order], values[order]


def _table(ids: tuple[str, ...], image: Int, values: Float) -> Table:
    offsets = np.searchsorted(image, np.arange(len(ids) + 1)).astype(np.int64)
    columns = {"scores": np.ascontiguousarray(values[:, -1])}
    if values.shape[1] == _ELLIPSE:
        columns["ellipses"] = np.ascontiguousarray(values[:, :5])
    else:
        columns["boxes_xywh"] = np.ascontiguousarray(values[:, :4])
        columns["category_id"] = np.full(len(values), FACE_ID, np.int64)
    return Table(ids, {name: Ragged(column, offsets) for name, column in columns.items()})
