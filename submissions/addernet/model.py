"""AdderNet behind the three timed steps: those of the ResNet that it is made after, around its own network."""

from harness.submission import BuildContext
from submissions.resnet_cifar.model import Classifier, build_with

from .network import AdderResNet


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    return build_with(context, AdderResNet, "addernet")
