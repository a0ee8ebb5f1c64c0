"""The JSON files in which pysot and its descendants keep a benchmark: one object a sequence."""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.archives import TEXT_LIMIT, Archive
from harness.errors import DataError

_KINDS: Final = {"int": "an integer", "float": "a number", "str": "a text", "array": "a list", "object": "an object"}


class Sequence(msgspec.Struct, gc=False):
    """One sequence; fields that a benchmark does not have stay empty."""

    gt_rect: list[list[float | None]]
    img_names: list[str] = []
    attr: list[str] = []
    absent: list[int] = []
    width: int = 0
    height: int = 0
    camera_motion: list[int] = []
    illum_change: list[int] = []
    motion_change: list[int] = []
    size_change: list[int] = []
    occlusion: list[int] = []


def read_sequences(path: Path) -> dict[str, Sequence]:
    """Read such a file, plain or in a zip archive; raises DataError naming the field that is wrong.

    NaN, which Python writes and JSON does not have, is read as such.
    """
    data = _content(path)
    try:
        found = msgspec.json.decode(re.sub(rb"\bNaN\b", b"null", data), type=dict[str, Sequence])
    except msgspec.ValidationError as reason:
        raise DataError(f"{path}: {_in_words(str(reason))}") from None
    except (msgspec.DecodeError, RecursionError) as reason:
        raise DataError(f"{path} is not JSON: {reason}") from None
    if not found:
        raise DataError(f"{path} holds no sequences")
    return found


def boxes_of(sequence: Sequence, where: str) -> list[list[float]]:
    """The regions with NaN for null; raises DataError naming the frame for a row that is neither 4 nor 8 numbers."""
    rows = []
    for frame, row in enumerate(sequence.gt_rect):
        if len(row) not in (4, 8):
            raise DataError(f"{where}, gt_rect[{frame}]: has {len(row)} numbers; a box has 4, four corners have 8")
        rows.append([float("nan") if value is None else value for value in row])
    if not rows:
        raise DataError(f"{where}: gt_rect is empty")
    return rows


def is_json(path: Path) -> bool:
    """Whether `path` is a JSON file, or a zip archive whose only text is one."""
    if path.suffix.lower() == ".zip" and path.is_file():
        names = Archive(path, DataError).names()
        return any(name.endswith(".json") for name in names) and not any(name.endswith(".txt") for name in names)
    return path.suffix.lower() == ".json"


def _content(path: Path) -> bytes:
    if path.suffix.lower() == ".zip":
        archive = Archive(path, DataError)
        names = [name for name in archive.names() if name.endswith(".json") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise DataError(f"{path} holds {len(names)} JSON files, expected one")
        return archive.read(names[0], TEXT_LIMIT)
    try:
        return path.read_bytes()
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror or reason}") from None


def _in_words(reason: str) -> str:
    what, _, where = reason.partition(" - at ")

    def named(match: Any) -> str:
        return f"expected {_KINDS.get(match[1], match[1])}, found {_KINDS.get(match[2], match[2])}"

    what = re.sub(r"Expected `([\w |]+)`, got `(\w+)`", named, what)
    what = re.sub(r"Object missing required field `(\w+)`", r"the field '\1' is missing", what)
    return f"{where.strip('`').removeprefix('$') or 'the top of the file'}: {what[0].lower()}{what[1:]}"
