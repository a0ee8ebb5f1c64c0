"""Train the small variant for the generated sample: ``python -m submissions.p_darts.train_sample``.

The pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.darts.genotype import find_genotype
from submissions.darts.network import NetworkCIFAR
from submissions.resnet_cifar.train_sample import TRAINING_SEED, train, training_set
from submissions.training import save_half

CHANNELS, LAYERS = 4, 5


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    images, labels = training_set(options.pictures, 10, "cifar-darts")
    network = train(NetworkCIFAR(find_genotype("PDARTS"), CHANNELS, LAYERS, 10), images, labels, options.epochs)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
