"""Statistics of batch normalisation for every camera: collected from its unlabelled images, put in place before it is used.

Source: arXiv 2001.08680, section 3.3; automan000/Camera-based-Person-ReID, test_model.py and frameworks/evaluating.
"""

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harness.errors import SubmissionError

Image = NDArray[np.uint8]
Camera = tuple[str, int]
"""The images of a query set and of a gallery are taken apart, as the authors' code does: role and camera."""
Statistics = Mapping[str, Tensor]


class Chosen:
    """At most `most` images of one camera, chosen and ordered at random, but always the same for one seed."""

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._seed = most, seed
        self._kept: list[tuple[int, str, Image]] = []

    def add(self, id: str, image: Image) -> None:
        """Take one image into account."""
        key = int.from_bytes(hashlib.sha256(f"{self._seed}/{id}".encode()).digest()[:8], "big")
        # A heap of negated keys: its first is the largest key, which leaves when there are too many.
        heapq.heappush(self._kept, (-key, id, image))
        if len(self._kept) > self._most:
            heapq.heappop(self._kept)

    def batches(self, size: int) -> list[list[Image]]:
        """The images in batches; the last one only if it is full or the only one."""
        images = [image for _, _, image in sorted(self._kept, key=lambda one: (-one[0], one[1]))]
        whole = len(images) // size * size or len(images)
        return [images[start : start + size] for start in range(0, whole, size)]


def norms(module: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d]:
    """All batch normalisations of a network."""
    return [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]


def collect(module: nn.Module, batches: Iterable[Tensor], camera: Camera) -> Statistics:
    """The mean over the batches of every layer's statistics, each batch also seen mirrored.

    Raises SubmissionError for a camera with fewer than two images, which has no variance.
    """
    for layer in norms(module):
        layer.reset_running_stats()
    module.train()
    try:
        for batch in batches:
            if len(batch) < 2:
                raise SubmissionError(
                    f"cbn needs two images of every camera, but the {camera[0]} set has one of camera {camera[1]}"
                )
            with torch.no_grad():
                module(batch)
                module(batch.flip(3))
    finally:
        module.eval()
    kept = ("running_mean", "running_var")
    return {name: value.clone() for name, value in module.state_dict().items() if name.endswith(kept)}


def place(module: nn.Module, statistics: Statistics) -> None:
    """Put a camera's statistics into the network."""
    module.load_state_dict(dict(statistics), strict=False)


def by_camera(cameras: Sequence[Camera]) -> dict[Camera, list[int]]:
    """Camera -> where its images stand in a batch."""
    found: dict[Camera, list[int]] = {}
    for index, camera in enumerate(cameras):
        found.setdefault(camera, []).append(index)
    return found
