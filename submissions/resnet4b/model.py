"""ResNet-4B: the code of ResNet-2B with other numbers, which the manifest states."""

from harness.submission import BuildContext
from submissions.resnet2b.model import build as build_2b
from submissions.resnet_cifar.model import Classifier


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    return build_2b(context)
