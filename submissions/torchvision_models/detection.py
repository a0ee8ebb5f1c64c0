"""torchvision's detectors as submissions, with their own preprocessing inside the network."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import detection, get_model_weights, list_models

from harness.errors import UsageError, WeightsError
from harness.options import RunOptions
from harness.registry import nearest
from harness.submission import Checkpoint, Submission
from harness.task import Sample
from submissions.torchvision_models.checkpoints import find_checkpoint, library_code, read_state
from submissions.torchvision_models.label_maps import LabelMap, label_map
from submissions.torchvision_models.networks import BACKGROUND_FIRST, build, load

Raw = dict[str, Tensor]
MASK_THRESHOLD = 0.5
"""From where on a pixel belongs to a mask; references/detection/coco_eval.py of torchvision."""


class Detector:
    """A torchvision detector. Labels are positions in `classes`; background and unused places have no name there."""

    def __init__(self, module: nn.Module, classes: Sequence[str], device: str, *, with_masks: bool = False) -> None:
        self.module = module.eval().to(device)
        self.classes = tuple(classes)
        self._device = device
        self._with_masks = with_masks

    def prepare(self, sample: Sample) -> Tensor:
        """uint8 (h, w, 3) -> float32 (3, h, w) in [0, 1] on the device; the network resizes and normalises."""
        image = torch.tensor(sample.inputs["image"]).to(self._device)
        return image.permute(2, 0, 1).float().div_(255.0)

    def forward(self, inputs: Sequence[Tensor]) -> Sequence[Raw]:
        """The network with its own NMS; boxes already in the image's pixels."""
        found: list[Raw] = self.module(list(inputs))
        return found

    def finish(self, raw: Raw, sample: Sample) -> Mapping[str, Any]:
        """Boxes, scores, labels and, where they are asked for and there are any, masks on the host."""
        answer: dict[str, Any] = {
            "boxes_xyxy": raw["boxes"].double().cpu().numpy(),
            "scores": raw["scores"].double().cpu().numpy(),
            "labels": raw["labels"].cpu().numpy(),
        }
        if self._with_masks and "masks" in raw:
            answer["masks"] = (raw["masks"][:, 0] > MASK_THRESHOLD).cpu().numpy()
        return answer


def load_detector(name: str, options: RunOptions, *, with_masks: bool = False) -> Submission:
    """Build ``torchvision:name`` with the weights and the label map that the options choose.

    Raises UsageError or WeightsError.
    """
    names = [*list_models(module=detection)]
    if name not in names:
        near = nearest(name, names) or names
        raise UsageError(f"torchvision has no detector '{name}'; there are: {', '.join(near)}")
    default = get_model_weights(name).DEFAULT
    chosen = str(options.settings.get("classes", ""))
    background = name.startswith(BACKGROUND_FIRST)
    labels = label_map(chosen, default.meta["categories"], f"torchvision:{name}", background=background)
    checkpoint, published = find_checkpoint(name, options)
    torch.manual_seed(options.seed)
    module = _loaded(name, checkpoint, labels, published)
    return Submission(
        name=f"torchvision:{name}",
        method=Detector(module, labels.classes, options.device, with_masks=with_masks),
        checkpoint=checkpoint,
        options={"classes": labels.source} if labels.source else {},
        code_digest=library_code(__name__),
        trained_on="COCO train2017" if published is not None else "",
        identified=True,
        batch_size=options.batch_size or 1,
        device=options.device,
    )


def _loaded(name: str, checkpoint: Checkpoint, labels: LabelMap, published: Any) -> nn.Module:
    count = len(labels.names)
    if checkpoint.kind == "published" and count != len(published.meta["categories"]):
        raise WeightsError(
            f"{published} has a head for {len(published.meta['categories'])} labels, the label map {labels.source} has "
            f"{count}; --set classes=coco-as-voc gives COCO's classes VOC's names"
        )
    module = build(name, count)
    if checkpoint.kind != "random":
        load(module, name, read_state(checkpoint, published), count, checkpoint.name, published)
    return module
