"""From a data set's image to the pixels that the ball is drawn round: float32 (3, h, w) in [0, 1]."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
WHOLE: Final = "the whole picture"
RESIZED: Final = "short side 256, bilinear by Pillow, centre crop 224"
"""RobustBench's `Res256Crop224`; its networks with another preprocessing bring their own."""
_SHORT, _CROP = 256, 224
_TOGETHER: Final = {WHOLE: 50, RESIZED: 8}
"""Images attacked together where a submission states no batch: one at a time, an attack of thousands of steps takes days."""


def attacked_together(batch_size: int, rule: str) -> int:
    """How many images are attacked together."""
    return batch_size if batch_size > 1 else _TOGETHER[rule]


def standard_pixels(images: Sequence[NDArray[Any]], rule: str) -> list[Pixels]:
    """The pixels of images uint8 (h, w, 3), or float32 in [0, 1], by a rule above; in one piece where all are alike."""
    chosen = list(images) if rule == WHOLE else [_resized(image) for image in images]
    if len({(image.shape, image.dtype) for image in chosen}) == 1:
        return list(_unit(np.stack(chosen)))
    return [_unit(image) for image in chosen]


def _unit(images: NDArray[Any]) -> Pixels:
    """Images (..., h, w, 3) as float32 (..., 3, h, w) in [0, 1]."""
    turned = np.ascontiguousarray(np.moveaxis(images, -1, -3)).astype(np.float32, copy=False)
    return turned / np.float32(255) if images.dtype == np.uint8 else turned


def _resized(image: NDArray[Any]) -> NDArray[np.uint8]:
    """As torchvision resizes and crops: the longer side is cut off to whole pixels, the offset rounded."""
    from PIL import Image

    height, width = image.shape[:2]
    short, long = min(height, width), max(height, width)
    other = int(_SHORT * long / short)
    size = (other, _SHORT) if height <= width else (_SHORT, other)
    found = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    top, left = round((found.shape[0] - _CROP) / 2.0), round((found.shape[1] - _CROP) / 2.0)
    return found[top : top + _CROP, left : left + _CROP]
