"""The official batches of CIFAR, pickled or binary, in a folder or in the archive as it is published."""

import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.archives import read_gzip
from harness.errors import DataError
from tasks.classification.arrays import Images, Int, check_labels
from tasks.classification.benchmarks import Cifar
from tasks.classification.pickles import NotPlain, read_batch

SIDE: Final = 32
_PIXELS: Final = 3 * SIDE * SIDE


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """The pictures of one split. `published` tells of each file whether it is the published one, None if unknown."""

    images: Images
    labels: Int
    names: tuple[str, ...]
    source: Path
    published: bool | None


@dataclass(frozen=True, slots=True)
class _Store:
    """Named files: in a folder or in memory."""

    where: Path
    read: Callable[[str], bytes]
    published: bool | None


def holds_cifar(root: Path, benchmark: Cifar) -> bool:
    """Whether batches or an archive of them lie directly in `root`."""
    first = next(iter(benchmark.batches.values()))[0]
    files = (f"{benchmark.python}/{first}", f"{benchmark.binary}/{first}.bin", *_archives(benchmark))
    return any((root / file).is_file() for file in files) or (root.name in (benchmark.python, benchmark.binary))


def read_cifar(root: Path, benchmark: Cifar, split: str) -> Batches:
    """The pictures of a split, from whichever form lies in `root`; raises DataError naming file and defect."""
    for name, read in ((benchmark.python, _read_python), (benchmark.binary, _read_binary)):
        folder = root if root.name == name else root / name
        if folder.is_dir():
            return read(_folder(folder), benchmark, split)
    for name in _archives(benchmark):
        if (root / name).is_file():
            store = _archive(root / name, benchmark)
            return (_read_python if "python" in name else _read_binary)(store, benchmark, split)
    raise DataError(f"{root} holds no batches of {benchmark.title}")


def _archives(benchmark: Cifar) -> tuple[str, ...]:
    return tuple(name for name in benchmark.md5 if name.endswith(".tar.gz"))


def _folder(folder: Path) -> _Store:
    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise DataError(f"{folder / name} cannot be read: {error.strerror or error}") from None

    return _Store(folder, read, None)


def _archive(path: Path, benchmark: Cifar) -> _Store:
    with path.open("rb") as stream:
        # What the publishers state is an MD5; it tells copies apart and protects from nothing.
        known = hashlib.file_digest(stream, "md5").hexdigest() == benchmark.md5[path.name]
    content = read_gzip(path, DataError)
    try:
        archive = tarfile.open(fileobj=io.BytesIO(content))  # noqa: SIM115 - it lies in memory
        members = {Path(member.name).name: member for member in archive.getmembers() if member.isfile()}
    except (tarfile.TarError, zlib.error, ValueError, EOFError) as error:
        raise DataError(f"{path} is damaged or no tar archive ({error}); copy it again") from None

    def read(name: str) -> bytes:
        found = archive.extractfile(members[name]) if name in members else None
        if found is None:
            raise DataError(f"{path} has no file {name}")
        return found.read()

    return _Store(path, read, known)


def _read_python(store: _Store, benchmark: Cifar, split: str) -> Batches:
    parts, labels, published = [], [], store.published
    for name in benchmark.batches[split]:
        data = store.read(name)
        if store.published is None:
            known = hashlib.md5(data, usedforsecurity=False).hexdigest() == benchmark.md5[name]
            published = known if published is None else published and known
        batch = _unpickled(data, store.where / name)
        parts.append(_pixels(batch.get("data"), store.where / name))
        labels.append(_batch_labels(batch.get(benchmark.labels_key), len(parts[-1]), store.where / name, benchmark))
    names = _unpickled(store.read(benchmark.names_file[0]), store.where / benchmark.names_file[0])
    return _joined(parts, labels, names.get(benchmark.names_key), store, published, benchmark)


def _unpickled(data: bytes, where: Path) -> dict[str, Any]:
    try:
        return read_batch(data)
    except NotPlain as error:
        raise DataError(f"{where} is not read: {error}; copy it again from the official archive") from None


def _pixels(data: Any, where: Path) -> Images:
    if not isinstance(data, np.ndarray) or data.ndim != 2 or data.shape[1] != _PIXELS:
        raise DataError(f"{where} holds no pictures: data must be uint8 (n, {_PIXELS})")
    return data.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)


def _batch_labels(labels: Any, count: int, where: Path, benchmark: Cifar) -> Int:
    if not isinstance(labels, list) or len(labels) != count or not all(type(one) is int for one in labels):
        raise DataError(f"{where} holds no {benchmark.labels_key} for its {count} pictures")
    return check_labels(np.array(labels, np.int64), benchmark.classes, where)


def _read_binary(store: _Store, benchmark: Cifar, split: str) -> Batches:
    parts, labels = [], []
    row = benchmark.label_bytes + _PIXELS
    for name in benchmark.batches[split]:
        data, where = np.frombuffer(store.read(f"{name}.bin"), np.uint8), store.where / f"{name}.bin"
        if not len(data) or len(data) % row:
            raise DataError(f"{where} has {len(data):,} bytes, no multiple of {row}; copy it again")
        rows = data.reshape(-1, row)
        labels.append(check_labels(rows[:, benchmark.label_bytes - 1].astype(np.int64), benchmark.classes, where))
        parts.append(_pixels(rows[:, benchmark.label_bytes :], where))
    names = store.read(benchmark.names_file[1]).decode("utf-8", "replace").split()
    return _joined(parts, labels, names, store, store.published, benchmark)


def _joined(
    parts: list[Images], labels: list[Int], names: Any, store: _Store, published: bool | None, benchmark: Cifar
) -> Batches:
    if not isinstance(names, list) or len(names) != benchmark.classes:
        raise DataError(f"{store.where} does not name the {benchmark.classes} classes of {benchmark.title}")
    images = np.ascontiguousarray(np.concatenate(parts))
    return Batches(images, np.concatenate(labels), tuple(map(str, names)), store.where, published)
