"""Pruned classifiers behind the three timed steps: pictures of CIFAR, or photographs for ResNet-50."""

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1 import model as photographs
from submissions.mobilenetv1.preprocess import Preprocessing
from submissions.resnet_cifar import model as pictures

_RESIDUAL: Final = re.compile(r"resnet(\d{1,4})")
IMAGENET: Final = "resnet50"


def depth_of(network: str, others: tuple[str, ...]) -> int:
    """Layers of a residual network for CIFAR by its name, ``resnet56``; 0 for one of `others`.

    Raises UsageError for any other name.
    """
    if network in others:
        return 0
    found = _RESIDUAL.fullmatch(network)
    depth = int(found[1]) if found else 0
    if depth < 8 or (depth - 2) % 6:
        raise UsageError(
            f"--set network={network[:40]}: it must be {', '.join(others)}, or resnet with 6n + 2 layers such as resnet56"
        )
    return depth


def classifier(context: BuildContext, make: Callable[[], nn.Module]) -> Any:
    """What `make` builds, with its weights: for photographs if the option `network` is ResNet-50, else for CIFAR."""
    options: Any = context.options
    module = pictures.network_of(context, make, context.manifest.name)
    if options["network"] != IMAGENET:
        return pictures.Classifier(module, context.device, str(options["normalisation"]))
    chosen = {field.name: options[field.name] for field in fields(Preprocessing) if field.name in options}
    return photographs.Classifier(module, context.device, Preprocessing(**chosen))
