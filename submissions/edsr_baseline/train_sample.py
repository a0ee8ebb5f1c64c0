"""Train the small variants for the generated sample: ``python -m submissions.edsr_baseline.train_sample --scale 4``.

The pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.edsr_baseline.network import EDSR, PEAK
from submissions.training import save_half
from tasks.superres.training import TRAINING_SEED, batches, fit, pairs

SMALL: dict[str, int] = {"channels": 24, "blocks": 4}
"""The small variants' network, as the manifest's options have it."""


def train(scale: int, steps: int, count: int, batch: int = 16, rate: float = 2e-3) -> EDSR:
    """A small network trained on `count` pictures."""
    torch.manual_seed(TRAINING_SEED)
    network = EDSR(scale, **SMALL)
    data = batches(pairs(scale, count), scale, batch, steps)
    fit(network, data, steps, rate, lambda low, _: network(PEAK * low) / PEAK)
    return network


def main() -> None:
    """Train one scale and write ``sample_xSCALE.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, choices=(2, 3, 4), default=4)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--pictures", type=int, default=150)
    options = parser.parse_args()
    network = train(options.scale, options.steps, options.pictures)
    save_half(network, Path(__file__).with_name(f"sample_x{options.scale}.safetensors"))


if __name__ == "__main__":
    main()
