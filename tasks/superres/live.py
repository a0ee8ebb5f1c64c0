"""A super-resolution network behind the three timed steps, for submissions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import SubmissionError, UsageError
from harness.submission import BuildContext
from harness.task import Sample
from tasks.superres.tiles import tiled

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


class Enlarger:
    """An RGB network on one device; `module` maps ``(N, 3, h, w)`` to ``(N, 3, scale * h, scale * w)``.

    `reach` is how many input pixels around its place an output depends on; `tile` the side of the tiles that an image is
    cut into, in low-resolution pixels (0: none); `peak` what white is to the network.
    """

    def __init__(
        self, module: "Module", device: str, *, scale: int, reach: int, tile: int = 0, peak: float = 1.0
    ) -> None:
        self.module = module.to(device).eval()
        self.device = device
        self.scale = scale
        self.reach = reach
        self.tile = tile
        self.peak = peak

    def prepare(self, sample: Sample) -> "Tensor":
        """The low-resolution image as float32 ``(1, 3, h, w)`` in [0, peak] on the device."""
        import torch

        pixels = torch.tensor(sample.inputs["image"] * (self.peak / 255.0), dtype=torch.float32)
        return pixels.permute(2, 0, 1)[None].contiguous().to(self.device)

    def forward(self, inputs: "Sequence[Tensor]") -> "Sequence[Tensor]":
        """The enlarged images ``(1, 3, H, W)``, not clamped; inputs of one size run together, others one by one."""
        return run_batch(self.module, inputs, scale=self.scale, tile=self.tile, overlap=self.reach)

    def finish(self, raw: "Tensor", sample: Sample) -> dict[str, NDArray[np.uint8]]:
        """The image clamped and rounded to uint8; cutting off the fraction instead would cost 0.1 dB at x2."""
        import torch

        pixels: Any = raw[0].clamp(0, self.peak).mul(255.0 / self.peak).round().to(torch.uint8)
        return {"image": pixels.permute(1, 2, 0).cpu().numpy()}


def run_batch(
    module: "Module", inputs: "Sequence[Tensor]", *, scale: int, tile: int, overlap: int
) -> "Sequence[Tensor]":
    """A network on inputs ``(1, C, h, w)``, in tiles if `tile` is not 0: together where they have one size."""
    import torch

    same = len({image.shape for image in inputs}) == 1
    batches = [torch.cat(list(inputs))] if same else list(inputs)
    outputs = [tiled(module, batch, scale=scale, tile=tile, overlap=overlap) for batch in batches]
    return [image for output in outputs for image in torch.split(output, 1)]


def wanted_scale(context: BuildContext, able: Sequence[int]) -> int:
    """The scale that the data ask for; raises SubmissionError if the network, `able` of some, cannot make it."""
    scale = int(context.facts.get("scale", max(able)))
    if scale not in able:
        made = ", ".join(f"x{one}" for one in able)
        raise SubmissionError(
            f"{context.manifest.name} ({context.variant.name}) enlarges images {made}, the data ask for x{scale}: choose "
            "another --split or another --variant"
        )
    return scale


def tile_option(context: BuildContext) -> int:
    """The option `tile`; raises UsageError for a negative one."""
    tile = int(context.options["tile"])  # type: ignore[arg-type]
    if tile < 0:
        raise UsageError(f"--set tile={tile}: the side of a tile in low-resolution pixels, or 0 for none")
    return tile
