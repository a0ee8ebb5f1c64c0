"""Blob detection behind the three timed steps: an image in, boxes of one class out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.submission import BuildContext
from harness.task import Sample

from .peaks import local_maxima, suppressed
from .scale_space import WIDTH, Level, levels

Float = NDArray[np.float64]
CHANNELS: Final = ("warmth", "colour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of the manifest."""

    channels: str
    aspect: float
    smallest: float
    largest: float
    steps: int
    overlap: float
    most: int

    def __post_init__(self) -> None:
        """Raise UsageError for options with which nothing can be sought."""
        if self.channels not in CHANNELS:
            raise UsageError(f"blobs: channels is '{self.channels}', not one of {', '.join(CHANNELS)}")
        if min(self.aspect, self.smallest, self.steps, self.most) <= 0 or not 0 <= self.overlap <= 1:
            raise UsageError("blobs: aspect, smallest, steps and most must be above 0, overlap from 0 to 1")


class BlobDetector:
    """The method; see `harness.submission.Method`. Its one label is 0."""

    def __init__(self, settings: Settings, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self._chosen = settings

    def prepare(self, sample: Sample) -> Float:
        """The channels in which contrast is sought, float64 (channels, height, width), -1 to 1."""
        image = np.asarray(sample.inputs["image"]).astype(np.float64).transpose(2, 0, 1) / 255
        return image[:1] - image[1:].mean(axis=0) if self._chosen.channels == "warmth" else image

    def forward(self, inputs: Sequence[Float]) -> list[list[Level]]:
        """The contrast of every image at all scales."""
        return [list(self._levels(channels)) for channels in inputs]

    def finish(self, raw: list[Level], sample: Sample) -> dict[str, NDArray[Any]]:
        """The boxes of the local maxima: `boxes_xyxy` float64 (k, 4) in pixels, `scores` (k,), `labels` (k,)."""
        height, width = np.asarray(sample.inputs["image"]).shape[:2]
        found = [self._boxes(level) for level in raw]
        boxes = np.concatenate([np.empty((0, 4)), *[part for part, _ in found]])
        scores = np.concatenate([np.empty(0), *[part for _, part in found]])
        boxes = np.clip(boxes, 0, [width, height, width, height])
        keep = suppressed(boxes, scores, self._chosen.overlap, self._chosen.most)
        return {"boxes_xyxy": boxes[keep], "scores": scores[keep], "labels": np.zeros(len(keep), np.int64)}

    def _levels(self, channels: Float) -> Any:
        chosen = self._chosen
        largest = min(chosen.largest, channels.shape[2], channels.shape[1] / chosen.aspect)
        return levels(channels, chosen.smallest, largest, chosen.steps, chosen.aspect)

    def _boxes(self, level: Level) -> tuple[Float, Float]:
        """Boxes and scores of one scale: of one channel its contrast, of several its length."""
        contrast = level.contrast
        strength: Float = contrast[0] if len(contrast) == 1 else np.sqrt((contrast**2).sum(axis=0))
        rows, columns = local_maxima(strength)
        centres = (np.column_stack([columns, rows]) + 0.5) * level.cell
        half = np.array([1.0, self._chosen.aspect]) * WIDTH * level.sigma / 2
        return np.concatenate([centres - half, centres + half], axis=1), strength[rows, columns]


def build(context: BuildContext) -> BlobDetector:
    """The detector of a variant."""
    chosen: dict[str, Any] = {field.name: context.options[field.name] for field in fields(Settings)}
    return BlobDetector(Settings(**chosen), context.variant.classes)
