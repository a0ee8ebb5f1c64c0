"""MATLAB's bicubic enlargement behind the three timed steps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.submission import BuildContext
from harness.task import Sample
from tasks.superres.resize import upscale

Image = NDArray[np.uint8]


class Bicubic:
    """Enlarges images by `scale`; there is no network."""

    def __init__(self, scale: int) -> None:
        self.scale = scale

    def prepare(self, sample: Sample) -> Image:
        """The low-resolution image."""
        image: Image = sample.inputs["image"]
        return image

    def forward(self, inputs: Sequence[Image]) -> Sequence[Image]:
        """Every image `scale` times as large, uint8, rounded after each of the two passes as MATLAB does it."""
        return [upscale(image, self.scale) for image in inputs]

    def finish(self, raw: Image, sample: Sample) -> dict[str, Image]:
        """The image as it is."""
        return {"image": raw}


def build(context: BuildContext) -> Bicubic:
    """The enlargement by the data set's scale."""
    return Bicubic(int(context.facts.get("scale", 4)))
