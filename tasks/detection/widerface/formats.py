"""WIDER FACE's result format, read and written: name, number of detections, then a line ``x y width height score`` each."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.errors import PredictionError
from harness.files import disk_error, write_atomic
from harness.number_rows import BadRow, NumberRows, read_rows
from harness.task import Dataset, Predictions
from tasks.detection.widerface.data import FACE_ID
from tasks.detection.widerface.result_files import ResultFiles, find_result_files

Int = NDArray[np.int64]
_HEAD_LINES: Final = 2
_NUMBERS: Final = 5


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """Read a folder or zip archive of text files, into rows by descending score, equal ones in the file's order.

    Raises PredictionError naming file and line. Images without a file have no detections, which is warned of.
    """
    files = find_result_files(path, dataset)
    texts = _Texts(files)
    rows = texts.rows()
    images = np.searchsorted(texts.ends, rows.lines - 1, side="right")
    texts.check(rows, images)
    position = np.array([index for index, id in enumerate(dataset.ids) if id in files.paths], np.int64)[images]
    order = descending(rows.values[:, 4], position)
    warnings = list(_warnings(files, dataset, texts, position, order))
    offsets = np.searchsorted(position, np.arange(len(dataset.ids) + 1)).astype(np.int64)
    return Predictions(table=_table(dataset.ids, rows.values[order], offsets), warnings=tuple(warnings))


def descending(scores: NDArray[np.float64], image: Int) -> Int:
    """The order of detections by descending score inside each image, equal ones as they are; `image` never falls."""
    if not ((np.diff(scores) > 0) & (np.diff(image) == 0)).any():
        return np.arange(len(scores))
    return np.lexsort((-scores, image))


def write_results(predictions: Predictions, dataset: Dataset, path: Path) -> None:
    """Write a file for each image, in a folder or, where `path` ends in ``.zip``, in an archive; floats read back the same."""
    if path.suffix.lower() != ".zip":
        try:
            for id, text in _written(predictions.table):
                file = path / f"{id}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text)
        except OSError as error:
            raise disk_error(path, error) from None
        return

    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for id, text in _written(predictions.table):
                # A fixed date: the same predictions make the same archive.
                archive.writestr(zipfile.ZipInfo(f"{id}.txt"), text, zipfile.ZIP_DEFLATED)

    write_atomic(path, write)


def _written(table: Table) -> Iterator[tuple[str, bytes]]:
    boxes, scores = table.ragged("boxes_xywh"), table.ragged("scores")
    for index, id in enumerate(table.ids):
        rows = zip(boxes.row(index).tolist(), scores.row(index).tolist(), strict=True)
        lines = [" ".join(map(repr, (*box, score))) for box, score in rows]
        yield id, "\n".join([id.partition("/")[2], str(len(lines)), *lines, ""]).encode()


def _table(ids: tuple[str, ...], values: NDArray[np.float64], offsets: Int) -> Table:
    columns = {
        "boxes_xywh": np.ascontiguousarray(values[:, :4]),
        "scores": np.ascontiguousarray(values[:, 4]),
        "category_id": np.full(len(values), FACE_ID, np.int64),
    }
    return Table(ids, {name: Ragged(column, offsets) for name, column in columns.items()})


class _Texts:
    """The rows of all files joined into one text, which is read at once."""

    def __init__(self, files: ResultFiles) -> None:
        self._files, self._ids = files, list(files.paths)
        self._counts: list[int] = []
        self.renamed: list[str] = []
        bodies = [self._body(id) for id in self._ids]
        self.ends = np.cumsum([body.count(b"\n") for body in bodies], dtype=np.int64)
        """Before which line of the joined text each file ends, from 0."""
        self._text = b"".join(bodies)

    def _body(self, id: str) -> bytes:
        """A file's rows; checks the two lines before them."""
        name, *rest = self._files.read(self._files.paths[id]).split(b"\n", _HEAD_LINES)
        count = rest[0].strip() if rest else b""
        if not count.isdigit() or len(count) > 9:
            found = f"found '{count[:40].decode('utf-8', 'replace')}'" if count else "found nothing"
            raise PredictionError(
                f"{self._files.place(id)}, line 2: expected the number of detections, {found}; the lines of a file are "
                "the image's name, the number of detections, and x y width height score for each"
            )
        self._counts.append(int(count))
        if Path(name.decode("utf-8-sig", "replace").strip()).name.removesuffix(".jpg") != id.partition("/")[2]:
            self.renamed.append(id)
        body = rest[1] if len(rest) == _HEAD_LINES else b""
        return body if body.endswith(b"\n") or not body else body + b"\n"

    def rows(self) -> NumberRows:
        """All rows: x, y, width, height, score; what follows in a line (landmarks) is not read."""
        try:
            return read_rows(self._text, _NUMBERS, more=True)
        except BadRow as bad:
            file = int(np.searchsorted(self.ends, bad.line - 1, side="right"))
            raise PredictionError(
                f"{self._place(file, bad.line)} {bad.reason}; a detection is written x y width height score"
            ) from None

    def check(self, rows: NumberRows, files: Int) -> None:
        """Check sizes, and the number of rows of each file against its second line; `files` is each row's file."""
        negative = np.flatnonzero((rows.values[:, 2:4] < 0).any(axis=1))
        if len(negative):
            row = int(negative[0])
            place = self._place(int(files[row]), int(rows.lines[row]))
            raise PredictionError(f"{place}: width or height is negative ({rows.values[row, 2:4].min():g})")
        found = np.bincount(files, minlength=len(self._ids))
        other = np.flatnonzero(found != self._counts)
        if len(other):
            file = int(other[0])
            raise PredictionError(
                f"{self._files.place(self._ids[file])}, line 2: announces {self._counts[file]} detections, and "
                f"{found[file]} follow; was the file written to its end?"
            )

    def _place(self, file: int, line: int) -> str:
        before = int(self.ends[file - 1]) if file else 0
        return f"{self._files.place(self._ids[file])}, line {line - before + _HEAD_LINES}"


def _warnings(files: ResultFiles, dataset: Dataset, texts: _Texts, image: Int, order: Int) -> Iterator[str]:
    name = files.source.name
    lacking = [id for id in dataset.ids if id not in files.paths]
    if lacking:
        yield (
            f"{name}: {len(lacking)} of {len(dataset.ids)} images have no file, such as {lacking[0]}.txt; "
            "they count as images without detections, as officially"
        )
    if texts.renamed:
        yield (
            f"{name}: {len(texts.renamed)} files name another image in their first line, such as {texts.renamed[0]}.txt; "
            "the file's own name counts, as officially"
        )
    if files.beside:
        yield f"{name}: {len(files.beside)} text files beside the event folders, such as {files.beside[0]}, are left out"
    moved = np.unique(image[order != np.arange(len(order))])
    if len(moved):
        yield (
            f"{name}: the detections of {len(moved)} images were not by descending score, such as "
            f"{dataset.ids[moved[0]]}; they are sorted, as officially (the Python ports do not sort and score otherwise)"
        )
