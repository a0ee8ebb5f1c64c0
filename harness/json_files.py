"""JSON files, plain or compressed, decoded into declared types with errors that say where and what."""

import codecs
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.archives import TEXT_LIMIT, Archive, read_gzip
from harness.errors import HarnessError

T = TypeVar("T")
_NAMES: Final = {
    "int": "an integer", "float": "a number", "str": "a string", "bool": "true or false", "null": "null",
    "array": "a list", "object": "an object",
}  # fmt: skip
_ENTRY: Final = re.compile(r"\$\.?(\w*)\[(\d+|\.\.\.)\]\.?(.*)")


def read_bytes(path: Path, error: type[HarnessError], member: str = "", top: bytes = b"") -> bytes:
    """Return the content of a JSON file, of `path`.gz, or of the JSON file in a zip archive.

    In an archive with several JSON files the one named `member` is taken, else the only one that begins with `top`:
    annotations are an object, ``{``, results are a list, ``[``. Raises `error`.
    """
    if path.suffix == ".gz":
        return read_gzip(path, error)
    if path.suffix == ".zip":
        archive = Archive(path, error)
        return _member(path, archive, error, member, top)
    try:
        return path.read_bytes()
    except OSError as reason:
        raise error(f"{path} cannot be read: {reason.strerror or reason}") from None


def decode(data: bytes, wanted: type[T], path: Path, error: type[HarnessError]) -> T:
    """Decode JSON into `wanted`, a type that msgspec knows; raises `error` naming file, entry and field."""
    # Windows editors write a byte order mark; offsets in errors count from behind it.
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(data, type=wanted)
    except msgspec.ValidationError as reason:
        raise error(f"{path}: {_in_words(str(reason))}") from None
    except msgspec.DecodeError as reason:
        raise error(f"{path}: {_malformed(data, str(reason))}") from None
    except RecursionError:
        raise error(f"{path}: lists or objects are nested too deep for any file of this format") from None


def _member(path: Path, archive: Archive, error: type[HarnessError], member: str, top: bytes) -> bytes:
    found = [name for name in archive.names() if name.endswith(".json") and not name.startswith("__MACOSX/")]
    chosen = found if len(found) == 1 else [name for name in found if member and Path(name).name == member]
    contents = [archive.read(name, TEXT_LIMIT) for name in chosen or (found if top else [])]
    if not chosen:
        contents = [content for content in contents if content.lstrip()[:1] == top]
    if len(contents) != 1:
        wanted = f"one called {member}" if member else "exactly one"
        kind = {b"{": ", or one that is annotations", b"[": ", or one that is a list of results"}.get(top, "")
        raise error(f"{path} holds {len(found)} JSON files, expected {wanted}{kind}")
    return contents[0]


def _in_words(reason: str) -> str:
    """Turn "Expected `float`, got `str` - at `$[3].score`" into "entry 3, score: expected a number, found a string"."""
    what, _, where = reason.partition(" - at ")
    what = re.sub(r"Expected `(\w+)`, got `(\w+)`", lambda m: f"expected {_name(m[1])}, found {_name(m[2])}", what)
    what = re.sub(r"Expected `([\w |]+)`, got `(\w+)`", lambda m: f"expected {_names(m[1])}, found {_name(m[2])}", what)
    what = re.sub(r"Expected `array` of length (\d+)", r"expected a list of \1 numbers", what)
    what = re.sub(r"Object missing required field `(\w+)`", r"the field '\1' is missing", what)
    place = _place(where.strip("`"))
    return f"{place}: {what[0].lower()}{what[1:]}" if place else f"{what[0].lower()}{what[1:]} at the top of the file"


def _place(where: str) -> str:
    match = _ENTRY.fullmatch(where)
    if match is None:
        return where.removeprefix("$").removeprefix(".")
    entry = f"{match[1]}[{match[2]}]" if match[1] else f"entry {match[2]}"
    return f"{entry}, {match[3]}" if match[3] else entry


def _name(kind: str) -> str:
    return _NAMES.get(kind, kind)


def _names(kinds: str) -> str:
    return " or ".join(_name(kind) for kind in kinds.split(" | "))


def _malformed(data: bytes, reason: str) -> str:
    if not data.strip():
        return "the file is empty, expected JSON"
    if "truncated" in reason:
        return f"the file ends in the middle of a value, at byte {len(data)}; was it written to its end?"
    found = re.search(r"\(byte (\d+)\)", reason)
    at = int(found[1]) if found else 0
    # msgspec names the sign's successor for -Infinity.
    token = re.match(rb"-?(NaN|Infinity)", data[at - (data[at - 1 : at] == b"-") : at + 16])
    if token:
        entry = data.count(b"{", 0, at) - 1
        field = re.findall(rb'"(\w+)"\s*:', data[max(0, at - 400) : at])
        place = f"entry {entry}, {field[-1].decode()}" if field else f"entry {entry}"
        return f"{place}: {token[0].decode()} (byte {at}) is no JSON number; scores and boxes must be finite"
    return f"not JSON at byte {at}: {reason.removeprefix('JSON is malformed: ').partition(' (byte')[0]}"


def check_values(
    path: Path, entry: str, field: str, values: NDArray[np.float64], *, lowest: float | None, error: type[HarnessError]
) -> None:
    """Check that every value of the rows, (n, m), is finite, or not below `lowest`; raises `error` naming the entry."""
    bad = ~np.isfinite(values) if lowest is None else values < lowest
    if bad.any():
        row, column = np.argwhere(bad)[0].tolist()
        what = "is not finite" if lowest is None else "is negative"
        place = entry.format(row)
        raise error(f"{path}: {place}, {field}: {values[row, column]} {what}")


def integers(path: Path, entry: str, field: str, values: Sequence[int], error: type[HarnessError]) -> NDArray[np.int64]:
    """The integers of all entries, int64 (n,); raises `error` naming the first entry that does not fit."""
    try:
        return np.array(values, np.int64)
    except OverflowError:
        row = next(row for row, value in enumerate(values) if not -(1 << 63) <= value < 1 << 63)
        raise error(f"{path}: {entry.format(row)}, {field}: it does not fit in 64 bits") from None
