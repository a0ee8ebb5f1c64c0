"""The small data sets that the project generates itself, in the official layouts, the same bytes on every machine.

Classes are patterns (cifar10, cifar10.1), or patterns in colours (the others). The binary batches of CIFAR, because pickles
of arrays depend on NumPy's version.
"""

import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.mat import MatValue, Struct
from harness.mat_writer import write_mat
from harness.raw_stream import RawStream
from tasks.classification.benchmarks import CIFAR10, Cifar
from tasks.classification.imagenet_files import GROUND_TRUTH
from tasks.classification.textures import COLOURS, PATTERNS, Picture, draw

SEED: Final = 20090408
SEED_10_1: Final = 20180601
COUNTS: Final = {10: 200, 100: 300}
"""Classes -> pictures of the test split."""
SIDE: Final = 32
SEED_IMAGENET: Final = 20120101
IMAGENET_COUNT: Final = 200
V2_SPLITS: Final = ("matched-frequency", "threshold0.7", "top-images")


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


def write_cifar(directory: Path, benchmark: Cifar, count: int | None = None) -> None:
    """Write the binary test batch, all of it or the first `count` pictures, and the names of the classes."""
    root = directory / benchmark.binary
    root.mkdir(parents=True, exist_ok=True)
    images, labels = pictures(SEED, count or COUNTS[benchmark.classes], benchmark.classes)
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


def write_imagenet(directory: Path, count: int = IMAGENET_COUNT) -> None:
    """Write the first `count` validation images and the development kit's truth."""
    labels = _write_images(directory / "val", lambda index, label: validation_name(index + 1), SEED_IMAGENET, count)
    data = directory / "ILSVRC2012_devkit_t12" / "data"
    data.mkdir(parents=True, exist_ok=True)
    names = wordnet_ids()
    # The kit counts its classes from 1 in an order of its own.
    numbers = [len(names) - place for place in range(len(names))]
    synsets: dict[str, list[MatValue]] = {
        "ILSVRC2012_ID": [np.array([[number]], np.float64) for number in numbers],
        "WNID": list(names),
        "words": [f"class {place}" for place in range(len(names))],
        "num_children": [np.array([[0]], np.float64) for _ in names],
    }
    write_mat(data / "meta.mat", {"synsets": Struct((len(names), 1), synsets)})
    (data / GROUND_TRUTH).write_bytes("".join(f"{numbers[label]}\n" for label in labels).encode())


def write_imagenet_v2(directory: Path) -> None:
    """Write folders named by class index, for the three ways in which the images were chosen."""
    for place, split in enumerate(V2_SPLITS):
        root = directory / f"imagenetv2-{split}-format-val"
        _write_images(root, lambda index, label: f"{label}/{index:016x}.jpeg", SEED_IMAGENET + 1 + place)


def write_imagenet_real(directory: Path) -> None:
    """Write the validation images and ``real.json``: every 20th image has no class, every seventh has two."""
    labels = _write_images(directory / "val", lambda index, label: validation_name(index + 1), SEED_IMAGENET)
    sets = [
        [] if i % 20 == 19 else [label, (label + 1) % 1000][: 2 if i % 7 == 0 else 1] for i, label in enumerate(labels)
    ]
    (directory / "real.json").write_bytes(json.dumps(sets).encode())


def wordnet_ids() -> list[str]:
    """A thousand ids in WordNet's form that WordNet does not have."""
    return [f"n{90_000_000 + 37 * index:08d}" for index in range(1000)]


def validation_name(number: int) -> str:
    """The name of a validation image's file."""
    return f"ILSVRC2012_val_{number:08d}.JPEG"


def imagenet_label(index: int) -> int:
    """The class of picture `index`: a hundred of the thousand classes have pictures."""
    return index % 100 * 10


def imagenet_picture(seed: int, index: int) -> Picture:
    """One picture of the samples of ImageNet's tasks; its size varies."""
    sides = RawStream(seed, index, 1)
    return picture(seed, index, index % 100, 100, sides.between(48, 72), sides.between(48, 72))


def _write_images(root: Path, name: Callable[[int, int], str], seed: int, count: int = IMAGENET_COUNT) -> list[int]:
    labels = [imagenet_label(index) for index in range(count)]
    for index, label in enumerate(labels):
        path = root / name(index, label)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_png(imagenet_picture(seed, index)))
    return labels


def _png(image: Picture) -> bytes:
    """The image as a PNG that is not compressed: its bytes depend on no compressor's version."""
    height, width = image.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 0)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, version=(1, 0))
