"""Which file of a folder or zip archive holds which class's detections."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.archives import TEXT_LIMIT, Archive
from harness.errors import PredictionError

_NAME: Final = re.compile(r"comp[34](?:_.+)?_det_(.+)\.txt")


def class_files(
    path: Path, names: Sequence[str], categories: Sequence[str], split: str, *, any_split: bool
) -> dict[str, str]:
    """Class -> its file, of `split` or of any. Raises PredictionError for classes without a file, or with two."""
    found: dict[str, list[str]] = {name: [] for name in categories}
    elsewhere = []
    for name in sorted(names):
        match = _NAME.fullmatch(name.rpartition("/")[2])
        if match is None or name.startswith("__MACOSX/"):
            continue
        # A class may hold an underscore, and so may a split: the longest class that ends the name is meant.
        classes = [one for one in categories if match[1].endswith(f"_{one}")]
        chosen = max(classes, key=len, default="")
        if chosen and (any_split or match[1] == f"{split}_{chosen}"):
            found[chosen].append(name)
        else:
            elsewhere.append(name)
    twice = [files for files in found.values() if len(files) > 1]
    if twice:
        raise PredictionError(f"{path} holds {twice[0][0]} and {twice[0][1]}: give a folder or zip with one result")
    lacking = [name for name, files in found.items() if not files]
    if lacking:
        raise PredictionError(_lacking(path, lacking, len(categories), split, elsewhere))
    return {name: files[0] for name, files in found.items()}


def _lacking(path: Path, lacking: list[str], total: int, split: str, elsewhere: list[str]) -> str:
    files = [f"comp4_det_{split}_{name}.txt" for name in lacking]
    shown = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    other = f"; it holds {elsewhere[0]}" if elsewhere else ""
    return (
        f"{path} lacks the files of {len(lacking)} of {total} classes: {shown}{other} (a class without detections has an "
        "empty file)"
    )


class ResultFiles:
    """A folder or a zip archive of text files; every method raises PredictionError."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise PredictionError(f"{path}: there is no such file or folder")
        if path.is_file() and path.suffix == ".txt":
            raise PredictionError(f"{path} is one class's file: give the folder or zip that holds those of all classes")
        self._path = path
        self._archive = None if path.is_dir() else Archive(path, PredictionError)

    def names(self) -> list[str]:
        """The files' paths inside the folder or archive."""
        if self._archive is not None:
            return list(self._archive.names())
        return [path.relative_to(self._path).as_posix() for path in self._path.rglob("*.txt")]

    def read(self, name: str) -> bytes:
        """The content of one of them."""
        if self._archive is not None:
            return self._archive.read(name, TEXT_LIMIT)
        try:
            return (self._path / name).read_bytes()
        except OSError as reason:
            raise PredictionError(f"{self._path / name} cannot be read: {reason.strerror or reason}") from None


def is_class_file(name: str) -> bool:
    """Whether a file is named as one class's detections, of whatever class and split."""
    return _NAME.fullmatch(name.rpartition("/")[2]) is not None and not name.startswith("__MACOSX/")
