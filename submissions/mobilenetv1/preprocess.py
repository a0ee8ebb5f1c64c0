"""From a photograph to the network's input, in the ways in which people do it: their results differ."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from harness.errors import UsageError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BACKENDS: Final = ("pil", "tensor")
INTERPOLATIONS: Final = ("bilinear", "bicubic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Short side to `resize` pixels, then `crop` from the centre; `antialias` matters to tensors only, Pillow always does."""

    resize: int = 256
    crop: int = 224
    backend: str = "pil"
    interpolation: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        for name, value, known in (
            ("backend", self.backend, BACKENDS),
            ("interpolation", self.interpolation, INTERPOLATIONS),
        ):
            if value not in known:
                raise UsageError(f"--set {name}={value}: it must be one of {', '.join(known)}")

    def __call__(self, image: NDArray[np.uint8]) -> Tensor:
        """A photograph uint8 (h, w, 3) -> float32 (3, crop, crop), normalised."""
        return normalised(self.unit(image))

    def unit(self, image: NDArray[np.uint8]) -> Tensor:
        """The same in [0, 1], not normalised."""
        height, width = self._size(*image.shape[:2])
        resized = self._by_pillow if self.backend == "pil" else self._by_torch
        pixels = resized(image, height, width)
        top, left = round((height - self.crop) / 2.0), round((width - self.crop) / 2.0)
        return pixels[:, top : top + self.crop, left : left + self.crop]

    def _by_torch(self, image: NDArray[np.uint8], height: int, width: int) -> Tensor:
        """As torchvision resizes tensors of uint8: in floating point, then rounded to whole values again."""
        tensor = torch.tensor(image).permute(2, 0, 1)[None].float()
        resized = functional.interpolate(
            tensor, (height, width), mode=self.interpolation, align_corners=False, antialias=self.antialias
        )
        return resized[0].round().clamp(0, 255) / 255

    def _by_pillow(self, image: NDArray[np.uint8], height: int, width: int) -> Tensor:
        from PIL import Image

        how = Image.Resampling.BILINEAR if self.interpolation == "bilinear" else Image.Resampling.BICUBIC
        resized = np.array(Image.fromarray(image).resize((width, height), how))
        return torch.from_numpy(resized).permute(2, 0, 1).float() / 255

    def _size(self, height: int, width: int) -> tuple[int, int]:
        """The short side is `resize`, the other one is cut off to whole pixels: torchvision's rule."""
        short, long = min(height, width), max(height, width)
        other = int(self.resize * long / short)
        return (self.resize, other) if height <= width else (other, self.resize)


def normalised(pixels: Tensor) -> Tensor:
    """Pixels (..., 3, h, w) in [0, 1] with ImageNet's mean taken off, divided by its deviation."""
    mean, deviation = (torch.tensor(one, device=pixels.device)[:, None, None] for one in (MEAN, DEVIATION))
    return (pixels - mean) / deviation
