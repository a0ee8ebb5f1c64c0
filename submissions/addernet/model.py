"""AdderNet behind the three timed steps: those of the networks that it is made after, around its own."""

from typing import Any

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1.model import Classifier as PhotographClassifier
from submissions.mobilenetv1.model import build_with as build_for_photographs
from submissions.resnet_cifar.model import Classifier, build_with

from .network import AdderResNet
from .network50 import AdderResNet50


def build(context: BuildContext) -> Classifier | PhotographClassifier:
    """The network of a variant with its weights."""
    options: Any = context.options
    stem, classes = str(options["stem"]), int(options["classes"])
    if stem not in ("cifar", "imagenet"):
        raise UsageError(f"--set stem={stem}: it must be cifar or imagenet")
    if stem == "imagenet":
        return build_for_photographs(context, lambda: AdderResNet50(classes), "addernet")
    return build_with(context, AdderResNet, "addernet")
