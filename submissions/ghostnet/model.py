"""GhostNet behind the three timed steps: those of MobileNetV1, around its own network."""

from typing import Any

from harness.errors import UsageError
from harness.submission import BuildContext
from submissions.mobilenetv1.model import Classifier, build_with

from .network import GhostNet


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    options: Any = context.options
    width, classes, head = float(options["width"]), int(options["classes"]), int(options["head"])
    if min(classes, head) < 1:
        raise UsageError(f"--set classes={classes}, head={head}: there is at least one of each")
    if width <= 0:
        raise UsageError(f"--set width={width:g}: it is a share of the paper's channels, such as 0.5, 1.0 or 1.3")
    return build_with(context, lambda: GhostNet(width, classes, head), "ghostnet")
