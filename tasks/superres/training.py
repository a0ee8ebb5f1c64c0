"""Training small networks on generated pictures of another seed than the sample's: what train_sample.py scripts share."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.superres.resize import downscale
from tasks.superres.sample import SAMPLE_SEED, pictures

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

TRAINING_SEED = SAMPLE_SEED + 1
PATCH = 24
"""Side of a low-resolution training patch, in pixels."""

Pair = tuple[NDArray[Any], NDArray[Any]]


def pairs(scale: int, count: int) -> list[Pair]:
    """`count` training pictures, low and high resolution, uint8 ``(h, w, 3)``."""
    return [(downscale(picture, scale), picture) for _, picture in pictures(TRAINING_SEED, count)]


def batches(
    data: list[Pair], scale: int, size: int, steps: int, patch: int = PATCH
) -> "Iterator[tuple[Tensor, Tensor]]":
    """Random patches, mirrored and transposed at random, in [0, 1]: ``(size, C, patch, patch)`` and `scale` times that."""
    import torch

    random = np.random.default_rng(TRAINING_SEED)
    for _ in range(steps):
        patches = [_patch(data[random.integers(len(data))], scale, patch, random) for _ in range(size)]
        low, high = (torch.from_numpy(np.stack(side)) for side in zip(*patches, strict=True))
        yield low.permute(0, 3, 1, 2) / 255, high.permute(0, 3, 1, 2) / 255


def _patch(pair: Pair, scale: int, patch: int, random: np.random.Generator) -> Pair:
    low, high = pair
    y, x = (int(random.integers(length - patch + 1)) for length in low.shape[:2])
    low = low[y : y + patch, x : x + patch]
    high = high[y * scale : (y + patch) * scale, x * scale : (x + patch) * scale]
    mirror, turn, transpose = (bool(random.integers(2)) for _ in range(3))
    step, back = (-1 if mirror else 1), (-1 if turn else 1)
    low, high = low[::step, ::back], high[::step, ::back]
    return (low.swapaxes(0, 1), high.swapaxes(0, 1)) if transpose else (low, high)


def fit(
    network: "Module",
    data: "Iterable[tuple[Tensor, Tensor]]",
    steps: int,
    rate: float,
    enlarge: "Callable[[Tensor, int], Tensor] | None" = None,
) -> None:
    """Train with Adam on the mean absolute error, the learning rate on one cosine cycle up to `rate`.

    `enlarge` is how the network enlarges a batch by a scale, where that is not ``network(batch)``.
    """
    import torch

    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.05)
    for low, high in data:
        optimiser.zero_grad()
        output = enlarge(low, high.shape[-1] // low.shape[-1]) if enlarge else network(low)
        loss = torch.nn.functional.l1_loss(output, high)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
