"""The generated samples: those of CIFAR-10 and ImageNet, the latter with a list of the images that are attacked."""

from pathlib import Path
from typing import Final

from tasks.classification.benchmarks import CIFAR10
from tasks.classification.robustness.data import SELECTION
from tasks.classification.sample import (
    IMAGENET_COUNT,
    imagenet_label,
    validation_name,
    wordnet_ids,
    write_cifar,
    write_imagenet,
)

EACH: Final = 4
"""Every so many images of ImageNet's sample are attacked."""


def write_attacked_cifar(directory: Path) -> None:
    """Write CIFAR-10's sample."""
    write_cifar(directory, CIFAR10)


def write_attacked_imagenet(directory: Path) -> None:
    """Write ImageNet's sample and a list in RobustBench's form."""
    write_imagenet(directory)
    names = wordnet_ids()
    lines = [f"{names[imagenet_label(index)]}/{validation_name(index + 1)}" for index in range(0, IMAGENET_COUNT, EACH)]
    (directory / SELECTION).write_bytes("\n".join(lines).encode())
