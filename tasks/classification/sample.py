"""The small data sets that the project generates itself, in the official layouts, the same bytes on every machine.

Classes are patterns (cifar10, cifar10.1), or patterns in colours (the others). The binary batches of CIFAR, because pickles
of arrays depend on NumPy's version.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tasks.classification.benchmarks import CIFAR10, Cifar
from tasks.classification.textures import COLOURS, PATTERNS, Picture, draw

SEED: Final = 20090408
SEED_10_1: Final = 20180601
COUNTS: Final = {10: 200, 100: 300}
"""Classes -> pictures of the test split."""
SIDE: Final = 32


def pictures(seed: int, count: int, classes: int, side: int = SIDE) -> tuple[Sequence[Picture], list[int]]:
    """`count` pictures of `seed` with their labels, every class equally often; picture ``i`` depends on ``(seed, i)``."""
    labels = [index % classes for index in range(count)]
    return [picture(seed, index, label, classes, side, side) for index, label in enumerate(labels)], labels


def picture(seed: int, index: int, label: int, classes: int, height: int, width: int) -> Picture:
    """One picture of a class: of ten, a pattern in any colour; of a hundred, a pattern in a colour."""
    if classes == len(PATTERNS):
        return draw(seed, index, label, None, height, width)
    return draw(seed, index, label // len(COLOURS) % len(PATTERNS), label % len(COLOURS), height, width)


def class_names(benchmark: Cifar) -> list[str]:
    """Names of the sample's classes: CIFAR-10's own, so that its classifiers can be tried."""
    from tasks.classification.benchmarks import CIFAR10_CLASSES

    if benchmark.classes == len(CIFAR10_CLASSES):
        return list(CIFAR10_CLASSES)
    return [f"{pattern}_{index}" for pattern in PATTERNS for index in range(len(COLOURS))]


def write_cifar(directory: Path, benchmark: Cifar) -> None:
    """Write the binary test batch and the names of the classes."""
    root = directory / benchmark.binary
    root.mkdir(parents=True, exist_ok=True)
    images, labels = pictures(SEED, COUNTS[benchmark.classes], benchmark.classes)
    rows = []
    for image, label in zip(images, labels, strict=True):
        before = [label // 5] * (benchmark.label_bytes - 1)
        rows.append(bytes([*before, label]) + np.ascontiguousarray(image.transpose(2, 0, 1)).tobytes())
    (root / f"{benchmark.batches['test'][0]}.bin").write_bytes(b"".join(rows))
    text = "\n".join(class_names(benchmark)) + "\n"
    (root / benchmark.names_file[1]).write_bytes(text.encode())


def write_cifar10_1(directory: Path) -> None:
    """Write both versions' arrays."""
    for version, (seed, count) in {"v6": (SEED_10_1, 100), "v4": (SEED_10_1 + 1, 110)}.items():
        images, labels = pictures(seed, count, CIFAR10.classes)
        _save(directory / f"cifar10.1_{version}_data.npy", np.stack(images))
        _save(directory / f"cifar10.1_{version}_labels.npy", np.array(labels, "<i8"))


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, version=(1, 0))
