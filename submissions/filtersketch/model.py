"""FilterSketch's networks: fewer filters inside the blocks, by a rate for each block."""

from collections.abc import Callable
from typing import Any

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.pruned.googlenet import BLOCKS, GoogLeNet
from submissions.pruned.model import IMAGENET, classifier, depth_of
from submissions.pruned.rates import kept_share, widths
from submissions.pruned.residual import CifarResNet, ResNet50, cifar_channels, resnet50_channels

GOOGLENET = "googlenet"


def build(context: BuildContext) -> Any:
    """The network of a variant, its rate list applied, with its weights."""
    options: Any = context.options
    make = sketched(str(options["network"]), str(options["rates"]), int(options["classes"]), int(options["width"]))
    return classifier(context, make)


def sketched(network: str, rates: str, classes: int, width: int = 16) -> Callable[[], nn.Module]:
    """What builds a network whose blocks keep the parts of their filters that `rates` says; UsageError where it does not fit."""
    depth = depth_of(network, (IMAGENET, GOOGLENET))
    if classes < 1 or width < 1:
        raise UsageError(f"--set classes={classes} width={width}: both are whole numbers above 0")
    if network == GOOGLENET:
        shares = kept_share(rates, len(BLOCKS), "rates", "googlenet, a rate for each inception block,")
        for share, filters in zip(shares, BLOCKS.values(), strict=True):
            widths([share] * 3, [filters[1], filters[3], filters[4]], f"rates={rates}")
        return lambda: GoogLeNet(shares, classes)
    channels = cifar_channels(depth, width) if depth else resnet50_channels()
    shares = kept_share(rates, len(channels), "rates", f"{network}, a rate for each block,")
    inner = widths(shares, channels, f"rates={rates}")
    return (lambda: CifarResNet(inner, classes, width)) if depth else (lambda: ResNet50(inner, classes))
