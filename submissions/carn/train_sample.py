"""Train the small variants for the generated sample: ``python -m submissions.carn.train_sample [--mobile]``.

One network learns all three scales, as the authors' does. The pictures come from another seed than the sample's. The
weights are stored as float16.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from submissions.carn.network import CARN, SCALES
from submissions.training import save_half
from tasks.superres.training import TRAINING_SEED, batches, fit, pairs

SMALL: dict[str, Any] = {"channels": 16}
SMALL_MOBILE: dict[str, Any] = {"channels": 24, "groups": 4, "mobile": True}
"""The small variants' networks, as the manifest's options have them."""


def in_turn(count: int, batch: int, steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of the three scales, one after the other."""
    sources = [batches(pairs(scale, count), scale, batch, steps) for scale in SCALES]
    for step in range(steps):
        yield next(sources[step % len(sources)])


def train(mobile: bool, steps: int, count: int, batch: int = 8, rate: float = 2e-3) -> CARN:
    """A small network trained on `count` pictures."""
    torch.manual_seed(TRAINING_SEED)
    network = CARN(**(SMALL_MOBILE if mobile else SMALL))
    fit(network, in_turn(count, batch, steps), steps, rate, network.enlarge)
    return network


def main() -> None:
    """Train one network and write ``sample.safetensors`` or ``sample_m.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mobile", action="store_true", help="CARN-M")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    network = train(options.mobile, options.steps, options.pictures)
    name = "sample_m" if options.mobile else "sample"
    save_half(network, Path(__file__).with_name(f"{name}.safetensors"))


if __name__ == "__main__":
    main()
