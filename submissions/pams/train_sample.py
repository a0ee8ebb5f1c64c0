"""Train the small variant for the generated sample: ``python -m submissions.pams.train_sample``.

A third of the steps follows the largest activations, then their maxima are learned, as in the paper. The pictures come
from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.edsr_baseline.network import PEAK
from submissions.pams.network import QuantisedEDSR
from submissions.pams.quantised import QuantisedActivation
from submissions.training import save_half
from tasks.superres.training import TRAINING_SEED, batches, fit, pairs

SCALE, BITS, CHANNELS, BLOCKS = 4, 8, 24, 4
"""The small variant's network, as the manifest's options have it."""
BATCH = 16


def train(steps: int, count: int, rate: float = 2e-3) -> QuantisedEDSR:
    """A small network trained on `count` pictures."""
    torch.manual_seed(TRAINING_SEED)
    network = QuantisedEDSR(SCALE, BITS, CHANNELS, BLOCKS)
    data = batches(pairs(SCALE, count), SCALE, BATCH, steps)
    first = steps // 3
    for calibrating, part in ((True, first), (False, steps - first)):
        for layer in network.modules():
            if isinstance(layer, QuantisedActivation):
                layer.calibrating = calibrating
        taken = (next(data) for _ in range(part))
        fit(network, taken, part, rate, lambda low, _: network(PEAK * low) / PEAK)
    return network


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--pictures", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    save_half(train(options.steps, options.pictures), Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
