"""The networks that alpha-beta-CROWN verifies behind the three timed steps, and differentiable for attacks."""

from typing import Any

import torch

from harness.submission import BuildContext
from harness.weights import load_into, load_state
from submissions.resnet_cifar.model import Classifier

from .network import VerifiedResNet


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights; its stages and width are options of the manifest."""
    options: Any = context.options
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = VerifiedResNet(int(options["stages"]), int(options["width"]), int(options["classes"]))
    if context.checkpoint.kind == "file":
        what = f"{context.manifest.name} ({context.variant.name})"
        load_into(module, load_state(context.checkpoint), what, source=str(context.checkpoint.path))
    return Classifier(module, context.device, str(options["normalisation"]))
