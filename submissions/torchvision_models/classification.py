"""torchvision's classifiers as submissions, each with the preprocessing that its weights are published with."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights, list_models
from torchvision.transforms._presets import ImageClassification
from torchvision.transforms.functional import center_crop, normalize, resize

from harness.errors import UsageError, WeightsError
from harness.options import RunOptions
from harness.registry import nearest
from harness.stacking import stacked
from harness.submission import Submission
from harness.task import Dataset, Sample
from harness.weights import load_into
from submissions.torchvision_models.checkpoints import find_checkpoint, library_code, read_state

BATCH: Final = 32
_OLD: Final = {"googlenet", "inception_v3"}
"""Networks whose published weights expect inputs normalised as in TensorFlow, and have further heads for training."""


class Classifier:
    """A torchvision classifier on one device. `module` is what parameters and operations are counted on."""

    prepares_apart = True

    def __init__(self, module: nn.Module, preset: Any, device: str) -> None:
        self.module = module.eval().to(device)
        self._preset, self._device = preset, device
        self._plain = type(preset)(
            crop_size=preset.crop_size[0], resize_size=preset.resize_size[0], interpolation=preset.interpolation,
            antialias=preset.antialias, mean=(0.0,) * 3, std=(1.0,) * 3,
        )  # fmt: skip

    def prepare(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, crop, crop): resized by Pillow, cropped, normalised, on the device."""
        return preprocessed(_picture(sample), self._preset).to(self._device)

    def pixels(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, crop, crop) in [0, 1]: resized and cropped as by `prepare`, not normalised."""
        found: Tensor = self._plain(_picture(sample))
        return found.to(self._device)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (n, classes), differentiable, of `pixels` (n, 3, crop, crop); normalising is a part of it."""
        found: Tensor = self.module(normalize(images, self._preset.mean, self._preset.std))
        return found

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Logits ``(classes,)`` of each picture."""
        return list(self.module(stacked(inputs)))

    def finish(self, raw: Tensor, sample: Sample) -> dict[str, NDArray[np.float32]]:
        """The logits on the host."""
        return {"logits": raw.float().cpu().numpy()}


def preprocessed(picture: Any, preset: Any) -> Tensor:
    """What `preset` makes of a picture, float32 (3, crop, crop), the same to the last digit, with fewer copies."""
    if type(preset) is not ImageClassification or not isinstance(picture, Image.Image):
        found: Tensor = preset(picture)
        return found
    small = resize(picture, preset.resize_size, interpolation=preset.interpolation, antialias=preset.antialias)
    pixels = torch.from_numpy(np.array(center_crop(small, preset.crop_size))).permute(2, 0, 1)
    values = pixels.to(torch.float32, memory_format=torch.contiguous_format)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in (preset.mean, preset.std))
    return values.div_(255).sub_(mean).div_(deviation)


def _picture(sample: Sample) -> Any:
    image = sample.inputs["image"]
    return Image.fromarray(image) if image.dtype == np.uint8 else torch.tensor(image).permute(2, 0, 1)


def load_classifier(name: str, dataset: Dataset, options: RunOptions) -> Submission:
    """Build ``torchvision:name`` with the weights that the options choose; raises UsageError or WeightsError."""
    names = list_models(module=torchvision.models)
    if name not in names:
        near = nearest(name, names) or names
        raise UsageError(f"torchvision has no classifier '{name}'; there are: {', '.join(near)}")
    if "classes" in options.settings:
        raise UsageError("--set classes is for detectors; what a classifier's outputs mean is said with --class-map")
    checkpoint, published = find_checkpoint(name, options)
    module = _build(name, _outputs(dataset, published), options.seed, official=published is not None)
    if checkpoint.kind != "random":
        load_into(module, read_state(checkpoint, published), f"torchvision:{name}", source=checkpoint.name)
    preset = (published or get_model_weights(name).DEFAULT).transforms()
    return Submission(
        name=f"torchvision:{name}",
        method=Classifier(module, preset, options.device),
        checkpoint=checkpoint,
        options={"preprocessing": described(preset)},
        code_digest=library_code(__name__),
        trained_on="ImageNet (ILSVRC 2012) train" if published is not None else "",
        identified=True,
        batch_size=options.batch_size or BATCH,
        device=options.device,
    )


def _outputs(dataset: Dataset, published: Any) -> int:
    """How many outputs the network has: those of the class map, which published weights must fit."""
    outputs = dataset.facts.get("outputs")
    count = int(dataset.facts["classes"]) if outputs is None else len(outputs)
    theirs = count if published is None else len(published.meta["categories"])
    if theirs != count:
        raise WeightsError(
            f"{published} has {theirs} outputs, the class map {count}; declare what they stand for with --class-map FILE"
        )
    return count


def _build(name: str, outputs: int, seed: int, *, official: bool) -> nn.Module:
    further: dict[str, Any] = {"init_weights": False, "transform_input": official} if name in _OLD else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module: nn.Module = get_model(name, weights=None, num_classes=outputs, **further)
    return module


def described(preset: Any) -> str:
    """A preset in words, for the record."""
    sizes = f"short side {preset.resize_size[0]}, centre crop {preset.crop_size[0]}"
    how = f"{preset.interpolation.value}, Pillow"
    return f"{sizes}, {how}, mean {tuple(preset.mean)}, deviation {tuple(preset.std)}"
