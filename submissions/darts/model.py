"""Networks of cells behind the three timed steps: a picture of CIFAR or a photograph in, logits out."""

from typing import Any, Final

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1.model import Classifier as PhotographClassifier
from submissions.mobilenetv1.model import build_with
from submissions.resnet_cifar.model import Classifier, network_of

from .genotype import Genotype, find_genotype
from .network import NetworkCIFAR, NetworkImageNet

NETWORKS: Final = {"cifar": NetworkCIFAR, "imagenet": NetworkImageNet}
AUXILIARY: Final = ("auxiliary_head.",)
"""Checkpoints hold the head that serves training; it answers nothing and is not loaded."""


def build(context: BuildContext) -> Classifier | PhotographClassifier:
    """The network of a variant with its weights: its genotype's cells, stacked as `stem` says."""
    options: Any = context.options
    kind, name = str(options["stem"]), context.manifest.name
    if kind not in NETWORKS:
        raise UsageError(f"--set stem={kind}: it must be one of {', '.join(NETWORKS)}")
    parts = _checked(options)

    def make() -> nn.Module:
        return NETWORKS[kind](*parts)

    if kind == "imagenet":
        return build_with(context, make, name, AUXILIARY)
    return Classifier(network_of(context, make, name, AUXILIARY), context.device, str(options["normalisation"]))


def _checked(options: Any) -> tuple[Genotype, int, int, int]:
    """Genotype, channels, cells and classes; raises UsageError for what no network can be made of."""
    channels, layers, classes = (int(options[name]) for name in ("channels", "layers", "classes"))
    if channels < 2 or channels % 2:
        raise UsageError(f"--set channels={channels}: it must be an even number, at least 2")
    if layers < 3:
        raise UsageError(f"--set layers={layers}: there are at least 3 cells, two of which halve the size")
    if classes < 1:
        raise UsageError(f"--set classes={classes}: there is at least one class")
    return find_genotype(str(options["genotype"])), channels, layers, classes
