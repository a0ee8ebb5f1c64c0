"""The embedding network behind the three timed steps: an image in, a feature out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state

from .network import EmbeddingNetwork

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, as all published checkpoints expect."""


class Embedder:
    """The network on one device. `module` is what parameters and operations are counted on."""

    def __init__(
        self, module: EmbeddingNetwork, device: str, size: tuple[int, int], *, flip: bool, normalise: bool
    ) -> None:
        self.module = module.to(device).eval()
        self.device, self.size, self.flip, self.normalise = device, size, flip, normalise
        self.settings = {
            "distance": "euclidean",
            "feature_normalisation": "l2" if normalise else "none",
            "test_time_augmentation": "flip" if flip else "none",
        }

    def prepare(self, sample: Sample) -> Tensor:
        """The image resized and normalised, float32 ``(3, height, width)`` on the device."""
        return to_input(sample.inputs["image"], self.size).to(self.device)

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Features ``(d,)``; with `flip` the sum over the image and its mirror image."""
        batch = torch.stack(list(inputs))
        features: Tensor = self.module(batch)
        if self.flip:
            features = features + self.module(batch.flip(3))
        return list(features)

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The feature, of length 1 where it is normalised."""
        if self.normalise:
            raw = torch.nn.functional.normalize(raw, dim=0)
        return {"feature": raw.cpu().numpy()}


def to_input(image: NDArray[np.uint8], size: tuple[int, int]) -> Tensor:
    """An image uint8 (h, w, 3) at another size, bilinear as torchvision resizes PIL images, normalised (3, *size)."""
    from PIL import Image

    resized = Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.asarray(resized).copy()).permute(2, 0, 1).float() / 255
    return (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def network_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint's state without its classifier, in the names of the network here: torchreid's names have no ``base.``."""
    kept = {name: value for name, value in state.items() if not name.startswith(("classifier.", "fc."))}
    own = any(name.startswith("base.") for name in kept)
    return {name if own or name.startswith("bottleneck.") else f"base.{name}": value for name, value in kept.items()}


def build(context: BuildContext) -> Embedder:
    """The network of a variant with its weights."""
    options: Any = context.options
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = EmbeddingNetwork(
            layers=[int(count) for count in options["layers"]], width=int(options["width"]),
            last_stride=int(options["last_stride"]), neck=bool(options["neck"]), stem_relu=bool(options["stem_relu"]),
        )  # fmt: skip
    if context.checkpoint.kind == "file":
        what = f"resnet50-reid ({context.variant.name})"
        load_into(module, network_state(load_state(context.checkpoint)), what, source=str(context.checkpoint.path))
    size = int(options["height"]), int(options["width_pixels"])
    return Embedder(module, context.device, size, flip=bool(options["flip"]), normalise=bool(options["normalise"]))
