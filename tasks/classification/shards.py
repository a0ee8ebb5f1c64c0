"""Images and class indices packed in shards: webdataset's ``.tar`` files, or ``.parquet`` as Hugging Face keeps them."""

import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Final

import numpy as np

from harness.errors import DataError
from harness.images import decode_image
from tasks.classification.arrays import Int

_IMAGES: Final = (".jpg", ".jpeg", ".png", ".webp")
_CLASS: Final = ".cls"
PLACES: Final = ("data", "val", "validation", "test")
"""Folders in which shards are kept."""


@dataclass(frozen=True, slots=True)
class Shards:
    """Names and labels of all images in some shards, and what reads one: name -> content of its file."""

    files: tuple[str, ...]
    labels: Int
    read: Callable[[str], bytes]

    def loader(self, names: Mapping[str, str]) -> Callable[[str], Mapping[str, Any]]:
        """What decodes the image of an id; `names` gives the name of each id's image."""
        return lambda id: {"image": decode_image(self.read(names[id]), names[id])}


def find_shards(folder: Path) -> list[Path]:
    """Shards directly in a folder or in one of `PLACES`, those of the validation set where the names tell, sorted."""
    for place in (folder, *(folder / name for name in PLACES)):
        found = sorted(path for suffix in ("*.tar", "*.parquet") for path in place.glob(suffix))
        chosen = [path for path in found if "val" in path.name.lower()]
        if chosen or found:
            return chosen or found
    return []


def open_shards(paths: Sequence[Path]) -> Shards:
    """Index shards, all of one kind; raises DataError naming the shard and the image."""
    kinds = {path.suffix for path in paths}
    if len(kinds) > 1:
        raise DataError(f"{paths[0].parent} holds .tar and .parquet shards; keep one kind")
    return _open_tars(paths) if kinds == {".tar"} else _open_tables(paths)


def _open_tars(paths: Sequence[Path]) -> Shards:
    """The members' places are kept, so that any thread reads any image."""
    places: dict[str, tuple[Path, int, int]] = {}
    labels: list[int] = []
    for path in paths:
        images, classes = _members(path)
        if images and not classes:
            raise DataError(
                f"{path} holds images and no classes (.cls), so it is no webdataset shard; unpack it into a folder val, beside "
                "ILSVRC2012_devkit_t12 if it is the official archive"
            )
        for key, (name, start, size) in images.items():
            if key not in classes or name in places:
                what = "has no class (.cls)" if key not in classes else "is there twice"
                raise DataError(f"{path}: {name} {what}")
            places[name] = path, start, size
            labels.append(classes[key])

    def read(name: str) -> bytes:
        path, start, size = places[name]
        with path.open("rb") as stream:
            stream.seek(start)
            return stream.read(size)

    return Shards(tuple(places), np.array(labels, np.int64), read)


def _members(path: Path) -> tuple[dict[str, tuple[str, int, int]], dict[str, int]]:
    """Images by key with their place in the file, and classes by key."""
    images: dict[str, tuple[str, int, int]] = {}
    classes: dict[str, int] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                key = str(name.with_suffix(""))
                if member.isfile() and name.suffix.lower() in _IMAGES:
                    images[key] = name.name, member.offset_data, member.size
                elif member.isfile() and name.suffix == _CLASS and member.size < 32:
                    content = archive.extractfile(member)
                    classes[key] = int(content.read()) if content is not None else -1
    except (OSError, tarfile.TarError, ValueError, EOFError) as error:
        raise DataError(f"{path} is damaged or no webdataset shard ({error}); copy it again") from None
    return images, classes


def _open_tables(paths: Sequence[Path]) -> Shards:
    try:
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{paths[0]}: .parquet needs pyarrow (pip install pyarrow)") from None
    places: dict[str, tuple[int, int, int]] = {}
    labels: list[int] = []
    tables = [_checked(parquet, path) for path in paths]
    for shard, table in enumerate(tables):
        for group in range(table.num_row_groups):
            rows = table.read_row_group(group, columns=["image.path", "label"]).to_pylist()
            for row, content in enumerate(rows):
                stated = (content["image"] or {}).get("path")
                name = PurePosixPath(stated or f"{shard:05d}-{group:05d}-{row:05d}.jpg").name
                if name in places or content["label"] is None:
                    what = "is there twice" if name in places else "has no label"
                    raise DataError(f"{paths[shard]}: {name} {what}")
                places[name] = shard, group, row
                labels.append(int(content["label"]))
    return Shards(tuple(places), np.array(labels, np.int64), _Groups(tables, places).read)


def _checked(parquet: Any, path: Path) -> Any:
    try:
        table = parquet.ParquetFile(path)
    except Exception as error:
        # pyarrow's errors have no common base.
        raise DataError(f"{path} is no parquet file that can be read ({error}); copy it again") from None
    lacking = {"image.bytes", "image.path", "label"} - {column.path for column in _leaves(table)}
    if lacking:
        raise DataError(f"{path} has no column {sorted(lacking)[0]}; it must have image (bytes, path) and label")
    if "INT" not in next(column.physical_type for column in _leaves(table) if column.path == "label"):
        raise DataError(f"{path}: its column label holds no whole numbers; it must have class indices")
    return table


def _leaves(table: Any) -> list[Any]:
    return [table.schema.column(place) for place in range(len(table.schema))]


class _Groups:
    """Rows of tables; the last groups of rows are kept, because neighbours lie in one."""

    _KEPT: Final = 8

    def __init__(self, tables: Sequence[Any], places: Mapping[str, tuple[int, int, int]]) -> None:
        self._tables, self._places = tables, places
        self._groups: dict[tuple[int, int], Any] = {}
        self._lock = Lock()

    def read(self, name: str) -> bytes:
        """The content of an image's file."""
        shard, group, row = self._places[name]
        with self._lock:
            if (shard, group) not in self._groups:
                while len(self._groups) >= self._KEPT:
                    del self._groups[next(iter(self._groups))]
                column = self._tables[shard].read_row_group(group, columns=["image.bytes"]).column("image")
                self._groups[shard, group] = column.combine_chunks().field("bytes")
            content: bytes | None = self._groups[shard, group][row].as_py()
        if content is None:
            raise DataError(f"{name} has no content in its shard (image.bytes is empty); only its path is there")
        return content
