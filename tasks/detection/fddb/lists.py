"""FDDB's text format: an image's name, the number of its regions, a line of numbers for each. Truth and results share it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.archives import TEXT_LIMIT, Archive
from harness.errors import HarnessError
from harness.number_rows import BadRow, read_rows

_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionList:
    """The images of a file, in its order, and their regions."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    """(images,): how many regions each has."""
    values: NDArray[np.float64]
    """(regions, columns), one image after the other."""
    lines: NDArray[np.int64]
    """(regions,): the line that each stands in, from 1."""
    name_lines: NDArray[np.int64]
    """(images,): the line that each name stands in, from 1."""


def text_files(path: Path, pattern: str, error: type[HarnessError]) -> Iterator[tuple[str, bytes]]:
    """Name and content of a file, or of the text files in a folder or zip archive, by name.

    Those whose names match `pattern` are taken, all ``.txt`` files where none does. Raises `error` if there is none.
    """
    if path.suffix.lower() == ".zip":
        archive = Archive(path, error)
        for name in _chosen(
            path, [name for name in archive.names() if not name.startswith("__MACOSX/")], pattern, error
        ):
            yield f"{path}/{name}", archive.read(name, TEXT_LIMIT)
        return
    names = [path.name]
    if path.is_dir():
        names = _chosen(
            path, [p.relative_to(path).as_posix() for p in path.rglob("*.txt") if p.is_file()], pattern, error
        )
    for name in names:
        file = path / name if path.is_dir() else path
        try:
            yield str(file), file.read_bytes()
        except OSError as reason:
            raise error(f"{file} cannot be read: {reason.strerror or reason}") from None


def _chosen(path: Path, names: Sequence[str], pattern: str, error: type[HarnessError]) -> list[str]:
    texts = sorted(name for name in names if name.endswith(".txt") and not Path(name).name.startswith("."))
    if not texts:
        raise error(f"{path} holds no text files; expected are {pattern}")
    return [name for name in texts if Path(name).match(pattern)] or texts


def read_region_list(data: bytes, where: str, widths: Sequence[int], error: type[HarnessError]) -> RegionList:
    """Read a file; `widths` are the numbers a line that are allowed, one of them in all lines of the file.

    Raises `error` naming `where` and the line: no name or count where one should be, a line with another number of fields,
    something that is no finite number, fewer or more lines than announced.
    """
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    names, counts, starts = _walk(lines, where, error)
    chosen = [slice(start + 2, start + 2 + count) for start, count in zip(starts, counts, strict=True)]
    text = b"\n".join(line for part in chosen for line in lines[part])
    numbers = np.concatenate([np.empty(0, np.int64), *[np.arange(part.start, part.stop) + 1 for part in chosen]])
    width = len(text.split(b"\n", 1)[0].split()) if len(numbers) else widths[0]
    if width not in widths:
        expected = " or ".join(map(str, widths))
        raise error(f"{where}, line {numbers[0]} has {width} field{'s' * (width != 1)}, expected {expected}")
    try:
        rows = read_rows(text, width)
    except BadRow as bad:
        raise error(f"{where}, line {numbers[bad.line - 1]} {bad.reason}") from None
    if len(rows) != len(numbers):
        blank = np.setdiff1d(np.arange(len(numbers)), rows.lines - 1)[0]
        raise error(f"{where}, line {numbers[blank]} is empty, expected {width} numbers; was the file cut off?")
    return RegionList(
        names=tuple(names),
        counts=np.array(counts, np.int64),
        values=rows.values,
        lines=numbers.astype(np.int64),
        name_lines=np.array(starts, np.int64) + 1,
    )


def _walk(lines: Sequence[bytes], where: str, error: type[HarnessError]) -> tuple[list[str], list[int], list[int]]:
    """Names, counts, and the index of each name's line, by going from name to name."""
    names: list[str] = []
    counts: list[int] = []
    starts: list[int] = []
    at = 0
    while at < len(lines):
        fields = lines[at].split()
        if not fields:
            at += 1
            continue
        count = lines[at + 1].strip() if at + 1 < len(lines) else b""
        if len(fields) > 1 or not count.isdigit() or len(count) > 9:
            raise error(f"{where}, {_misplaced(lines, at, names, counts, starts)}")
        names.append(fields[0].decode("utf-8", "replace"))
        starts.append(at)
        counts.append(int(count))
        at += 2 + counts[-1]
    if starts and at > len(lines):
        raise error(
            f"{where}, line {starts[-1] + 2}: {counts[-1]} regions of {names[-1]} are announced, but the file ends after "
            f"{len(lines) - starts[-1] - 2}; was it written to its end?"
        )
    return names, counts, starts


def _misplaced(lines: Sequence[bytes], at: int, names: list[str], counts: list[int], starts: list[int]) -> str:
    """What is wrong where no name and count stand at `at`: perhaps the image before announces too few or too many regions."""
    for row in range(starts[-1] + 2, at) if starts else ():
        if len(lines[row].split()) == 1:
            return (
                f"line {row + 1}: {counts[-1]} regions of {names[-1]} are announced, but its number {row - starts[-1] - 1} "
                f"is {_shown(lines[row].strip())}"
            )
    if len(lines[at].split()) > 1:
        before = f"; {names[-1]} announces only {counts[-1]} regions" if names else ""
        return f"line {at + 1}: expected the name of an image, found {_shown(lines[at].strip())}{before}"
    count = lines[at + 1].strip() if at + 1 < len(lines) else b""
    found = f"found {_shown(count)}" if count else "found nothing"
    return f"line {at + 2}: expected the number of regions of {_shown(lines[at].strip())}, {found}"


def _shown(text: bytes) -> str:
    shown = text[:_SHOWN].decode("utf-8", "replace")
    return f"'{shown}'" if shown.isprintable() else ascii(shown)
