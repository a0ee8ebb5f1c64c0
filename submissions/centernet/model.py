"""CenterNet as a submission: prepare an image, run the network on its views, finish to boxes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import UsageError
from harness.submission import BuildContext
from harness.task import Sample
from harness.weights import load_into, load_state
from submissions.centernet.decode import DecodeSettings, decode
from submissions.centernet.network import HOURGLASS_52, HOURGLASS_104, SAMPLE, CenterNet, Maps
from submissions.centernet.preprocess import Geometry, network_input
from submissions.centernet.soft_nms import soft_nms
from submissions.centernet.triplets import keep_triplets, to_image

ARCHITECTURES = {"hourglass-104": HOURGLASS_104, "hourglass-52": HOURGLASS_52, "sample": SAMPLE}


@dataclass(frozen=True)
class TestSettings:
    """Constants of the official test; `config/CenterNet-104.json` and `-multi_scale.json`."""

    flip: bool = True
    scales: tuple[float, ...] = (1.0,)
    rounding: bool = True
    decoding: DecodeSettings = field(default_factory=DecodeSettings)
    overlap: float = 0.5
    merge_exponent: float = 10.0  #: boxes are merged where there are several scales
    most_boxes: int = 100

    def __post_init__(self) -> None:
        """Raise UsageError for scales that cannot be tested."""
        if 1.0 not in self.scales or len(set(self.scales)) != len(self.scales) or min(self.scales) <= 0:
            raise UsageError(
                f"centernet: scales {list(self.scales)} must be positive, different, and hold 1, whose centres are used"
            )


class Detector:
    """The method; see `harness.submission.Method`. Labels are positions in the variant's `classes`."""

    def __init__(
        self, network: CenterNet, classes: Sequence[str], device: torch.device, settings: TestSettings
    ) -> None:
        self.module = network
        self.classes = tuple(classes)
        self.settings = {"test_time_augmentation": describe(settings)}
        self._device = device
        self._test = settings

    def prepare(self, sample: Sample) -> list[Tensor]:
        """The input at every scale, each float32 (1 or 2, 3, height, width) on the device; the second is mirrored."""
        image = np.asarray(sample.inputs["image"])
        views = [network_input(image, g, flip=self._test.flip) for g in self._geometries(image)]
        return [torch.from_numpy(view).to(self._device) for view in views]

    def forward(self, inputs: Sequence[list[Tensor]]) -> list[list[Maps]]:
        """The maps of every input at every scale; inputs of one shape go through the network together."""
        answers: list[list[Maps]] = [[] for _ in inputs]
        for scale in range(len(self._test.scales)):
            views = [one[scale] for one in inputs]
            for shape in dict.fromkeys(view.shape for view in views):
                alike = [index for index, view in enumerate(views) if view.shape == shape]
                together = self.module(torch.cat([views[index] for index in alike]))
                for position, index in enumerate(alike):
                    start = position * shape[0]
                    answers[index].append(Maps(*(part[start : start + shape[0]] for part in together)))
        return answers

    def finish(self, raw: list[Maps], sample: Sample) -> dict[str, NDArray[Any]]:
        """The boxes of one image.

        `boxes_xywh` float64 (k, 4): left, top, width, height in pixels; `scores` float64 (k,); `labels` int64 (k,).
        """
        pairs, centres = self._candidates(raw, np.asarray(sample.inputs["image"]))
        by_class = self._suppress(keep_triplets(pairs, centres))
        rows = np.concatenate(by_class)
        labels = np.repeat(np.arange(len(by_class), dtype=np.int64), [len(part) for part in by_class])
        keep = _best(rows[:, 4], self._test.most_boxes)
        rows[:, 2:4] -= rows[:, :2]
        # two decimals, as the authors' result files have them (db/coco.py)
        numbers = _two_decimals(rows[keep, :5]) if self._test.rounding else rows[keep, :5].astype(np.float64)
        return {"boxes_xywh": numbers[:, :4], "scores": numbers[:, 4], "labels": labels[keep]}

    def _geometries(self, image: NDArray[np.uint8]) -> list[Geometry]:
        step = self.module.architecture.size_step
        return [Geometry(image.shape[0], image.shape[1], scale, step) for scale in self._test.scales]

    def _candidates(self, raw: list[Maps], image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Pairs of all views, centres of those at scale 1, in pixels of the image."""
        pairs, centres = [], []
        for maps, geometry in zip(raw, self._geometries(image), strict=True):
            found = decode(Maps(*(part.float() for part in maps)), self._test.decoding)
            for view in range(found.pairs.shape[0]):
                cells = found.pairs[view].cpu().numpy(), found.centres[view].cpu().numpy()
                boxes, points = to_image(*cells, geometry, mirrored=view == 1)
                pairs.append(boxes)
                if geometry.scale == 1.0:
                    centres.append(points)
        return np.concatenate(pairs), np.concatenate(centres)

    def _suppress(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Soft-NMS class by class; the array of class c is the c-th of the list."""
        exponent = self._test.merge_exponent if len(self._test.scales) > 1 else None
        parts = [np.ascontiguousarray(rows[rows[:, 7] == label, :7]) for label in range(len(self.classes))]
        for part in parts:
            soft_nms(part, overlap=self._test.overlap, merge_exponent=exponent)
        return parts


def build(context: BuildContext) -> Detector:
    """The entry of the manifest: the network of a variant with its weights, on the device."""
    options = context.options
    settings = TestSettings(
        flip=bool(options["flip"]),
        scales=tuple(float(scale) for scale in options["scales"]),  # type: ignore[union-attr]
        rounding=bool(options["rounding"]),
    )
    torch.manual_seed(context.seed)
    network = CenterNet(ARCHITECTURES[context.variant.name])
    if context.checkpoint.kind != "random":
        state = load_state(context.checkpoint)
        load_into(network, state, f"centernet {context.variant.name}", str(context.checkpoint.path))
    device = torch.device(context.device)
    return Detector(network.eval().to(device), context.variant.classes, device, settings)


def describe(settings: TestSettings) -> str:
    """The test-time augmentation in the words of a setting: `none`, `flip`, `flip, scales 0.6 1 1.2`."""
    parts = ["flip"] if settings.flip else []
    if settings.scales != (1.0,):
        parts.append("scales " + " ".join(f"{scale:g}" for scale in settings.scales))
    return ", ".join(parts) or "none"


def _best(scores: NDArray[np.float32], most: int) -> NDArray[np.bool_]:
    """Which rows score at least as much as the `most`-th best; ties at that place all stay, as in the official code."""
    if len(scores) <= most:
        return np.ones(len(scores), dtype=np.bool_)
    keep: NDArray[np.bool_] = scores >= np.sort(scores)[-most]
    return keep


def _two_decimals(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.array([[float(f"{value:.2f}") for value in row] for row in values.tolist()]).reshape(values.shape)
