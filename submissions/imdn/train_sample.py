"""Train the small variants for the generated sample: ``python -m submissions.imdn.train_sample --scale 4``.

The pictures come from another seed than the sample's. A scale takes some minutes on a CPU; the weights are stored as
float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.imdn.network import IMDN
from submissions.training import save_half
from tasks.superres.training import TRAINING_SEED, batches, fit, pairs

SMALL: dict[str, int] = {"channels": 24, "blocks": 3, "reduction": 8}
"""The small variants' network, as the manifest's options have it."""


def train(scale: int, steps: int, count: int, batch: int = 16, rate: float = 2e-3) -> IMDN:
    """A small network trained with Adam on the mean absolute error, learning rate on one cosine cycle."""
    torch.manual_seed(TRAINING_SEED)
    network = IMDN(scale, **SMALL)
    fit(network, batches(pairs(scale, count), scale, batch, steps), steps, rate)
    return network


def main() -> None:
    """Train one scale and write ``sample_xSCALE.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=4)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--pictures", type=int, default=400)
    options = parser.parse_args()
    network = train(options.scale, options.steps, options.pictures)
    save_half(network, Path(__file__).with_name(f"sample_x{options.scale}.safetensors"))


if __name__ == "__main__":
    main()
