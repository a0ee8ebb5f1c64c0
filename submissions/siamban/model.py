"""SiamBAN behind `init` and `update`: the network, and how its answers become one box a frame."""

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.submission import BuildContext
from harness.weights import load_into, load_state

from .crops import Image, crop, start
from .network import SiamBan

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
EXEMPLAR, INSTANCE, STRIDE, POINTS = 127, 255, 8, 25
CONTEXT: Final = 0.5
"""How much of the mean of width and height is added on each side of the target."""
SMALLEST: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """How much the answer may change from frame to frame; the authors tuned them for each benchmark."""

    window_influence: float
    penalty_k: float
    learning_rate: float


class SiamBanTracker:
    """See `harness.submission.Method`."""

    takes_corners = True

    def __init__(self, module: SiamBan, device: str, penalties: Penalties) -> None:
        self.module = module.to(device).eval()
        self._device, self._chosen = device, penalties
        hanning = np.hanning(POINTS)
        self._window = np.outer(hanning, hanning).ravel()
        steps = (np.arange(POINTS) - POINTS // 2).astype(np.float32) * STRIDE
        self._x, self._y = np.tile(steps, POINTS), np.repeat(steps, POINTS)

    def init(self, frame: Image, region: Float) -> None:
        """Learn the target: `frame` uint8 RGB (h, w, 3), `region` a box (4,) or four corners (8,), pixels."""
        self._center, self._size = start(region)
        self._color = frame.mean(axis=(0, 1))
        side = round(_context(*self._size.tolist()))
        self._templates = self.module.template(self._tensor(crop(frame, self._center, side, EXEMPLAR, self._color)))

    def update(self, frame: Image) -> dict[str, Float | float]:
        """Seek the target around its last place: its box and the score of the point that found it."""
        context = _context(*self._size.tolist())
        side = round(context * (INSTANCE / EXEMPLAR))
        patch = self._tensor(crop(frame, self._center, side, INSTANCE, self._color))
        classes, distances = self.module(self._templates, patch)
        scores: Float32 = torch.softmax(classes[0].flatten(1), 0)[1].cpu().numpy()
        return self._chosen_box(scores, distances[0].flatten(1).cpu().numpy(), EXEMPLAR / context, frame.shape[:2])

    def _chosen_box(
        self, scores: Float32, distances: Float32, scale: float, shape: tuple[int, ...]
    ) -> dict[str, Float | float]:
        """The best point's box, its size smoothed, within the frame; distances are in the crop, `scale` its pixels a pixel."""
        left, top, right, bottom = (
            self._x - distances[0],
            self._y - distances[1],
            self._x + distances[2],
            self._y + distances[3],
        )
        x, y, width, height = (left + right) * 0.5, (top + bottom) * 0.5, right - left, bottom - top
        was_width, was_height = self._size.tolist()
        change = _change(_area_root(width, height) / _area_root(was_width * scale, was_height * scale))
        turn = _change((was_width / was_height) / (width / height))
        penalty = np.exp(-(turn * change - 1) * self._chosen.penalty_k)
        influence = self._chosen.window_influence
        best = int(np.argmax(penalty * scores * (1 - influence) + self._window * influence))
        rate = float(penalty[best] * scores[best]) * self._chosen.learning_rate
        moved = np.array([x[best], y[best]], np.float64) / scale
        found = np.array([width[best], height[best]], np.float64) / scale
        most = np.array([shape[1], shape[0]], np.float64)
        self._center = np.clip(self._center + moved, 0.0, most)
        self._size = np.maximum(SMALLEST, np.minimum(self._size * (1 - rate) + found * rate, most))
        return {"box": np.concatenate([self._center - self._size / 2, self._size]), "score": float(scores[best])}

    def _tensor(self, patch: Image) -> Tensor:
        """(1, 3, h, w), blue first, from 0 to 255, as the authors' networks were trained."""
        turned = np.ascontiguousarray(patch[:, :, ::-1].transpose(2, 0, 1))
        return torch.from_numpy(turned).to(self._device).float()[None]


def _context(width: float, height: float) -> float:
    """The side of the square that shows the target with its context."""
    margin = CONTEXT * (width + height)
    return sqrt((width + margin) * (height + margin))


def _area_root(width: Any, height: Any) -> Any:
    margin = (width + height) * 0.5
    return np.sqrt((width + margin) * (height + margin))


def _change(ratio: Float32) -> Float32:
    """A ratio or its inverse, whichever is above 1."""
    larger: Float32 = np.maximum(ratio, 1.0 / ratio)
    return larger


def build(context: BuildContext) -> SiamBanTracker:
    """The network of a variant with its weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = SiamBan()
    if context.checkpoint.kind == "file":
        load_into(module, load_state(context.checkpoint), "siamban", source=str(context.checkpoint.path))
    options: Any = context.options
    penalties = Penalties(**{name: float(options[name]) for name in Penalties.__dataclass_fields__})
    return SiamBanTracker(module, context.device, penalties)
