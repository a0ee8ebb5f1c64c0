"""WIDER FACE's result files in a folder or zip archive: which image each belongs to, one text file an image.

The event folders lie at the top, or all in one folder that wraps them. Anything else is refused with what was found:
passed over in silence it would count as images without detections.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Final

from harness.archives import TEXT_LIMIT, Archive
from harness.errors import PredictionError
from harness.task import Dataset

_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Where every image's text file lies."""

    source: Path
    paths: dict[str, str]
    """Image id -> path inside `source`; images without a file are not in it."""
    read: Callable[[str], bytes]
    """Path inside `source` -> content; raises PredictionError."""
    beside: tuple[str, ...]
    """Text files beside the event folders that are no image's, such as README.txt: left out."""

    def place(self, id: str) -> str:
        """The file of an image, for messages."""
        return f"{self.source}/{self.paths[id]}"


def find_result_files(source: Path, dataset: Dataset) -> ResultFiles:
    """Look for the text files of a folder or zip archive; raises PredictionError if they lie elsewhere than they should."""
    if source.is_dir():
        listing, read = list(_walk(source)), lambda path: _read_file(source / path)
    else:
        if source.suffix.lower() != ".zip":
            raise PredictionError(f"{source} is no folder and no zip archive; results are one text file an image")
        archive = Archive(source, PredictionError)
        listing, read = list(archive.names()), lambda path: archive.read(path, TEXT_LIMIT)
    texts = [PurePosixPath(path) for path in listing if path.lower().endswith(".txt")]
    texts = [path for path in texts if "__MACOSX" not in path.parts and not path.name.startswith(".")]
    known = (*dataset.ids, *dataset.known_ids)
    events = sorted({id.partition("/")[0] for id in known})
    beside = _beside(texts, events, known)
    texts = [path for path in texts if path not in beside]
    _check_folders(source, texts, events, known[0])
    paths = {f"{path.parts[-2]}/{path.stem}": str(path) for path in texts}
    _check_images(source, paths, len(texts), frozenset(known))
    here = {id: paths[id] for id in dataset.ids if id in paths}
    return ResultFiles(source, here, read, tuple(sorted(map(str, beside))))


def _beside(texts: Sequence[PurePosixPath], events: Sequence[str], known: Sequence[str]) -> set[PurePosixPath]:
    """Files at the top or in the folder around the event folders, unless they are called after an image."""
    folders = {path.parent.parent for path in texts if path.parent.name in events}
    if not folders:
        return set()
    around = {PurePosixPath("."), *folders}
    images = {id.partition("/")[2] for id in known}
    return {
        path for path in texts
        if path.parent in around and path.parent.name not in events and path.stem not in images
    }  # fmt: skip


def _walk(source: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(source):
        inside = Path(folder).relative_to(source)
        folders[:] = sorted(folders) if len(inside.parts) < _DEEPEST else []
        yield from ((inside / name).as_posix() for name in sorted(names))


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise PredictionError(f"{path} cannot be read: {reason.strerror or reason}") from None


def _check_folders(source: Path, texts: Sequence[PurePosixPath], events: Sequence[str], example: str) -> None:
    """Check that all files lie in event folders, and these at the top or in one folder."""
    expected = f"expected is {example}.txt, an event folder with a text file for each image"
    if not texts:
        raise PredictionError(f"{source} holds no text files; {expected}")
    outside = next((path for path in texts if len(path.parts) < 2), None)
    if outside is not None:
        raise PredictionError(f"{source}/{outside} lies in no event folder; {expected}")
    odd = _too_deep(texts, events)
    if odd is not None:
        raise PredictionError(f"{source}: event folders are nested too deep: found {odd}; {expected}")
    unknown = sorted({path.parts[-2] for path in texts} - set(events))
    if unknown:
        near = get_close_matches(unknown[0], events, n=1) or events
        raise PredictionError(
            f"{source}: {len(unknown)} folders are not named after an event, such as {unknown[0]} "
            f"(of {sum(path.parts[-2] == unknown[0] for path in texts)} files); expected are names like {near[0]}"
        )


def _too_deep(texts: Sequence[PurePosixPath], events: Sequence[str]) -> PurePosixPath | None:
    """A file below an event folder that lies neither at the top nor in the one folder around all of them."""
    for path in texts:
        if len(path.parts) > 3 or (len(path.parts) == 3 and path.parts[0] in events):
            return path
    several = len({path.parts[:-2] for path in texts}) > 1
    return next((path for path in texts if several and len(path.parts) == 3), None)


def _check_images(source: Path, paths: dict[str, str], n_files: int, known: frozenset[str]) -> None:
    if len(paths) < n_files:
        raise PredictionError(
            f"{source} holds two files of one image, whose names end in .txt and in .TXT ({n_files - len(paths)} such "
            "images); leave one of them out"
        )
    unknown = [id for id in paths if id not in known]
    if unknown:
        raise PredictionError(
            f"{source}/{paths[unknown[0]]} belongs to no image of the data set (files like it: {len(unknown)}); score the "
            "results with the data that they belong to"
        )
