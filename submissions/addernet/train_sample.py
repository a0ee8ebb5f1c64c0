"""Train the small variant for the generated sample: ``python -m submissions.addernet.train_sample``.

The pictures come from another seed than the sample's. The gradients are those of the L1 distance, signs; the authors
train with full differences, which their larger network needs. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from submissions.addernet.network import AdderResNet
from submissions.resnet_cifar.model import NORMALISATIONS, to_tensor
from submissions.training import save_half, train_classifier
from tasks.classification.sample import SEED, pictures

TRAINING_SEED = SEED + 1
DEPTH, WIDTH = 8, 8
BATCH = 64


def training_set(count: int) -> tuple[Tensor, Tensor]:
    """`count` pictures, normalised (count, 3, 32, 32), and their labels (count,)."""
    images, labels = pictures(TRAINING_SEED, count, 10)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in NORMALISATIONS["cifar-2023"])
    return torch.stack([(to_tensor(image) - mean) / deviation for image in images]), torch.tensor(labels)


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 2e-2) -> nn.Module:
    """Train with Adam, the learning rate on one cycle."""
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    return train_classifier(network, images, labels, epochs, optimiser, size=BATCH, seed=TRAINING_SEED)


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    network = train(AdderResNet(DEPTH, 10, WIDTH), *training_set(options.pictures), options.epochs)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
