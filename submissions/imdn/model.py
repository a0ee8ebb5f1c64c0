"""IMDN behind the three timed steps: an image in, an image `scale` times as large out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import SubmissionError
from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state

from .network import IMDN


class SuperResolver:
    """The network on one device. `module` is what parameters and operations are counted on."""

    def __init__(self, module: IMDN, device: str) -> None:
        self.module = module.to(device).eval()
        self.device = device

    def prepare(self, sample: Sample) -> Tensor:
        """The low-resolution image as float32 ``(1, 3, h, w)`` in [0, 1] on the device."""
        pixels = torch.tensor(sample.inputs["image"] / 255.0, dtype=torch.float32)
        return pixels.permute(2, 0, 1)[None].contiguous().to(self.device)

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """The enlarged images ``(1, 3, H, W)``, not clamped; inputs of one size run together, others one by one."""
        if len({image.shape for image in inputs}) > 1:
            return [self.module(image) for image in inputs]
        return list(self.module(torch.cat(list(inputs))).split(1))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.uint8]]:
        """The image clamped and rounded to uint8; cutting off the fraction instead would cost 0.1 dB at x2."""
        pixels: Any = raw[0].clamp(0, 1).mul(255).round().to(torch.uint8)
        return {"image": pixels.permute(1, 2, 0).cpu().numpy()}


def build(context: BuildContext) -> SuperResolver:
    """The network of a variant with its weights; SubmissionError if the variant's scale is not the data set's."""
    options = {name: int(context.options[name]) for name in ("scale", "channels", "blocks", "reduction")}  # type: ignore[arg-type]
    wanted = context.facts.get("scale", options["scale"])
    if wanted != options["scale"]:
        raise SubmissionError(
            f"imdn ({context.variant.name}) makes images {options['scale']} times as large, the data ask for {wanted} "
            f"times: choose --split x{options['scale']} or another --variant"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = IMDN(**options)
    if context.checkpoint.kind == "file":
        what = f"imdn ({context.variant.name})"
        load_into(module, load_state(context.checkpoint), what, source=str(context.checkpoint.path))
    return SuperResolver(module, context.device)
