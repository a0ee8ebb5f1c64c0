"""The annotation files of one-pass benchmarks: their text layouts and the toolkits' JSON -> sequences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from tasks.tracking import toolkit_json
from tasks.tracking.files import Tree
from tasks.tracking.names import index, key, shortened
from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.text import Rows, read_rows

Float = NDArray[np.float64]
_NO_BOXES: Final = frozenset({"att", "initomit", "absent", "times", "attributes"})
_OTHER_TEXTS: Final = re.compile(
    r"attrs|list|readme.*|nlp|language|full_occlusion|out_of_view|cover|absence|absent|.*_time|testing_set|training_set",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One sequence as read."""

    boxes: Float
    """(n, 4): x, y, width, height in pixels; NaN where the target is absent."""
    absent: NDArray[np.bool_] | None = None
    """(n,), or None where the annotations do not say."""
    attributes: tuple[str, ...] | None = None
    """Abbreviations, or None where the annotations do not say."""
    images: tuple[str, ...] = field(default=())


def from_json(path: Path, benchmark: Benchmark) -> dict[str, Annotated]:
    """Read pysot's JSON file; raises DataError naming sequence and frame."""
    known = index(benchmark.names, benchmark.aliases)
    found = {}
    for name, entry in toolkit_json.read_sequences(path).items():
        where = f"{path}: {name}"
        rows = toolkit_json.boxes_of(entry, where)
        if any(len(row) != 4 for row in rows):
            raise DataError(f"{where}: holds four corners where a box x, y, width, height belongs; is it a VOT file?")
        boxes = np.array(rows, np.float64)
        found[known.get(bare(name, benchmark), name)] = Annotated(
            boxes=boxes,
            absent=_absent(np.array(entry.absent), len(boxes), where) if entry.absent else None,
            attributes=_named_attributes(entry.attr, benchmark) if entry.attr else None,
            images=tuple(entry.img_names),
        )
    return found


def bare(name: str, benchmark: Benchmark) -> str:
    """The key of a sequence's name, without what some toolkits put before it."""
    return key(name).removeprefix(benchmark.prefix)


def _absent(flags: NDArray[np.generic], frames: int, where: str) -> NDArray[np.bool_]:
    """Absence as flags; pysot's file states presence. The target is there in the first frame, which tells the two."""
    if len(flags) != frames:
        raise DataError(f"{where}: absence has {len(flags)} values for {frames} frames")
    absent: NDArray[np.bool_] = np.asarray(flags, np.float64) != 0
    return ~absent if absent[0] else absent


def from_texts(tree: Tree, benchmark: Benchmark, split: str) -> dict[str, Annotated]:
    """Read annotation files in any of the layouts; raises DataError naming file and line."""
    files = annotation_files(tree, benchmark, split)
    if not files:
        raise DataError(f"{tree.path} holds no annotations of {benchmark.title}: NAME.txt or NAME/groundtruth_rect.txt")
    return {name: _from_text(tree, file, name, benchmark) for name, file in files.items()}


def annotation_files(tree: Tree, benchmark: Benchmark, split: str) -> dict[str, str]:
    """Sequence -> its file. Where a sequence of the benchmark is there, others are left out."""
    known = index(benchmark.names, benchmark.aliases)
    found: dict[str, list[str]] = {}
    for file in tree.names:
        name = _sequence(PurePosixPath(file), benchmark, split)
        if name:
            found.setdefault(known.get(bare(name, benchmark), name), []).append(file)
    if set(found) & set(benchmark.names):
        found = {name: files for name, files in found.items() if name in benchmark.names}
    chosen = {}
    for name, files in found.items():
        # OTB has an empty file for Human4's first target, which is not annotated.
        full = [file for file in files if len(files) == 1 or tree.read(file).strip()]
        if len(full) > 1:
            raise DataError(
                f"{tree.path} holds two annotations of {name}: {shortened(full, 2)}; name a folder with one"
            )
        chosen[name] = full[0]
    return chosen


def _sequence(file: PurePosixPath, benchmark: Benchmark, split: str) -> str:
    """The sequence that a file annotates, by its path; empty if it does not."""
    folders = [part.lower() for part in file.parts[:-1]]
    stem = file.name.removesuffix(".txt")
    if file.suffix != ".txt" or _NO_BOXES & set(folders) or _OTHER_TEXTS.fullmatch(stem):
        return ""
    if {"30", "240"} & set(folders) and split not in folders:
        return ""
    target = re.fullmatch(r"groundtruth(?:_rect)?(?:\.(\d+))?", stem)
    if target is None:
        return stem
    parent = file.parent.name
    return f"{parent}-{target[1]}" if target[1] and parent else parent


def _from_text(tree: Tree, file: str, name: str, benchmark: Benchmark) -> Annotated:
    boxes = _boxes(tree, file)
    return Annotated(
        boxes=boxes,
        absent=_read_absent(tree, file, name, len(boxes)) if benchmark.absence else None,
        attributes=_read_attributes(tree, file, name, benchmark),
    )


def _boxes(tree: Tree, file: str) -> Float:
    data = tree.read(file)
    if b'"' in data:
        return _vatic_boxes(data, tree.where(file))
    rows = read_rows(data, tree.where(file), DataError)
    if not len(rows):
        raise DataError(f"{tree.where(file)} is empty; a line a frame is expected, x,y,width,height")
    _check_counts(rows, tree.where(file))
    return rows.values[:, :4]


def _check_counts(rows: Rows, where: str) -> None:
    wrong = np.flatnonzero(rows.counts != 4)
    if len(wrong):
        raise DataError(f"{where}, line {rows.lines[wrong[0]]}: has {rows.counts[wrong[0]]} numbers, a box has 4")


def _vatic_boxes(data: bytes, where: str) -> Float:
    """NFS's own files: track, left, top, right, bottom, frame, flags, "label"."""
    rows = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            left, top, right, bottom = (float(value) for value in fields[1:5])
        except ValueError:
            raise DataError(f"{where}, line {number}: is not track, left, top, right, bottom, ...") from None
        rows.append((left, top, right - left, bottom - top))
    return np.array(rows, np.float64)


def _beside(tree: Tree, file: str, folder: str, name: str) -> str | None:
    """``folder/NAME.txt`` near an annotation file, in any spelling of the name."""
    wanted = key(name)
    for other in tree.names:
        path = PurePosixPath(other)
        if path.parent.name.lower() == folder and key(path.stem) in (wanted, key(PurePosixPath(file).stem)):
            return other
    return None


def _flags(tree: Tree, file: str) -> NDArray[np.float64]:
    """0 and 1, between commas or a line each."""
    try:
        return np.array([float(value) for value in re.split(r"[,\s]+", tree.text(file).strip(" ,\n\r\t"))])
    except ValueError:
        raise DataError(f"{tree.where(file)} does not hold 0 and 1 alone") from None


def _read_absent(tree: Tree, file: str, name: str, frames: int) -> NDArray[np.bool_] | None:
    listed = _beside(tree, file, "absent", name)
    if listed is not None:
        return _absent(_flags(tree, listed), frames, tree.where(listed))
    folder = file.rpartition("/")[0]
    parts = [f"{folder}/{stem}.txt".lstrip("/") for stem in ("full_occlusion", "out_of_view")]
    if not all(part in tree.names for part in parts):
        return None
    hidden, outside = (_flags(tree, part) for part in parts)
    if len(hidden) != len(outside):
        raise DataError(f"{tree.where(folder)}: full_occlusion.txt and out_of_view.txt have unlike numbers of values")
    return _absent((hidden != 0) | (outside != 0), frames, tree.where(folder))


def _read_attributes(tree: Tree, file: str, name: str, benchmark: Benchmark) -> tuple[str, ...] | None:
    if not benchmark.attributes:
        return None
    listed = _beside(tree, file, "att", name)
    if listed is not None:
        flags = _flags(tree, listed)
        if len(flags) != len(benchmark.attributes):
            raise DataError(f"{tree.where(listed)}: has {len(flags)} values, expected {len(benchmark.attributes)}")
        return tuple(name for name, flag in zip(benchmark.attributes, flags, strict=True) if flag)
    named = f"{file.rpartition('/')[0]}/attrs.txt".lstrip("/")
    if named in tree.names:
        return _named_attributes(re.split(r"[,\s]+", tree.text(named).strip()), benchmark)
    return None


def _named_attributes(listed: Sequence[str], benchmark: Benchmark) -> tuple[str, ...]:
    """Abbreviations or titles, as the toolkits write them -> abbreviations."""
    meant = _spellings(benchmark.attributes)
    return tuple(name for name in benchmark.attributes if name in {meant.get(_letters(text)) for text in listed})


def _spellings(attributes: Mapping[str, str]) -> dict[str, str]:
    short = {_letters(name): name for name in attributes}
    return short | {_letters(title): name for name, title in attributes.items()}


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower()).rstrip("s")
