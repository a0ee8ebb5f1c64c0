"""Train the small variant for the generated sample: ``python -m submissions.pams.train_sample``.

As in the paper, it begins with a network of full precision, the one that `edsr-baseline` ships for the sample; for a
third of the steps the maxima follow the largest activations, then they are learned. The pictures come from another seed
than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from harness.weights import read_checkpoint
from submissions.edsr_baseline.network import PEAK
from submissions.pams.network import QuantisedEDSR
from submissions.pams.quantised import QuantisedActivation
from submissions.training import save_half
from tasks.superres.training import TRAINING_SEED, batches, fit, pairs

SCALE, BITS, CHANNELS, BLOCKS = 4, 8, 24, 4
"""The small variant's network, as the manifest's options have it."""
BATCH = 8
FULL_PRECISION = Path(__file__).parents[1] / "edsr_baseline" / "sample_x4.safetensors"


def begun() -> QuantisedEDSR:
    """The quantised network with the weights of the one of full precision, whose second convolutions stand one place before."""
    network = QuantisedEDSR(SCALE, BITS, CHANNELS, BLOCKS, bias=True)
    own = network.state_dict()
    found = {name.replace(".body.2.", ".body.3."): value for name, value in read_checkpoint(FULL_PRECISION).items()}
    network.load_state_dict({**own, **{name: value.float() for name, value in found.items()}})
    return network


def train(steps: int, count: int, rate: float = 3e-4) -> QuantisedEDSR:
    """A small network trained on `count` pictures."""
    torch.manual_seed(TRAINING_SEED)
    network = begun()
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
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--pictures", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    save_half(train(options.steps, options.pictures), Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
