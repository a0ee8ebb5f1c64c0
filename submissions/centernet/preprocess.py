"""From an RGB image to the network's input, and from cells of a heat map back to pixels, as the official code does.

Source: github.com/Duankaiwen/CenterNet, test/coco.py, db/coco.py; princeton-vl/CornerNet, utils/image.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from submissions.centernet.resize import resize_bilinear

#: Statistics of COCO's training images in blue, green, red: the official code reads images with OpenCV.
MEAN_BGR = np.array([0.40789654, 0.44719302, 0.47026115], dtype=np.float32)
STD_BGR = np.array([0.28863828, 0.27408164, 0.27809835], dtype=np.float32)


@dataclass(frozen=True)
class Geometry:
    """How an image of `height` x `width` lies in the network's input at one test scale; all in pixels."""

    height: int
    width: int
    scale: float
    size_step: int

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width of the scaled image."""
        return int(self.height * self.scale), int(self.width * self.scale)

    @property
    def padded(self) -> tuple[int, int]:
        """Height and width of the input: the next multiple of `size_step` less 1 that is no smaller."""
        height, width = self.resized
        return height | (self.size_step - 1), width | (self.size_step - 1)

    @property
    def cells(self) -> tuple[int, int]:
        """Height and width of the heat maps."""
        height, width = self.padded
        return (height + 1) // 4, (width + 1) // 4

    @property
    def border(self) -> tuple[int, int]:
        """Rows above and columns left of the image in the input."""
        (height, width), (rows, columns) = self.padded, self.resized
        return height // 2 - rows // 2, width // 2 - columns // 2

    @property
    def ratio(self) -> tuple[float, float]:
        """Cells a pixel, along height and width: a little more than 1/4."""
        (height, width), (rows, columns) = self.padded, self.cells
        return rows / height, columns / width


def network_input(image: NDArray[np.uint8], geometry: Geometry, *, flip: bool) -> NDArray[np.float32]:
    """Scale, pad with black, normalise, and add the mirror image if asked.

    `image` is uint8 RGB (height, width, 3); the answer float32 BGR (1 or 2, 3, padded height, padded width).
    """
    bgr = resize_bilinear(image[:, :, ::-1], geometry.resized)
    height, width = geometry.padded
    top, left = geometry.border
    canvas = np.zeros((height, width, 3), dtype=np.uint8)
    # the official crop centres with whole halves: an image as large as the input loses its last row or column
    bgr = bgr[: bgr.shape[0] // 2 + height // 2, : bgr.shape[1] // 2 + width // 2]
    canvas[top : top + bgr.shape[0], left : left + bgr.shape[1]] = bgr
    # float64 until the last step, as uint8 / 255. is in the official code
    normal = ((canvas / 255.0 - MEAN_BGR) / STD_BGR).astype(np.float32).transpose(2, 0, 1)
    views = [normal, normal[:, :, ::-1]] if flip else [normal]
    return np.ascontiguousarray(np.stack(views))
