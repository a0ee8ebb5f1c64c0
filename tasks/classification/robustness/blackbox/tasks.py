"""The entry points' factories: one function a task."""

from functools import partial
from types import MappingProxyType
from typing import Final

from tasks.classification import tasks as classification
from tasks.classification.benchmarks import CIFAR10
from tasks.classification.robustness.blackbox.data import open_asked_cifar, open_asked_imagenet
from tasks.classification.robustness.blackbox.declaration import make_meta
from tasks.classification.robustness.blackbox.task import Blackbox
from tasks.classification.sample import write_cifar, write_imagenet

_CIFAR_RADII: Final = MappingProxyType({"linf": "8/255", "l2": "0.5"})
_IMAGENET_RADII: Final = MappingProxyType({"linf": "0.05", "l2": "5"})
"""MadryLab's, and PPBA's."""
SAMPLE_COUNT: Final = 24
"""Pictures of the generated samples: each that stands costs the whole budget."""


def cifar10_blackbox() -> Blackbox:
    """The task `cifar10-blackbox`."""
    data = classification.cifar10().meta
    meta = make_meta(
        "cifar10-blackbox", data="CIFAR-10", radii=_CIFAR_RADII, splits=("test",), layout=data.layout, licence=data.licence,
        citation=data.citation,
    )  # fmt: skip
    return Blackbox(
        meta, _CIFAR_RADII, 32, open_asked_cifar, partial(write_cifar, benchmark=CIFAR10, count=SAMPLE_COUNT)
    )


def imagenet_blackbox() -> Blackbox:
    """The task `imagenet-blackbox`."""
    data = classification.imagenet().meta
    meta = make_meta(
        "imagenet-blackbox", data="ImageNet", radii=_IMAGENET_RADII, splits=("val",), layout=data.layout,
        licence=data.licence, citation=data.citation,
    )  # fmt: skip
    return Blackbox(meta, _IMAGENET_RADII, 224, open_asked_imagenet, partial(write_imagenet, count=SAMPLE_COUNT))
