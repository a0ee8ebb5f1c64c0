"""VDSR behind the three timed steps: luma through the network, chroma by bicubic."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state
from tasks.superres.live import run_batch, tile_option, wanted_scale
from tasks.superres.resize import upscale

from .luma import Float, rgb_to_ycbcr, ycbcr_to_rgb
from .network import VDSR, current_names

PEAK = 255.0
SCALES = (2, 3, 4, 8)
"""The paper's are 2, 3 and 4; the network itself does not know the scale."""


class Enlarged(NamedTuple):
    """An image enlarged by bicubic: luma float32 ``(1, 1, H, W)`` of 1 on the device, chroma float64 ``(H, W, 2)`` of 255."""

    luma: Tensor
    chroma: Float


class LumaEnlarger:
    """The network on one device. `module` is what parameters and operations are counted on."""

    def __init__(self, module: VDSR, device: str, scale: int, tile: int) -> None:
        self.module = module.to(device).eval()
        self.device = device
        self.scale = scale
        # The network works on the enlarged image.
        self.tile = tile * scale

    def prepare(self, sample: Sample) -> Enlarged:
        """Luma and chroma in double, made larger by MATLAB's bicubic, not rounded."""
        ycbcr = upscale(rgb_to_ycbcr(sample.inputs["image"]), self.scale)
        luma = torch.tensor(ycbcr[..., 0] / PEAK, dtype=torch.float32)
        return Enlarged(luma[None, None].to(self.device), ycbcr[..., 1:])

    def forward(self, inputs: Sequence[Enlarged]) -> Sequence[Enlarged]:
        """The same with better luma, not clamped; inputs of one size run together, others one by one."""
        planes = [image.luma for image in inputs]
        lumas = run_batch(self.module, planes, scale=1, tile=self.tile, overlap=self.module.reach)
        return [Enlarged(luma, image.chroma) for luma, image in zip(lumas, inputs, strict=True)]

    def finish(self, raw: Enlarged, sample: Sample) -> dict[str, NDArray[np.uint8]]:
        """RGB, clamped and rounded to uint8."""
        luma = raw.luma[0, 0].cpu().numpy().astype(np.float64) * PEAK
        return {"image": ycbcr_to_rgb(np.concatenate([luma[..., None], raw.chroma], axis=-1))}


def build(context: BuildContext) -> LumaEnlarger:
    """The network of a variant with its weights."""
    sizes = {name: int(context.options[name]) for name in ("layers", "channels")}  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = VDSR(**sizes)
    if context.checkpoint.kind == "file":
        what = f"{context.manifest.name} ({context.variant.name})"
        load_into(module, current_names(load_state(context.checkpoint)), what, source=str(context.checkpoint.path))
    return LumaEnlarger(module, context.device, wanted_scale(context, SCALES), tile_option(context))
