"""Train the small variants for the generated sample: ``python -m submissions.imdn.train_sample --scale 4``.

The pictures come from another seed than the sample's. A scale takes some minutes on a CPU; the weights are stored as
float16.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from submissions.imdn.network import IMDN
from tasks.superres.resize import downscale
from tasks.superres.sample import SAMPLE_SEED, pictures

TRAINING_SEED = SAMPLE_SEED + 1
SMALL: dict[str, int] = {"channels": 24, "blocks": 3, "reduction": 8}
"""The small variants' network, as the manifest's options have it."""
PATCH = 24
"""Side of a low-resolution training patch, in pixels."""

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def pairs(scale: int, count: int) -> list[Pair]:
    """`count` training pictures, low and high resolution."""
    return [(downscale(picture, scale), picture) for _, picture in pictures(TRAINING_SEED, count)]


def batches(data: list[Pair], scale: int, size: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random patches, mirrored and transposed at random, in [0, 1]."""
    random = np.random.default_rng(TRAINING_SEED)
    for _ in range(steps):
        patches = [_patch(data[random.integers(len(data))], scale, random) for _ in range(size)]
        low, high = (torch.from_numpy(np.stack(side)) for side in zip(*patches, strict=True))
        yield low.permute(0, 3, 1, 2) / 255, high.permute(0, 3, 1, 2) / 255


def _patch(pair: Pair, scale: int, random: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    low, high = pair
    y, x = (int(random.integers(length - PATCH + 1)) for length in low.shape[:2])
    low = low[y : y + PATCH, x : x + PATCH]
    high = high[y * scale : (y + PATCH) * scale, x * scale : (x + PATCH) * scale]
    mirror, turn, transpose = (bool(random.integers(2)) for _ in range(3))
    step, back = (-1 if mirror else 1), (-1 if turn else 1)
    low, high = low[::step, ::back], high[::step, ::back]
    return (low.swapaxes(0, 1), high.swapaxes(0, 1)) if transpose else (low, high)


def train(scale: int, steps: int, count: int, batch: int = 16, rate: float = 2e-3) -> IMDN:
    """A small network trained with Adam on the mean absolute error, learning rate on one cosine cycle."""
    torch.manual_seed(TRAINING_SEED)
    network = IMDN(scale, **SMALL)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.05)
    for low, high in batches(pairs(scale, count), scale, batch, steps):
        optimiser.zero_grad()
        loss = torch.nn.functional.l1_loss(network(low), high)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return network


def main() -> None:
    """Train one scale and write ``sample_xSCALE.safetensors`` beside this file."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=4)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--pictures", type=int, default=400)
    options = parser.parse_args()
    network = train(options.scale, options.steps, options.pictures)
    state = {name: value.detach().to(torch.float16).contiguous() for name, value in network.state_dict().items()}
    save_file(state, Path(__file__).with_name(f"sample_x{options.scale}.safetensors"))


if __name__ == "__main__":
    main()
