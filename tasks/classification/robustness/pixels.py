"""From a data set's image to the pixels that the ball is drawn round: float32 (3, h, w) in [0, 1]."""

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


def standard_pixels(image: NDArray[Any], rule: str) -> Pixels:
    """The pixels of an image uint8 (h, w, 3), or float32 in [0, 1], by a rule above."""
    chosen = image if rule == WHOLE else _resized(image)
    unit = chosen.astype(np.float32) / np.float32(255) if chosen.dtype == np.uint8 else chosen.astype(np.float32)
    return np.ascontiguousarray(unit.transpose(2, 0, 1))


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
