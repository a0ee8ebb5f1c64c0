"""HRank's networks: of full size, with pruned filters set to zero, and a rate for each convolution that its counter reads."""

from collections.abc import Callable
from typing import Any

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.pruned.googlenet import BLOCKS, GoogLeNet
from submissions.pruned.model import IMAGENET, classifier, depth_of
from submissions.pruned.plain import VGG16
from submissions.pruned.rates import removed_share
from submissions.pruned.residual import CifarResNet, ResNet50, cifar_channels, resnet50_channels

from .counting import CountedDenseNet, googlenet_layers, resnet50_layers, vgg_layers

MADE: dict[str, Callable[[int], nn.Module]] = {
    IMAGENET: lambda classes: ResNet50(resnet50_channels(), classes),
    "googlenet": lambda classes: GoogLeNet([1.0] * len(BLOCKS), classes),
    "densenet40": CountedDenseNet,
    "vgg16": VGG16,
}
"""Networks by name, beside the residual ones for CIFAR."""
LAYERS: dict[str, Callable[[nn.Module], list[list[str]]]] = {
    IMAGENET: resnet50_layers,
    "googlenet": googlenet_layers,
    "vgg16": vgg_layers,
}
"""Names of the convolutions that each rate of a list is for; elsewhere one rate for each convolution, in their order."""


def build(context: BuildContext) -> Any:
    """The network of a variant with its weights."""
    options: Any = context.options
    name = str(options["network"])
    make = dense(name, int(options["classes"]), int(options["width"]))

    def rated() -> nn.Module:
        module = make()
        module.pruning_rates = pruning_rates(module, name, str(options["rates"]))  # type: ignore[assignment]
        return module

    return classifier(context, rated)


def dense(network: str, classes: int, width: int = 16) -> Callable[[], nn.Module]:
    """What builds a network by its name; raises UsageError for others. `width` is for residual ones for CIFAR alone."""
    depth = depth_of(network, tuple(MADE))
    if classes < 1 or width < 1:
        raise UsageError(f"--set classes={classes} width={width}: both are whole numbers above 0")
    if not depth:
        return lambda: MADE[network](classes)
    # The authors' ResNet-110 names its classifier otherwise than their ResNet-56.
    head = "linear" if depth == 110 else "fc"
    return lambda: CifarResNet(cifar_channels(depth, width), classes, width, head)


def pruning_rates(module: nn.Module, network: str, rates: str) -> dict[str, float]:
    """The part of its filters that each convolution of `module` loses, by name; what keeps all is left out."""
    convolutions = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d)]
    layers = LAYERS[network](module) if network in LAYERS else [[name] for name in convolutions]
    what = f"{network}, a rate for each {'block' if network == 'googlenet' else 'convolution'},"
    shares = removed_share(rates, len(layers), "rates", what)
    return {name: share for names, share in zip(layers, shares, strict=True) for name in names if share}
