"""The quoted networks behind the three timed steps: a picture of CIFAR or a photograph in, logits out."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1.model import build_with
from submissions.resnet_cifar.model import Classifier, network_of

from .manual import densenet_bc, proxyless_gpu, shufflenet
from .stacks import stack
from .trees import forest


def build(context: BuildContext) -> Any:
    """The network of a variant; there are no weights of the authors that load into it."""
    options: Any = context.options
    name, classes = str(options["network"]), int(options["classes"])
    if name not in NETWORKS:
        raise UsageError(f"--set network={name[:40]}: it must be one of {', '.join(NETWORKS)}")
    if classes < 1:
        raise UsageError(f"--set classes={classes}: it must be a whole number above 0")
    make = partial(NETWORKS[name], classes)
    if name.endswith("-cifar"):
        return Classifier(network_of(context, make, context.manifest.name), context.device, "cifar-darts")
    return build_with(context, make, context.manifest.name)


def _shufflenet_v2(classes: int) -> nn.Module:
    from torchvision.models import shufflenet_v2_x2_0

    found: nn.Module = shufflenet_v2_x2_0(weights=None, num_classes=classes)
    return found


def _googlenet(classes: int) -> nn.Module:
    from torchvision.models import googlenet

    found: nn.Module = googlenet(weights=None, aux_logits=False, init_weights=False, num_classes=classes)
    return found


def _stacked(family: str, repeats: int, channels: int, photographs: bool) -> Callable[[int], nn.Module]:
    return lambda classes: stack(family, repeats, channels, photographs, classes)


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "nasnet-a": _stacked("nasnet-a", 4, 44, True),
    "nasnet-a-cifar": _stacked("nasnet-a", 6, 32, False),
    "pnasnet-5": _stacked("pnasnet-5", 3, 54, True),
    "pnasnet-5-cifar": _stacked("pnasnet-5", 3, 48, False),
    "amoebanet-a": _stacked("amoebanet-a", 4, 50, True),
    "amoebanet-a-cifar": _stacked("amoebanet-a", 6, 36, False),
    "amoebanet-b": _stacked("amoebanet-b", 3, 62, True),
    "amoebanet-b-cifar": _stacked("amoebanet-b", 6, 36, False),
    "amoebanet-c": _stacked("amoebanet-c", 4, 50, True),
    "enas-cifar": _stacked("enas", 5, 36, False),
    "densenet-bc-cifar": lambda classes: densenet_bc(190, 40, classes),
    "shufflenet-2x": lambda classes: shufflenet(2.0, classes),
    "shufflenet-v2-2x": _shufflenet_v2,
    "inception-v1": _googlenet,
    "proxylessnas-gpu": proxyless_gpu,
    "proxylessnas-cifar": lambda classes: forest("proxylessnas-cifar", classes),
}
"""By name; those for pictures of CIFAR end so. How often cells repeat, and of how many channels, are the papers' N and F."""
