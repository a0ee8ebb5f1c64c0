"""Camera-based batch normalisation behind the three timed steps, and the step that looks at the test images before them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import SubmissionError
from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state

from .cameras import Camera, Chosen, Image, Statistics, by_camera, collect, place
from .network import CameraNetwork

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels."""
Input = tuple[Tensor, Camera]


class CameraEmbedder:
    """The network on one device, and the statistics of every camera once `adapt` has seen its images."""

    settings: Mapping[str, str | int | float | bool] = {
        "distance": "euclidean",
        "feature_normalisation": "l2",
        "test_time_augmentation": "flip",
    }

    def __init__(
        self, module: CameraNetwork, device: str, size: tuple[int, int], *, batch: int, batches: int, seed: int
    ) -> None:
        self.module = module.to(device).eval()
        self.device, self.size = device, size
        self._batch, self._batches, self._seed = batch, batches, seed
        self._statistics: dict[Camera, Statistics] = {}

    def adapt(self, samples: Iterable[Sample]) -> None:
        """Collect every camera's statistics from at most `batches` batches of its images, which have no labels."""
        chosen: dict[Camera, Chosen] = {}
        for sample in samples:
            camera = camera_of(sample)
            images = chosen.setdefault(camera, Chosen(self._batch * self._batches, self._seed))
            images.add(sample.id, resized(sample.inputs["image"], self.size))
        for camera, images in chosen.items():
            batches = (
                torch.stack([to_tensor(image) for image in batch]).to(self.device)
                for batch in images.batches(self._batch)
            )
            self._statistics[camera] = collect(self.module, batches, camera)

    def prepare(self, sample: Sample) -> Input:
        """The image resized and normalised, float32 ``(3, height, width)`` on the device, and its camera."""
        return to_tensor(resized(sample.inputs["image"], self.size)).to(self.device), camera_of(sample)

    def forward(self, inputs: Sequence[Input]) -> Sequence[Tensor]:
        """Features ``(d,)``, the sum over image and mirror image, each under its camera's statistics."""
        features: dict[int, Tensor] = {}
        for camera, places in by_camera([camera for _, camera in inputs]).items():
            if camera not in self._statistics:
                raise SubmissionError(
                    f"cbn has seen no image of camera {camera[1]} in the {camera[0]} set; call adapt first"
                )
            place(self.module, self._statistics[camera])
            batch = torch.stack([inputs[index][0] for index in places])
            found: Tensor = self.module(batch) + self.module(batch.flip(3))
            features |= dict(zip(places, found, strict=True))
        return [features[index] for index in range(len(inputs))]

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The feature, of length 1."""
        return {"feature": torch.nn.functional.normalize(raw, dim=0).cpu().numpy()}


def camera_of(sample: Sample) -> Camera:
    """The set and the camera of an image."""
    return str(sample.inputs["role"]), int(sample.inputs["camera"])


def resized(image: Image, size: tuple[int, int]) -> Image:
    """An image uint8 (h, w, 3) at another size, bilinear as torchvision resizes PIL images."""
    from PIL import Image as PIL

    return np.asarray(PIL.fromarray(image).resize((size[1], size[0]), PIL.Resampling.BILINEAR))


def to_tensor(image: Image) -> Tensor:
    """A normalised image, float32 (3, h, w)."""
    pixels = torch.tensor(image).permute(2, 0, 1).float() / 255
    return (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def build(context: BuildContext) -> CameraEmbedder:
    """The network of a variant with its weights; the statistics in a checkpoint are not used."""
    options: Any = context.options
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = CameraNetwork([int(count) for count in options["layers"]], int(options["width"]))
    if context.checkpoint.kind == "file":
        state = {
            name: value for name, value in load_state(context.checkpoint).items() if not name.startswith("classifier.")
        }
        load_into(module, state, f"cbn ({context.variant.name})", source=str(context.checkpoint.path))
    size = int(options["height"]), int(options["width_pixels"])
    batch, batches = int(options["statistics_batch"]), int(options["statistics_batches"])
    return CameraEmbedder(module, context.device, size, batch=batch, batches=batches, seed=context.seed)
