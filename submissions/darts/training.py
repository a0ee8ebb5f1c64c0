"""Training a small network of a genotype's cells for the generated sample: what the train_sample.py scripts share.

The pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.resnet_cifar.train_sample import TRAINING_SEED, train, training_set
from submissions.training import save_half

from .genotype import find_genotype
from .network import NetworkCIFAR

CHANNELS, LAYERS = 4, 5


def train_sample(genotype: str, path: Path, description: str | None) -> None:
    """Read the command line's options, train, and write the weights to `path`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    images, labels = training_set(options.pictures, 10, "cifar-darts")
    network = train(NetworkCIFAR(find_genotype(genotype), CHANNELS, LAYERS, 10), images, labels, options.epochs)
    save_half(network, path)
