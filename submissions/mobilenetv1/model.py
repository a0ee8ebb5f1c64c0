"""MobileNetV1 behind the three timed steps: a photograph in, logits out."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.stacking import stacked
from harness.submission import BuildContext
from harness.task import Sample
from submissions.resnet_cifar.model import network_of

from .network import MobileNetV1
from .preprocess import Preprocessing, normalised


class Classifier:
    """The network on one device. `module` is what parameters and operations are counted on."""

    prepares_apart = True

    def __init__(self, module: nn.Module, device: str, preprocessing: Preprocessing) -> None:
        self.module = module.to(device).eval()
        self.device, self.preprocessing = device, preprocessing

    def prepare(self, sample: Sample) -> Tensor:
        """The photograph resized, cropped and normalised, float32 ``(3, crop, crop)`` on the device."""
        return self.preprocessing(sample.inputs["image"]).to(self.device)

    def pixels(self, sample: Sample) -> Tensor:
        """The photograph resized and cropped, float32 ``(3, crop, crop)`` in [0, 1] on the device."""
        return self.preprocessing.unit(sample.inputs["image"]).to(self.device)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, classes), differentiable, of `pixels` (n, 3, crop, crop); normalising is a part of it."""
        found: Tensor = self.module(normalised(images))
        return found

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Logits ``(classes,)`` of each photograph."""
        return list(self.module(stacked(inputs)))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The logits on the host."""
        return {"logits": raw.cpu().numpy()}


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    options: Any = context.options
    return build_with(context, lambda: MobileNetV1(float(options["width"]), int(options["classes"])), "mobilenetv1")


def build_with(
    context: BuildContext, make: Callable[[], nn.Module], name: str, without: tuple[str, ...] = ()
) -> Classifier:
    """The same around another network for photographs, which `make` builds (`network_of` explains `without`)."""
    options: Any = context.options
    chosen = {field.name: options[field.name] for field in fields(Preprocessing) if field.name in options}
    return Classifier(network_of(context, make, name, without), context.device, Preprocessing(**chosen))
