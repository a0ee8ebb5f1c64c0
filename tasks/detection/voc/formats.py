"""Pascal VOC's result files: one text file a class, lines of image, score and box.

Source: the VOC2007 development kit, section "Results format" of the detection task.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.errors import PredictionError
from harness.files import write_atomic, write_bytes
from harness.number_rows import BadRow, NumberRows, read_rows, token_array
from harness.task import Dataset, Predictions
from tasks.detection.voc.declaration import ORDER
from tasks.detection.voc.metrics import Float, Int, image_index
from tasks.detection.voc.result_files import ResultFiles, class_files, is_class_file

LINE: Final = "image, score, xmin, ymin, xmax, ymax"


@dataclass(frozen=True, slots=True)
class _ClassFile:
    """One class's detections in file order."""

    image: Int
    values: Float
    """(n, 5): score and corners."""


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read ``comp4_det_SPLIT_CLASS.txt`` of every class, in a folder or zip, at any depth.

    Raises PredictionError, naming file and line: a class's file missing or there twice, a line that is not six fields,
    a number that is not finite, an image that the split does not have, corners that are swapped.
    """
    source = ResultFiles(path)
    categories = dataset.facts["categories"]
    files = class_files(path, source.names(), categories, dataset.facts["asked"], any_split=dataset.custom)
    images = _Images(dataset)
    found = [_read_class(f"{path}/{files[name]}", source.read(files[name]), images) for name in categories]
    table = _arrange(dataset.ids, found)
    return Predictions(table=table, warnings=tuple(_warnings(path, source.names(), files, table)))


class _Images:
    """Finds image ids among those of the data set, which ascend."""

    def __init__(self, dataset: Dataset) -> None:
        encoded = [id.encode() for id in dataset.ids]
        self._order = np.argsort(np.array(encoded), kind="stable")
        self._ids = np.array(encoded)[self._order]
        self._longest = max(map(len, [*encoded, *(id.encode() for id in dataset.known_ids)]))
        self._elsewhere = np.array(sorted(id.encode() for id in dataset.known_ids), dtype=np.bytes_)

    def find(self, where: str, data: bytes, rows: NumberRows) -> Int:
        """The image of every row, -1 for known images that are not scored; PredictionError for unknown ones."""
        if not len(rows):
            return np.empty(0, np.int64)
        long = np.flatnonzero(rows.token_lengths[:, 0] > self._longest)
        if len(long):
            raise self._unknown(where, rows, data, int(long[0]))
        tokens = token_array(data, rows)
        # Files go image by image: one search for each run.
        heads = np.flatnonzero(np.concatenate([[True], tokens[1:] != tokens[:-1]]))
        found, here = _search(self._ids, tokens[heads])
        if not here.all():
            known = here | _search(self._elsewhere, tokens[heads])[1]
            if not known.all():
                raise self._unknown(where, rows, data, int(heads[~known][0]))
        image = np.where(here, self._order[found], -1)
        return np.repeat(image, np.diff(np.append(heads, len(tokens)))).astype(np.int64)

    @staticmethod
    def _unknown(where: str, rows: NumberRows, data: bytes, row: int) -> PredictionError:
        start, length = int(rows.token_starts[row, 0]), int(rows.token_lengths[row, 0])
        text = data[start : start + min(length, 60)].decode("utf-8", "replace")
        return PredictionError(
            f"{where}: line {rows.lines[row]}: the image {text!a} is not in the split; score the files with the data that "
            "they belong to"
        )


def _search(known: NDArray[np.bytes_], wanted: NDArray[np.bytes_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    if not len(known):
        return np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.bool_)
    index = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    return index, known[index] == wanted


def _read_class(where: str, data: bytes, images: _Images) -> _ClassFile:
    try:
        rows = read_rows(data, 5, tokens=1)
    except BadRow as bad:
        raise PredictionError(f"{where}: {bad}; a line is {LINE}") from None
    boxes = rows.values[:, 1:]
    swapped = np.flatnonzero((boxes[:, 2:] - boxes[:, :2] + 1 < -1e-3).any(axis=1))
    if len(swapped):
        box = boxes[swapped[0]].tolist()
        raise PredictionError(
            f"{where}: line {rows.lines[swapped[0]]}: the box {box} ends before it begins; a line is {LINE}"
        )
    image = images.find(where, data, rows)
    return _ClassFile(image[image >= 0], rows.values[image >= 0])


def _arrange(ids: tuple[str, ...], found: Sequence[_ClassFile]) -> Table:
    """Predictions image after image; inside an image class after class, each in file order."""
    image = np.concatenate([one.image for one in found])
    values = np.concatenate([one.values for one in found])
    category = np.repeat(np.arange(len(found)), [len(one.image) for one in found])
    order = np.concatenate([np.arange(len(one.image)) for one in found])
    # A stable sort of 16-bit integers is a radix sort.
    keys = image.astype(np.int16) if len(ids) < 1 << 15 else image
    rows = np.argsort(keys, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(image, minlength=len(ids)))]).astype(np.int64)
    columns = {
        "boxes_xyxy": values[rows, 1:], "scores": values[rows, 0], "category_id": category[rows], ORDER.name: order[rows],
    }  # fmt: skip
    return Table(ids, {name: Ragged(np.ascontiguousarray(column), offsets) for name, column in columns.items()})


def write_results(predictions: Table, dataset: Dataset, path: Path) -> None:
    """Write ``comp4_det_SPLIT_CLASS.txt`` of every class, into a folder, or a zip where `path` ends in ``.zip``.

    Lines stand in the order of the file that was read, else image after image; numbers read back the same.
    """
    files = {
        f"comp4_det_{dataset.split}_{name}.txt": text
        for name, text in zip(dataset.facts["categories"], _class_texts(predictions, dataset), strict=True)
    }
    if path.suffix != ".zip":
        for name, text in files.items():
            write_bytes(path / name, text.encode())
        return

    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)

    write_atomic(path, write)


def _class_texts(table: Table, dataset: Dataset) -> Iterator[str]:
    boxes, scores = table.ragged("boxes_xyxy").values, table.ragged("scores").values
    category, image = table.ragged("category_id").values, image_index(table.ragged("scores").offsets)
    order = table.ragged(ORDER.name).values if ORDER.name in table.columns else np.arange(len(scores))
    for k in range(len(dataset.facts["categories"])):
        rows = np.flatnonzero(category == k)
        rows = rows[np.argsort(order[rows], kind="stable")]
        columns = zip(image[rows].tolist(), scores[rows].tolist(), boxes[rows].tolist(), strict=True)
        yield "".join(f"{table.ids[i]} {score!r} {' '.join(map(repr, box))}\n" for i, score, box in columns)


def _warnings(path: Path, names: list[str], files: Mapping[str, str], table: Table) -> Iterator[str]:
    used = set(files.values())
    others = sorted(name for name in names if name not in used and is_class_file(name))
    if others:
        some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
        yield f"{path.name}: {len(others)} files of other classes or splits ({some}) are left out"
    empty = int(np.count_nonzero(np.diff(table.ragged("scores").offsets) == 0))
    if empty:
        yield f"{path.name}: {empty} of {len(table)} images have no detections"
