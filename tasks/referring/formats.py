"""Result files: one JSON object a line, ``{"sent_id": 12, "box_xyxy": [x1, y1, x2, y2], "segmentation": {...}}``."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import msgspec
import numpy as np

from harness.archives import TEXT_LIMIT, Archive, read_gzip
from harness.columns import Ragged, Row, Table, build_table
from harness.errors import HarnessError, PredictionError
from harness.files import write_bytes
from harness.rle import RunLengths, measure, run_code, unsound
from harness.task import Dataset, Predictions
from tasks.referring.interface import BOX, MASK

Size = tuple[int, int]


class Line(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One answer."""

    sent_id: int | str
    box_xyxy: tuple[float, float, float, float] | None = None
    segmentation: RunLengths | None = None


def read_results(path: Path, dataset: Dataset) -> Predictions:
    """The answers of a ``.jsonl`` file, plain, ``.gz`` or in a ``.zip``; raises PredictionError naming file and line.

    Sentences without an answer are kept as such, counted as wrong, and warned of.
    """
    sizes = sentence_sizes(dataset)
    known = dataset.known_ids | frozenset(dataset.ids)
    rows: dict[str, Row] = {}
    lines: dict[str, int] = {}
    for number, text in _lines(path):
        where = f"{path}: line {number}"
        line = _decoded(text, where)
        id = str(line.sent_id)
        if id not in known:
            raise PredictionError(f"{where}: the data set {dataset.split} has no sentence with the sent_id {id[:60]}")
        if id in lines:
            raise PredictionError(f"{where}: the sent_id {id} was answered in line {lines[id]} already")
        lines[id] = number
        if id in sizes:
            rows[id] = answer_row(line.box_xyxy, line.segmentation, sizes[id], where)
    if not rows:
        raise PredictionError(f"{path} answers none of the {len(dataset.ids)} sentences")
    nothing: Row = {"box_xyxy": np.empty((0, 4)), "mask_code": np.empty(0, np.uint8)}
    table = build_table(dataset.ids, [rows.get(id, nothing) for id in dataset.ids], (BOX, MASK))
    _check_masks(path, table, lines, sizes)
    return Predictions(table=table, warnings=_warnings(path, table))


def sentence_sizes(dataset: Dataset) -> dict[str, Size]:
    """Height and width of every sentence's photograph; zeros where masks have no meaning."""
    sizes = dataset.truth.dense("size").tolist()
    return {id: (height, width) for id, (height, width) in zip(dataset.truth.ids, sizes, strict=True)}


def answer_row(box: tuple[float, ...] | None, mask: RunLengths | None, size: Size, where: str) -> Row:
    """Box and mask of one answer, laid out; raises PredictionError. Whether the runs fill the mask is not looked at."""

    def refuse(reason: str) -> HarnessError:
        return PredictionError(f"{where}, segmentation: {reason}")

    if box is None and mask is None:
        raise PredictionError(f"{where}: it has neither box_xyxy nor segmentation")
    if box is not None and (not all(map(isfinite, box)) or box[2] < box[0] or box[3] < box[1]):
        raise PredictionError(f"{where}, box_xyxy: {list(box)} is no box x1, y1, x2, y2 with x1 <= x2 and y1 <= y2")
    code = b""
    if mask is not None and size != (0, 0):
        if mask.size != size:
            raise refuse(f"its size is {list(mask.size)}, the image has {list(size)} (height, width)")
        code = run_code(mask, refuse)
        if not code:
            raise refuse(unsound(code, *size))
    elif mask is not None and box is None:
        raise refuse("this benchmark has no masks; give box_xyxy")
    boxes = np.array([box] if box is not None else np.empty((0, 4)), np.float64)
    return {"box_xyxy": boxes, "mask_code": np.frombuffer(code, np.uint8)}


def write_results(predictions: Predictions, dataset: Dataset, path: Path) -> None:
    """Write what `read_results` reads, sentence after sentence; those without an answer are left out."""
    sizes, boxes, codes = (
        sentence_sizes(dataset),
        predictions.table.ragged(BOX.name),
        predictions.table.ragged(MASK.name),
    )
    lines = []
    for index, id in enumerate(predictions.table.ids):
        box, code = boxes.row(index).tolist(), codes.row(index).tobytes().decode("ascii")
        mask = RunLengths(size=sizes[id], counts=code) if code else None
        if box or mask:
            name: int | str = int(id) if id.isdecimal() and str(int(id)) == id else id
            lines.append(Line(sent_id=name, box_xyxy=tuple(box[0]) if box else None, segmentation=mask))
    write_bytes(path, msgspec.json.Encoder().encode_lines(lines))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(_content(path).split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _content(path: Path) -> bytes:
    if path.suffix == ".gz":
        return read_gzip(path, PredictionError)
    if path.suffix == ".zip":
        archive = Archive(path, PredictionError)
        found = [name for name in archive.names() if name.endswith((".jsonl", ".json")) and "__MACOSX" not in name]
        if len(found) != 1:
            raise PredictionError(f"{path} holds {len(found)} .jsonl files, expected exactly one")
        return archive.read(found[0], TEXT_LIMIT)
    try:
        return path.read_bytes()
    except OSError as error:
        raise PredictionError(
            f"{path} cannot be read: {error.strerror or error}; results are one .jsonl file"
        ) from None


_DECODER = msgspec.json.Decoder(Line)


def _decoded(text: bytes, where: str) -> Line:
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        field = place.strip("`").removeprefix("$").removeprefix(".")
        raise PredictionError(f"{where}{f', {field}' if field else ''}: {what[:1].lower()}{what[1:]}") from None
    except (msgspec.DecodeError, RecursionError) as error:
        if b"NaN" in text or b"Infinity" in text:
            raise PredictionError(
                f"{where} holds NaN or Infinity, which is no JSON number; boxes must be finite"
            ) from None
        raise PredictionError(f"{where} is no JSON object ({error}); results are one object a line") from None


def _check_masks(path: Path, table: Table, lines: dict[str, int], sizes: dict[str, Size]) -> None:
    """Raise for the first run-length code that does not fill its image: compiled code must not meet it."""
    bad = first_unsound(table, sizes)
    if bad is not None:
        id, reason = bad
        raise PredictionError(f"{path}: line {lines[id]}, segmentation: {reason}")


def first_unsound(table: Table, sizes: dict[str, Size]) -> tuple[str, str] | None:
    """The first sentence whose mask is no sound run-length code, and why."""
    codes = table.ragged(MASK.name)
    there = np.flatnonzero(np.diff(codes.offsets))
    chosen: Ragged = codes.take(there)
    shapes = np.array([sizes[table.ids[index]] for index in there], np.int64).reshape(-1, 2)
    bad = measure(chosen, shapes)[2]
    if bad == len(there):
        return None
    return table.ids[there[bad]], unsound(chosen.row(bad).tobytes(), *shapes[bad].tolist())


def _warnings(path: Path, table: Table) -> tuple[str, ...]:
    has_box = np.diff(table.ragged(BOX.name).offsets) > 0
    has_mask = np.diff(table.ragged(MASK.name).offsets) > 0
    total, lacking = len(table), int(np.count_nonzero(~(has_box | has_mask)))
    found = []
    if lacking:
        found.append(f"{path.name}: {lacking} of {total} sentences have no answer; they count as wrong")
    for has, what in ((has_box, "box"), (has_mask, "mask")):
        if has.any() and int((~has).sum()) > lacking:
            count = int((~has).sum()) - lacking
            found.append(
                f"{path.name}: {count} of {total} answers have no {what}; they count as wrong where one is compared"
            )
    return tuple(found)
