"""Sentences as tables: ReferIt's and Flickr30k's CSV files with the columns img_id, bbox, query.

Source: luogen1996/Real-time-Global-Inference-Network, code/dat_loader.py (_read_annotations).
"""

import ast
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.archives import TEXT_LIMIT
from harness.errors import DataError

COLUMNS: Final = ("img_id", "bbox", "query")
LONGEST: Final = 100_000
"""Characters of one field; longer ones are no sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One sentence: its id is the row, counted from 0, and ``row.k`` where a row has several."""

    id: str
    image: str
    box_xyxy: tuple[float, float, float, float]
    text: str


def read_table(path: Path, *, extension: str) -> list[Phrase]:
    """Every sentence of a CSV file; images are called ``img_id`` with `extension`. Raises DataError naming file and row."""
    return list(_phrases(path, extension))


def _phrases(path: Path, extension: str) -> Iterator[Phrase]:
    try:
        if path.stat().st_size > TEXT_LIMIT:
            raise DataError(f"{path} has more than {TEXT_LIMIT:,} bytes")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text (byte {error.start})") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise DataError(f"{path}: the column {lacking[0]} is missing; expected {', '.join(COLUMNS)}")
        for row, line in enumerate(reader):
            yield from _row(path, row, line, extension)
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}") from None


def _row(path: Path, row: int, line: dict[str, Any], extension: str) -> Iterator[Phrase]:
    where = f"{path}: row {row}"
    if any(line[name] is None or len(line[name]) > LONGEST for name in COLUMNS):
        raise DataError(f"{where}: it lacks a column, or a field is longer than {LONGEST:,} characters")
    queries = _queries(where, line["query"])
    for index, query in enumerate(queries):
        yield Phrase(
            id=str(row) if len(queries) == 1 else f"{row}.{index}",
            image=f"{line['img_id']}{extension}",
            box_xyxy=_box(where, line["bbox"]),
            # The official loader does so before it reads the words.
            text=query.replace("_", " ").strip(),
        )


def _box(where: str, text: str) -> tuple[float, float, float, float]:
    try:
        box = msgspec.json.decode(text, type=tuple[float, float, float, float])
    except msgspec.DecodeError:
        raise DataError(f"{where}, bbox: {text[:60]!r} is no list of 4 numbers [x1, y1, x2, y2]") from None
    if not all(map(isfinite, box)) or box[2] < box[0] or box[3] < box[1]:
        raise DataError(f"{where}, bbox: {text[:60]} has a negative width or height")
    return box


def _queries(where: str, text: str) -> list[str]:
    """The sentences of a row: one, or a list written as Python writes it."""
    if not text.startswith("["):
        return [text]
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise DataError(f"{where}, query: {text[:60]!r} is neither a sentence nor a list of them")
    return found
