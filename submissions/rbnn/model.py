"""RBNN behind the three timed steps: pictures of CIFAR, or photographs."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1 import model as photographs
from submissions.mobilenetv1.preprocess import Preprocessing
from submissions.resnet_cifar import model as pictures

from .network import CifarResNet, ImageNetResNet, VGGSmall

CIFAR: Final[dict[str, Callable[[int, int], nn.Module]]] = {
    "resnet18": lambda width, classes: CifarResNet(
        [4 * width << stage for stage in range(4)], [2] * 4, classes, padded=False
    ),
    "resnet20": lambda width, classes: CifarResNet(
        [width << stage for stage in range(3)], [3] * 3, classes, padded=True
    ),
    "resnet20-bireal": lambda width, classes: CifarResNet(
        [width << stage for stage in range(3)], [3] * 3, classes, padded=True, twice=True
    ),
    "resnet8-bireal": lambda width, classes: CifarResNet(
        [width << stage for stage in range(3)], [1] * 3, classes, padded=True, twice=True
    ),
    "vgg-small": lambda width, classes: VGGSmall(classes),
}
"""Networks for CIFAR by name, from a width (16 as published) and a number of classes."""
IMAGENET: Final = {"imagenet-resnet18": (2, 2, 2, 2), "imagenet-resnet34": (3, 4, 6, 3)}
"""Blocks of the networks for photographs."""


def build(context: BuildContext) -> Any:
    """The network of a variant with its weights."""
    options: Any = context.options
    name, width, classes = str(options["network"]), int(options["width"]), int(options["classes"])
    module = pictures.network_of(context, lambda: network(name, width, classes), context.manifest.name)
    if name in CIFAR:
        return pictures.Classifier(module, context.device, str(options["normalisation"]))
    chosen = {field.name: options[field.name] for field in fields(Preprocessing) if field.name in options}
    return photographs.Classifier(module, context.device, Preprocessing(**chosen))


def network(name: str, width: int, classes: int) -> nn.Module:
    """A network by its name; raises UsageError for names that there are not, and for sizes below 1."""
    if name not in CIFAR and name not in IMAGENET:
        raise UsageError(f"--set network={name[:40]}: it must be one of {', '.join([*CIFAR, *IMAGENET])}")
    if width < 1 or classes < 1:
        raise UsageError(f"--set width={width} classes={classes}: both are whole numbers above 0")
    return CIFAR[name](width, classes) if name in CIFAR else ImageNetResNet(IMAGENET[name], classes)
