"""MobileNetV1 behind the three timed steps: a photograph in, logits out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state

from .network import MobileNetV1
from .preprocess import Preprocessing, normalised


class Classifier:
    """The network on one device. `module` is what parameters and operations are counted on."""

    def __init__(self, module: MobileNetV1, device: str, preprocessing: Preprocessing) -> None:
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
        return list(self.module(torch.stack(list(inputs))))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The logits on the host."""
        return {"logits": raw.cpu().numpy()}


def build(context: BuildContext) -> Classifier:
    """The network of a variant with its weights."""
    options: Any = context.options
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = MobileNetV1(float(options["width"]), int(options["classes"]))
    if context.checkpoint.kind == "file":
        what = f"mobilenetv1 ({context.variant.name})"
        load_into(module, load_state(context.checkpoint), what, source=str(context.checkpoint.path))
    preprocessing = Preprocessing(
        resize=int(options["resize"]), crop=int(options["crop"]), backend=str(options["backend"]),
        interpolation=str(options["interpolation"]), antialias=bool(options["antialias"]),
    )  # fmt: skip
    return Classifier(module, context.device, preprocessing)
