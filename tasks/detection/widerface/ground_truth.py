"""WIDER FACE's four .mat files -> the faces of every image, and which of them count as easy, medium or hard."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.archives import Archive
from harness.errors import DataError
from harness.mat import Cell, MatValue, read_mat

SETTINGS: Final = ("easy", "medium", "hard")
FACES: Final = "wider_face_val.mat"
FILES: Final = (FACES, *(f"wider_{setting}_val.mat" for setting in SETTINGS))
_SHARED: Final = ("event_list", "file_list", "face_bbx_list")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """The faces of all images, in the files' order. Image `i` has the rows ``offsets[i]`` to ``offsets[i + 1]``."""

    ids: tuple[str, ...]
    """``EVENT/IMAGE``, the image's name without its suffix."""
    offsets: NDArray[np.int64]
    boxes_xywh: NDArray[np.float64]
    """(faces, 4): x, y, width, height in pixels; sizes of 0 and less occur."""
    counted: NDArray[np.bool_]
    """(faces, 3): whether the face counts as easy, medium, hard."""


def read_ground_truth(source: Path) -> GroundTruth:
    """Read the four files in a folder, or anywhere in a zip archive.

    Raises DataError where one is missing or damaged, or where they do not describe the same images and faces.
    """
    content = _contents(source)
    path, data = content(FACES)
    faces = _Lists(path, read_mat(path, DataError, _SHARED, data))
    ids, boxes = faces.ids(), faces.boxes()
    offsets = np.cumsum([0, *map(len, boxes)], dtype=np.int64)
    counted = np.zeros((int(offsets[-1]), len(SETTINGS)), np.bool_)
    flat = np.concatenate([np.empty((0, 4)), *boxes])
    for index, name in enumerate(FILES[1:]):
        path, data = content(name)
        lists = _Lists(path, read_mat(path, DataError, (*_SHARED, "gt_list"), data))
        if lists.ids() != ids or not np.array_equal(np.concatenate([np.empty((0, 4)), *lists.boxes()]), flat):
            raise DataError(
                f"{path} has other images or faces than {FACES}; take all four files from one eval_tools.zip"
            )
        counted[lists.chosen(offsets), index] = True
    return GroundTruth(ids=ids, offsets=offsets, boxes_xywh=flat, counted=counted)


def _contents(source: Path) -> Callable[[str], tuple[Path, bytes | None]]:
    """What gives the place and the content of one of the files; None stands for what lies at the place itself."""
    if not source.is_file():
        return lambda name: (source / name, None)
    archive = Archive(source, DataError)
    there = {Path(member).name: member for member in archive.names() if not member.startswith("__MACOSX/")}

    def content(name: str) -> tuple[Path, bytes]:
        if name not in there:
            raise DataError(f"{source} holds no {name}; expected are {', '.join(FILES)}")
        return source / there[name], archive.read(there[name])

    return content


class _Lists:
    """The variables of one file, which are cells of events that hold cells of images; DataError for other forms."""

    def __init__(self, path: Path, variables: dict[str, MatValue]) -> None:
        self._path, self._variables = path, variables
        self._events = self._cells("event_list", variables["event_list"])
        self._files = [self._cells("file_list", event) for event in self._of_events("file_list")]

    def ids(self) -> tuple[str, ...]:
        """``EVENT/IMAGE`` of all images."""
        ids = [f"{event}/{image}" for event, images in zip(self._events, self._files, strict=True) for image in images]
        if len(set(ids)) < len(ids) or not all(isinstance(part, str) for part in self._names()):
            raise DataError(f"{self._path}: event_list and file_list do not give every image a name of its own")
        return tuple(ids)

    def _names(self) -> Iterator[MatValue]:
        yield from self._events
        for images in self._files:
            yield from images

    def boxes(self) -> list[NDArray[np.float64]]:
        """Each image's boxes, float64 (k, 4)."""
        return [array.reshape(-1, 4) for array in self._arrays("face_bbx_list", 4)]

    def chosen(self, offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of the faces that count; the file numbers the faces of each image from 1."""
        numbers = [array.reshape(-1) for array in self._arrays("gt_list", 1)]
        image = np.repeat(np.arange(len(numbers)), list(map(len, numbers)))
        flat = np.concatenate([np.empty(0), *numbers])
        wrong = (flat < 1) | (flat > np.diff(offsets)[image]) | (flat != np.trunc(flat))
        rows = offsets[image] + np.where(wrong, 1, flat).astype(np.int64) - 1
        wrong[np.setdiff1d(np.arange(len(rows)), np.unique(rows, return_index=True)[1])] = True
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{self._path}: gt_list of {self.ids()[image[place]]} names face {flat[place]:g}, but the image has "
                f"{np.diff(offsets)[image[place]]} faces, each named at most once"
            )
        return rows

    def _arrays(self, name: str, columns: int) -> list[NDArray[np.float64]]:
        found = []
        for event, images, values in zip(self._events, self._files, self._of_events(name), strict=True):
            cells = self._cells(name, values)
            if len(cells) != len(images):
                raise DataError(f"{self._path}: {name} has {len(cells)} images in {event}, file_list {len(images)}")
            for image, value in zip(images, cells, strict=True):
                if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or not _fits(value, columns):
                    raise DataError(f"{self._path}: {name} of {event}/{image} is no array of {columns} columns")
                found.append(value.astype(np.float64))
        return found

    def _of_events(self, name: str) -> Sequence[MatValue]:
        values = self._cells(name, self._variables[name])
        if len(values) != len(self._events):
            raise DataError(f"{self._path}: {name} has {len(values)} events, event_list {len(self._events)}")
        return values

    def _cells(self, name: str, value: MatValue) -> Sequence[MatValue]:
        if not isinstance(value, Cell):
            raise DataError(f"{self._path}: {name} is no cell array of events that hold cell arrays of images")
        return value.values


def _fits(value: NDArray[np.float64], columns: int) -> bool:
    return not value.size or (value.ndim == 2 and value.shape[1] == columns and bool(np.isfinite(value).all()))
