"""Train the small variant for the generated sample: ``python -m submissions.rbnn.train_sample``.

As in the paper, the rotations are turned before every epoch and the gradient of the sign becomes steeper with time. The
pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from submissions.rbnn.binary import BinaryConv2d
from submissions.rbnn.model import network
from submissions.resnet_cifar.train_sample import BATCH, TRAINING_SEED, training_set
from submissions.training import save_half, train_classifier

FLATTEST, STEEPEST = 1e-2, 1e1
"""t of the first and behind the last epoch."""


def train(module: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 1e-2) -> nn.Module:
    """Train with Adam, the learning rate on one cycle."""
    layers = [layer for layer in module.modules() if isinstance(layer, BinaryConv2d)]
    begun: set[int] = set()

    def begin(batch: Tensor, labels: Tensor, epoch: int) -> Tensor:
        if epoch not in begun:
            begun.add(epoch)
            t = FLATTEST * (STEEPEST / FLATTEST) ** (epoch / epochs)
            for layer in layers:
                layer.steepness = (t, max(1 / t, 1.0))
                layer.turn()
        return batch

    optimiser = torch.optim.Adam(module.parameters(), lr=rate)
    return train_classifier(
        module, images, labels, epochs, optimiser, size=BATCH, seed=TRAINING_SEED, altered=begin
    )  # fmt: skip


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=14)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    module = network("resnet8-bireal", 16, 10)
    trained = train(module, *training_set(options.pictures, 10), options.epochs)
    save_half(trained, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
