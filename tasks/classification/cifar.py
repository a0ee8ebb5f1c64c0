"""CIFAR-10, CIFAR-100 and CIFAR-10.1 on disk -> samples and truth."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.columns import Table
from harness.errors import DataError, UsageError
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.classification.arrays import Images, Int, load_images, load_labels
from tasks.classification.benchmarks import CIFAR10_1_COUNTS, CIFAR10_CLASSES, Cifar
from tasks.classification.choices import choices
from tasks.classification.cifar_files import holds_cifar, read_cifar


def open_cifar(task: Task, benchmark: Cifar, request: DataRequest) -> Dataset:
    """Read the batches, or the arrays given with ``--images`` and ``--annotations``; raises DataError."""
    split = request.split or task.meta.splits[0]
    if request.annotations is not None or request.images is not None:
        names = CIFAR10_CLASSES if benchmark.classes == 10 else ()
        return _from_arrays(request, split, benchmark.classes, names)
    if request.data is None:
        raise UsageError("the data are not given; name them with --data DIR, or with --images and --annotations")
    root = find_root(request.data, lambda folder: holds_cifar(folder, benchmark), task)
    batches = read_cifar(root, benchmark, split)
    official = batches.published is not False and _balanced(batches.labels, benchmark, split)
    warnings = []
    if batches.published is False and len(batches.labels) == benchmark.counts[split]:
        warnings.append(
            f"{batches.source} is not the published file (its MD5 differs): its pixels may be copies that lost something, "
            "so the score is not to be compared with the benchmark's"
        )
    return make_dataset(
        request, split, batches.labels, batches.images, batches.names, custom=not official, warnings=warnings,
        checked=batches.published,
    )  # fmt: skip


def _balanced(labels: Int, benchmark: Cifar, split: str) -> bool:
    """Whether there are as many pictures as there should be, equally many of each class."""
    each = benchmark.counts[split] // benchmark.classes
    return bool((np.bincount(labels, minlength=benchmark.classes) == each).all())


def open_cifar10_1(task: Task, request: DataRequest) -> Dataset:
    """Read CIFAR-10.1's arrays; raises DataError."""
    split = request.split or task.meta.splits[0]
    if request.annotations is not None or request.images is not None:
        return _from_arrays(request, split, len(CIFAR10_CLASSES), CIFAR10_CLASSES)
    if request.data is None:
        raise UsageError("the data are not given; name them with --data DIR, or with --images and --annotations")
    stem = f"cifar10.1_{split}"
    root = find_root(request.data, lambda folder: (folder / f"{stem}_labels.npy").is_file(), task)
    labels = load_labels(root / f"{stem}_labels.npy", len(CIFAR10_CLASSES))
    images = load_images(root / f"{stem}_data.npy")
    _check_counts(images, labels, root)
    official = len(labels) == CIFAR10_1_COUNTS.get(split)
    return make_dataset(request, split, labels, images, CIFAR10_CLASSES, custom=not official)


def _from_arrays(request: DataRequest, split: str, classes: int, names: Sequence[str]) -> Dataset:
    if request.annotations is None:
        raise UsageError("the labels of --images are not given; name them with --annotations LABELS.npy")
    labels = load_labels(request.annotations, classes)
    if request.images is None and request.with_inputs:
        raise DataError(f"the pictures of {request.annotations} are not given: name them with --images PICTURES.npy")
    images = load_images(request.images) if request.images is not None else None
    if images is not None:
        _check_counts(images, labels, request.annotations)
    return make_dataset(request, split, labels, images, names or range_names(classes), custom=True)


def _check_counts(images: Images, labels: Int, where: Path) -> None:
    if len(images) != len(labels):
        raise DataError(f"{where}: there are {len(images)} pictures and {len(labels)} labels; they must be as many")


def range_names(classes: int) -> tuple[str, ...]:
    """Names for classes that nothing names."""
    return tuple(f"class {index}" for index in range(classes))


def make_dataset(
    request: DataRequest,
    split: str,
    labels: Int,
    images: Images | None,
    names: Sequence[str],
    *,
    custom: bool,
    warnings: Sequence[str] = (),
    checked: bool | None = None,
) -> Dataset:
    """The data set of pictures in memory; ids are their places in the split."""
    width = max(5, len(str(len(labels) - 1)))
    ids = tuple(f"{index:0{width}d}" for index in range(len(labels)))
    facts: dict[str, Any] = {"classes": len(names), "categories": list(names), **choices(request, names)}
    if images is not None:
        facts["pixels_sha256"] = pixels_digest(images)
        facts["pixels_published"] = {True: "yes", False: "no", None: "unknown"}[checked]
    return Dataset(
        split=split, ids=ids, truth=Table(ids, {"label": labels}), facts=facts, warnings=tuple(warnings), custom=custom,
        load=None if images is None or not request.with_inputs else _loader(images, ids),
        identity={"classes": len(names)},
    )  # fmt: skip


def _loader(images: Images, ids: Sequence[str]) -> Callable[[str], Mapping[str, Any]]:
    position = {id: index for index, id in enumerate(ids)}
    return lambda id: {"image": images[position[id]]}


def pixels_digest(images: Images) -> str:
    """SHA-256 over shape and pixels, the same for every form that keeps them."""
    digest = hashlib.sha256(f"{images.dtype} {images.shape}\0".encode())
    digest.update(np.ascontiguousarray(images).data)
    return digest.hexdigest()
