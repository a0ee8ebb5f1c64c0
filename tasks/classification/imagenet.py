"""ImageNet's validation set and its relatives on disk -> samples and truth."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from harness.columns import Column, Ragged, Table
from harness.errors import DataError, UsageError
from harness.images import image_loader
from harness.json_files import decode, read_bytes
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.classification.arrays import check_labels
from tasks.classification.choices import choices
from tasks.classification.cifar import range_names
from tasks.classification.imagenet_files import (
    CLASS_LISTS,
    GROUND_TRUTH,
    Labelled,
    find_class_list,
    from_csv,
    from_devkit,
    from_names,
    image_names,
    read_class_list,
)
from tasks.classification.shards import Shards, find_shards, open_shards

CLASSES: Final = 1000
WORDNET_SHA256: Final = "385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd"
"""Of ILSVRC 2012's thousand WordNet ids, sorted, with line ends between them."""
_DEVKIT: Final = ("ILSVRC2012_devkit_t12", "devkit", ".")
_IMAGES: Final = ("val", "ILSVRC2012_img_val", "validation", "images", "ILSVRC/Data/CLS-LOC/val")
_KAGGLE: Final = "LOC_val_solution.csv"


def open_imagenet(task: Task, request: DataRequest) -> Dataset:
    """Read the labels and find the images of the validation set; raises DataError."""
    shards = _shards(task, request)
    if shards is not None:
        return _from_shards(request, request.split or task.meta.splits[0], *shards)
    labelled, source = _labelled(task, request)
    return _dataset(request, request.split or task.meta.splits[0], labelled, source, each=50)


def _shards(task: Task, request: DataRequest) -> tuple[Shards, Path] | None:
    """Shards, where the data are kept in such."""
    if request.data is None or request.annotations is not None or request.images is not None:
        return None
    root = find_root(request.data, lambda folder: _holds(folder) or bool(find_shards(folder)), task)
    # An archive beside a folder of images is where these come from.
    return None if _holds(root) else (open_shards(find_shards(root)), root)


def _from_shards(request: DataRequest, split: str, shards: Shards, root: Path) -> Dataset:
    labelled = Labelled(shards.files, shards.labels, find_class_list(root), root)
    dataset = _dataset(replace(request, with_inputs=False), split, labelled, None, each=50)
    names = {_id(file): file for file in shards.files}
    return replace(dataset, load=shards.loader(names) if request.with_inputs else None)


def _id(file: str) -> str:
    """The stem of a file's name; what some copies of the validation set put behind it, the WordNet id, is left out."""
    return re.sub(r"^(ILSVRC2012_val_\d{8})_n\d{8}$", r"\1", PurePosixPath(file).stem)


def _labelled(task: Task, request: DataRequest) -> tuple[Labelled, Path | None]:
    """The labels, and where the images lie."""
    if request.annotations is not None:
        return _given(request.annotations, request.images), request.images
    if request.images is not None:
        listed = find_class_list(request.images.parent, *([request.images] if request.images.is_dir() else []))
        return from_names(image_names(request.images), listed, request.images), request.images
    if request.data is None:
        raise UsageError("the data are not given; name them with --data DIR, or with --images and --annotations")
    root = find_root(request.data, _holds, task)
    source = next((root / name for name in _IMAGES if (root / name).is_dir()), root)
    devkit = next((root / name for name in _DEVKIT if _is_devkit(root / name)), None)
    if devkit is not None:
        return from_devkit(devkit), source
    if (root / _KAGGLE).is_file():
        return from_csv(root / _KAGGLE, find_class_list(root)), source
    return from_names(image_names(source), find_class_list(root), source), source


def _holds(root: Path) -> bool:
    images = any((root / name).is_dir() and not _shards_in(root / name) for name in _IMAGES)
    return images or any(_is_devkit(root / name) for name in _DEVKIT)


def _shards_in(folder: Path) -> bool:
    return any(path.parent == folder for path in find_shards(folder))


def _is_devkit(folder: Path) -> bool:
    return (folder / GROUND_TRUTH).is_file() or (folder / "data" / GROUND_TRUTH).is_file()


def _given(path: Path, images: Path | None) -> Labelled:
    """Labels from what ``--annotations`` names: a development kit, a table, or a list of the classes."""
    if path.is_dir():
        return from_devkit(path)
    if path.name == GROUND_TRUTH:
        return from_devkit(path.parent)
    if path.suffix.lower() in (".csv", ".tsv"):
        return from_csv(path, find_class_list(path.parent))
    if images is None:
        raise UsageError(
            f"--annotations {path} names classes; the images whose names hold theirs are given with --images"
        )
    return from_names(image_names(images), read_class_list(path), images)


def open_imagenet_v2(task: Task, request: DataRequest) -> Dataset:
    """Read ImageNetV2: folders named by class index; raises DataError."""
    split = request.split or task.meta.splits[0]
    if request.annotations is not None:
        return _dataset(request, split, _given(request.annotations, request.images), request.images, each=10)
    name = f"imagenetv2-{split}-format-val"
    source = request.images
    if source is None:
        if request.data is None:
            raise UsageError("the data are not given; name them with --data DIR or --images FOLDER")
        source = find_root(request.data, lambda root: (root / name).is_dir() or root.name == name, task)
        source = source if source.name == name else source / name
    return _dataset(request, split, from_names(image_names(source), (), source), source, each=10)


def open_imagenet_real(task: Task, request: DataRequest) -> Dataset:
    """Read the reassessed labels, ``real.json``, of the validation images; those without any are left out."""
    split = request.split or task.meta.splits[0]
    if request.annotations is None and request.data is None:
        raise UsageError(
            "the data are not given; name them with --data DIR, or with --images and --annotations real.json"
        )
    if request.annotations is not None:
        path, source = request.annotations, request.images
    else:
        assert request.data is not None
        root = find_root(request.data, lambda folder: (folder / "real.json").is_file(), task)
        path = root / "real.json"
        source = request.images or next((root / name for name in _IMAGES if (root / name).is_dir()), root)
    sets = _read_sets(path)
    there = [index for index, one in enumerate(sets) if one]
    files = tuple(f"ILSVRC2012_val_{index + 1:08d}.JPEG" for index in there)
    offsets = np.concatenate([[0], np.cumsum([len(sets[index]) for index in there])]).astype(np.int64)
    values = check_labels(np.array([label for index in there for label in sets[index]], np.int64), CLASSES, path)
    notes = [f"{len(sets) - len(there)} of {len(sets)} images have no class in {path.name} and are left out"]
    return _make(
        request, split, files, {"labels": Ragged(values, offsets)}, source, (), path,
        custom=len(sets) != 50_000, warnings=notes if len(there) < len(sets) else [],
    )  # fmt: skip


def _read_sets(path: Path) -> list[list[int]]:
    return decode(read_bytes(path, DataError), list[list[int]], path, DataError)


def _dataset(request: DataRequest, split: str, labelled: Labelled, source: Path | None, *, each: int) -> Dataset:
    """The data set of single labels; it is the benchmark's own if there are `each` images of every class."""
    check_labels(labelled.labels, CLASSES, labelled.where)
    wordnet = labelled.wordnet
    if wordnet and len(wordnet) != CLASSES:
        raise DataError(
            f"{labelled.where} has {len(wordnet)} classes, and which of the {CLASSES} they are cannot be told; put a list of "
            f"all WordNet ids beside it ({', '.join(CLASS_LISTS[:3])}), or give class indices with --annotations LABELS.csv"
        )
    known = not wordnet or hashlib.sha256("\n".join(wordnet).encode()).hexdigest() == WORDNET_SHA256
    official = known and bool((np.bincount(labelled.labels, minlength=CLASSES) == each).all())
    return _make(
        request, split, labelled.files, {"label": labelled.labels}, source, wordnet, labelled.where, custom=not official
    )  # fmt: skip


def _make(
    request: DataRequest, split: str, files: Sequence[str], truth: dict[str, Column], source: Path | None,
    wordnet: Sequence[str], where: Path, *, custom: bool, warnings: Sequence[str] = (),
) -> Dataset:  # fmt: skip
    """The data set, in the order of its ids: the stems of the files' names."""
    stems = [_id(file) for file in files]
    order = np.array(sorted(range(len(stems)), key=stems.__getitem__), np.int64)
    ids = tuple(stems[index] for index in order)
    twice = next((one for one, other in pairwise(ids) if one == other), "")
    if twice:
        raise DataError(f"{where} has two images called {twice}; their names must differ")
    table = Table(tuple(stems), truth).take(order)
    names = list(wordnet) or list(range_names(CLASSES))
    load = None
    if request.with_inputs:
        load = image_loader(source, {stems[index]: files[index] for index in order}, where)
    return Dataset(
        split=split, ids=ids, truth=table, load=load, custom=custom, warnings=tuple(warnings),
        facts={"classes": CLASSES, "categories": names, **choices(request, names)}, identity={"classes": CLASSES},
    )  # fmt: skip
