"""ImageNet's labels in the forms in which people keep them -> image ids, files and classes."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from harness.archives import Archive
from harness.errors import DataError
from harness.mat import Struct, read_mat
from tasks.classification.arrays import Int

SUFFIXES: Final = (".jpeg", ".jpg", ".png")
CLASS_LISTS: Final = (
    "LOC_synset_mapping.txt", "synset_words.txt", "imagenet_wnids.txt", "wnids.txt", "synsets.txt",
    "imagenet_synsets.txt", "imagenet_lsvrc_2015_synsets.txt",
)  # fmt: skip
"""Files that name the classes, a WordNet id at the beginning of each line."""
GROUND_TRUTH: Final = "ILSVRC2012_validation_ground_truth.txt"
_WORDNET: Final = re.compile(r"n\d{8}")
_FILE_COLUMNS: Final = ("file", "filename", "image", "imageid", "id", "path")
_INDEX_COLUMNS: Final = ("class_index", "index", "label", "class", "target")
_NAME_COLUMNS: Final = ("wnid", "synset", "wordnet_id", "predictionstring")


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images and their classes: `files` are names or paths in the source, `wordnet` the classes' ids in order, or empty."""

    files: tuple[str, ...]
    labels: Int
    wordnet: tuple[str, ...]
    where: Path


def image_names(source: Path) -> list[str]:
    """Paths of all images in a folder or zip, sorted."""
    found: Iterable[str]
    if source.is_dir():
        found = (path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file())
    else:
        found = Archive(source, DataError).names()
    return sorted(name for name in found if PurePosixPath(name).suffix.lower() in SUFFIXES)


def read_class_list(path: Path) -> tuple[str, ...]:
    """WordNet ids in class order: sorted, whatever the order in the file; raises DataError naming the line."""
    found = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        word = _WORDNET.match(line.strip())
        if word is None:
            raise DataError(f"{path}, line {number}: '{line.strip()[:40]}' begins with no WordNet id such as n01440764")
        found.append(word[0])
    if len(set(found)) < len(found):
        raise DataError(f"{path} names a class twice")
    return tuple(sorted(found))


def find_class_list(*folders: Path) -> tuple[str, ...]:
    """The classes named by a file in one of the folders; none if there is no such file."""
    for folder in folders:
        for name in CLASS_LISTS:
            if (folder / name).is_file():
                return read_class_list(folder / name)
    return ()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}") from None


def from_names(files: Sequence[str], wordnet: Sequence[str], source: Path) -> Labelled:
    """Classes from folders (WordNet ids, or class indices as ImageNetV2 has them) or from the WordNet id in file names."""
    marks = [_mark(file) for file in files]
    lacking = [file for file, mark in zip(files, marks, strict=True) if not mark]
    if lacking or not files:
        what = (
            f"{lacking[0]} lies in no class folder and its name holds no WordNet id" if lacking else "it has no images"
        )
        raise DataError(f"the classes of {source} cannot be told: {what}; give labels with --annotations LABELS.csv")
    if all(mark.isdecimal() for mark in marks):
        # As numbers: sorted as text, 10 would come before 2.
        return Labelled(tuple(files), np.array([int(mark) for mark in marks], np.int64), tuple(wordnet), source)
    known = tuple(wordnet) or tuple(sorted(set(marks)))
    return Labelled(tuple(files), _indices(marks, known, source), known, source)


def _mark(file: str) -> str:
    path = PurePosixPath(file)
    folder = path.parent.name
    if _WORDNET.fullmatch(folder) or folder.isdecimal():
        return folder
    found = _WORDNET.match(path.name) or re.search(r"(?<=_)n\d{8}$", path.stem)
    return found[0] if found else ""


def _indices(marks: Sequence[str], known: Sequence[str], where: Path) -> Int:
    place = {name: index for index, name in enumerate(known)}
    strange = [mark for mark in marks if mark not in place]
    if strange:
        raise DataError(f"{where}: {strange[0]} is none of the {len(known)} classes that are named")
    return np.array([place[mark] for mark in marks], np.int64)


def from_csv(path: Path, wordnet: Sequence[str]) -> Labelled:
    """Labels from a table with a header: a column of files, and one of class indices or WordNet ids."""
    text = _text(path)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ",") if row]
    except csv.Error as error:
        raise DataError(f"{path} is no table that can be read ({error})") from None
    header = [name.strip().lower() for name in rows[0]] if rows else []
    file, index, name = (_column(header, names) for names in (_FILE_COLUMNS, _INDEX_COLUMNS, _NAME_COLUMNS))
    if file is None or (index is None and name is None):
        raise DataError(
            f"{path}: line 1 must name a column file and one of class_index or wnid; it has {', '.join(header)}"
        )
    short = next((number for number, row in enumerate(rows, 1) if len(row) != len(header)), 0)
    if short:
        raise DataError(f"{path}, line {short} has {len(rows[short - 1])} fields, line 1 has {len(header)}")
    # Kaggle's table names images without what their files end in.
    files = tuple(
        name if PurePosixPath(name).suffix else f"{name}.JPEG" for name in (row[file].strip() for row in rows[1:])
    )
    if index is not None:
        return Labelled(files, _numbers([row[index] for row in rows[1:]], path), tuple(wordnet), path)
    assert name is not None
    marks = [row[name].split()[0] if row[name].split() else "" for row in rows[1:]]
    if not wordnet:
        raise DataError(
            f"{path} names WordNet ids only; put a list of all classes beside it ({', '.join(CLASS_LISTS[:3])})"
        )
    return Labelled(files, _indices(marks, wordnet, path), tuple(wordnet), path)


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _numbers(texts: Sequence[str], path: Path) -> Int:
    for number, text in enumerate(texts, 2):
        if not text.strip().isdecimal():
            raise DataError(f"{path}, line {number}: '{text[:40]}' is no class index")
    return np.array([int(text) for text in texts], np.int64)


def from_devkit(folder: Path) -> Labelled:
    """The validation images' classes from the development kit: its own ids become the order of the WordNet ids."""
    truth, meta = _devkit_file(folder, GROUND_TRUTH), _devkit_file(folder, "meta.mat")
    numbers = [int(line) if line.isdecimal() else 0 for line in _text(truth).split()]
    of_number = _synsets(meta)
    wrong = next((place for place, number in enumerate(numbers, 1) if number not in of_number), 0)
    if wrong:
        raise DataError(
            f"{truth}, line {wrong}: there is no class of that number among the {len(of_number)} of {meta.name}"
        )
    wordnet = tuple(sorted(of_number.values()))
    files = tuple(f"ILSVRC2012_val_{place:08d}.JPEG" for place in range(1, len(numbers) + 1))
    return Labelled(files, _indices([of_number[number] for number in numbers], wordnet, truth), wordnet, truth)


def _devkit_file(folder: Path, name: str) -> Path:
    for place in (folder, folder / "data"):
        if (place / name).is_file():
            return place / name
    raise DataError(f"{folder / 'data' / name} is missing; it belongs to ILSVRC2012_devkit_t12")


def _synsets(path: Path) -> Mapping[int, str]:
    """The development kit's number of every class that is no parent of others -> WordNet id."""
    synsets = read_mat(path, DataError, ["synsets"]).get("synsets")
    if not isinstance(synsets, Struct) or not {"ILSVRC2012_ID", "WNID", "num_children"} <= synsets.fields.keys():
        raise DataError(f"{path} holds no synsets with ILSVRC2012_ID, WNID and num_children")
    columns = (synsets.fields[name] for name in ("ILSVRC2012_ID", "WNID", "num_children"))
    found = {_whole(number): str(name) for number, name, below in zip(*columns, strict=True) if not _whole(below)}
    if not found or not all(_WORDNET.fullmatch(name) for name in found.values()):
        raise DataError(f"{path} names classes that are no WordNet ids")
    return found


def _whole(value: Any) -> int:
    array = np.asarray(value).reshape(-1)
    return int(array[0]) if array.size == 1 and array.dtype.kind in "iuf" else -1
