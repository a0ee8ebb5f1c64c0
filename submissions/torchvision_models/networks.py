"""torchvision's detection networks, built as torchvision builds them for the weights at hand."""

from collections.abc import Mapping
from typing import Any, Final

from torch import nn
from torchvision.models import get_model
from torchvision.ops.misc import FrozenBatchNorm2d

from harness.errors import WeightsError
from harness.weights import load_into

NO_EPSILON: Final = (
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
    "retinanet_resnet50_fpn",
)
"""Networks whose published weights `COCO_V1` torchvision runs with an epsilon of 0 in their frozen normalisation."""
BACKGROUND_FIRST: Final = ("fasterrcnn", "maskrcnn", "keypointrcnn", "ssd")
"""Beginnings of the names of networks whose label 0 is the background by construction."""
_HEADS: Final = ("cls_score", "cls_logits", "classification_head")


def build(name: str, labels: int) -> nn.Module:
    """The network with a head for so many labels, background included, and random weights."""
    module: nn.Module = get_model(name, weights=None, weights_backbone=None, num_classes=labels)
    return module


def load(module: nn.Module, name: str, state: Mapping[str, Any], labels: int, source: str, published: Any) -> None:
    """Load `state`; normalisation that was frozen in training is frozen here, too, as in torchvision.

    Raises WeightsError naming both numbers where the head of `state` is made for another number of labels.
    """
    there = head_labels(module, state, labels)
    if there is not None and there != labels:
        raise WeightsError(
            f"{source} has a head for {there} labels, the label map of torchvision:{name} has {labels} (both with the "
            "background, where there is one); declare the weights' own with --set classes=voc or --set classes=FILE"
        )
    freeze(module, state)
    if published is not None and published.name == "COCO_V1" and name in NO_EPSILON:
        for part in module.modules():
            if isinstance(part, FrozenBatchNorm2d):
                part.eps = 0.0
    load_into(module, state, f"torchvision:{name}", source)


def head_labels(module: nn.Module, state: Mapping[str, Any], labels: int) -> int | None:
    """For how many labels the head in `state` is made, if `module`'s is made for `labels`; None if it cannot be told."""
    found = set()
    for name, own in module.state_dict().items():
        theirs = state.get(name)
        if not any(head in name for head in _HEADS) or theirs is None or own.shape == theirs.shape:
            continue
        if own.shape[1:] != theirs.shape[1:] or own.ndim == 0 or theirs.shape[0] * labels % own.shape[0]:
            return None
        found.add(theirs.shape[0] * labels // own.shape[0])
    return found.pop() if len(found) == 1 else (None if found else labels)


def freeze(module: nn.Module, state: Mapping[str, Any], prefix: str = "") -> None:
    """Replace every batch normalisation that has no counter in `state`: it was frozen where the weights were made."""
    for name, part in module.named_children():
        path = f"{prefix}{name}"
        if isinstance(part, nn.BatchNorm2d):
            if f"{path}.running_mean" in state and f"{path}.num_batches_tracked" not in state:
                setattr(module, name, FrozenBatchNorm2d(part.num_features, eps=part.eps))
        else:
            freeze(part, state, f"{path}.")
