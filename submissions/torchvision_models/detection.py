"""torchvision's detectors: Faster R-CNN, RetinaNet, FCOS, SSD, with their own preprocessing inside the network."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import detection, get_model, get_model_weights, list_models

from harness.errors import SubmissionError, UsageError, WeightsError
from harness.options import RunOptions
from harness.registry import nearest
from harness.submission import Checkpoint, Submission
from harness.task import Sample
from harness.weights import file_digest, load_into, load_state

Raw = dict[str, Tensor]


class Detector:
    """A torchvision detector. Labels are positions in `classes`; background and unused places have no name there."""

    def __init__(self, module: nn.Module, classes: Sequence[str], device: str) -> None:
        self.module = module.eval().to(device)
        self.classes = tuple(classes)
        self._device = device

    def prepare(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, h, w) in [0, 1] on the device; the network resizes and normalises."""
        image = torch.tensor(sample.inputs["image"]).to(self._device)
        return image.permute(2, 0, 1).float().div_(255.0)

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Raw]:
        """The network with its own NMS; boxes already in the image's pixels."""
        found: list[Raw] = self.module(list(inputs))
        return found

    def finish(self, raw: Raw, sample: Sample) -> Mapping[str, Any]:
        """Boxes, scores and labels on the host."""
        return {
            "boxes_xyxy": raw["boxes"].double().cpu().numpy(),
            "scores": raw["scores"].double().cpu().numpy(),
            "labels": raw["labels"].cpu().numpy(),
        }


def load_detector(name: str, options: RunOptions) -> Submission:
    """Build ``torchvision:name`` with the weights that the options choose; raises UsageError or WeightsError."""
    names = [*list_models(module=detection)]
    if name not in names:
        near = nearest(name, names) or names
        raise UsageError(f"torchvision has no detector '{name}'; there are: {', '.join(near)}")
    published = get_model_weights(name).DEFAULT
    checkpoint = _checkpoint(name, options, published)
    torch.manual_seed(options.seed)
    module = get_model(name, weights=None, weights_backbone=None, num_classes=len(published.meta["categories"]))
    if checkpoint.kind != "random":
        load_into(module, _state(checkpoint, published), f"torchvision:{name}", checkpoint.name)
    return Submission(
        name=f"torchvision:{name}",
        method=Detector(module, _names(published.meta["categories"]), options.device),
        checkpoint=checkpoint,
        code_digest=f"torchvision {torchvision.__version__} {file_digest(Path(__file__))}",
        trained_on="COCO train2017" if checkpoint.kind == "published" else "",
        identified=True,
        batch_size=options.batch_size or 1,
        device=options.device,
    )


def _names(categories: Sequence[str]) -> list[str]:
    """Class names by label; places that COCO left out are named so that no data set's category can match them."""
    return [name if name not in ("N/A", "__background__") else f"<{name} {i}>" for i, name in enumerate(categories)]


def _checkpoint(name: str, options: RunOptions, published: Any) -> Checkpoint:
    weights = options.weights
    if not weights:
        raise WeightsError(
            f"torchvision:{name} needs weights: --weights default downloads what torchvision publishes ({published.url}), "
            "--weights PATH takes a file, --weights random with 'harness bench' times it"
        )
    if weights == "random":
        return Checkpoint(kind="random")
    if weights == "default":
        return Checkpoint(kind="published", name=str(published))
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(f"--weights {weights}: there is no such file")
    return Checkpoint(kind="file", path=path, key=options.weights_key, sha256=file_digest(path), name=path.name)


def _state(checkpoint: Checkpoint, published: Any) -> Mapping[str, Any]:
    if checkpoint.kind == "file":
        return load_state(checkpoint)
    try:
        state: Mapping[str, Any] = published.get_state_dict(progress=False, check_hash=True)
        return state
    except (OSError, RuntimeError) as error:
        raise SubmissionError(
            f"{published} could not be downloaded from {published.url} ({error}); get the file where there is a network "
            "and pass --weights PATH"
        ) from None
