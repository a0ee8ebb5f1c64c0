"""The entry points' factories: one function a task."""

from typing import Final

from tasks.classification import tasks as classification
from tasks.classification.robustness.data import SELECTION, open_attacked_cifar, open_attacked_imagenet
from tasks.classification.robustness.declaration import make_meta
from tasks.classification.robustness.sample import write_attacked_cifar, write_attacked_imagenet
from tasks.classification.robustness.task import Robustness

_SELECTION_LAYOUT: Final = f"""
{SELECTION}        (RobustBench's list of the 5,000 images that are attacked, a path each line)
"""


def _cifar(norm: str, radius: str) -> Robustness:
    data = classification.cifar10().meta
    meta = make_meta(
        f"cifar10-{norm}", data="CIFAR-10", norm=norm, radius=radius, splits=("test",), layout=data.layout,
        licence=data.licence, citation=data.citation, homepage="https://robustbench.github.io",
    )  # fmt: skip
    return Robustness(meta, norm, open_attacked_cifar, write_attacked_cifar)


def cifar10_linf() -> Robustness:
    """The task `cifar10-linf`."""
    return _cifar("linf", "8/255")


def cifar10_l2() -> Robustness:
    """The task `cifar10-l2`."""
    return _cifar("l2", "0.5")


def imagenet_linf() -> Robustness:
    """The task `imagenet-linf`."""
    data = classification.imagenet().meta
    meta = make_meta(
        "imagenet-linf", data="ImageNet", norm="linf", radius="4/255", splits=("val",), layout=data.layout + _SELECTION_LAYOUT,
        licence=data.licence, citation=data.citation, homepage="https://robustbench.github.io",
    )  # fmt: skip
    return Robustness(meta, "linf", open_attacked_imagenet, write_attacked_imagenet)
