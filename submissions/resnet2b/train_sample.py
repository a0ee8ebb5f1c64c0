"""Train the variant for the generated sample: ``python -m submissions.resnet2b.train_sample``.

Madry et al. 2018: every step trains on the pictures that a few steps of projected gradient ascent make of its batch. The
pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from submissions.resnet2b.network import VerifiedResNet
from submissions.resnet_cifar.model import NORMALISATIONS, to_tensor
from submissions.resnet_cifar.train_sample import TRAINING_SEED
from submissions.training import save_half, train_classifier
from tasks.classification.sample import pictures

RADIUS: Final = 8 / 255
ATTACK_STEPS: Final = 4
BATCH: Final = 64


class Normalised(nn.Module):
    """A network on pictures in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        mean, deviation = (torch.tensor(one)[:, None, None] for one in NORMALISATIONS["cifar-247"])
        self.mean, self.deviation = mean, deviation

    def forward(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) -> logits (n, classes)."""
        logits: Tensor = self.network((images - self.mean) / self.deviation)
        return logits


def perturbed(network: nn.Module, images: Tensor, labels: Tensor, radius: float) -> Tensor:
    """What some steps of gradient ascent in the ball make of `images`, from a random start."""
    found = images + torch.empty_like(images).uniform_(-radius, radius)
    for _ in range(ATTACK_STEPS):
        found = found.clamp(0, 1).requires_grad_(True)
        loss = nn.functional.cross_entropy(network(found), labels)
        (gradient,) = torch.autograd.grad(loss, found)
        found = found.detach() + gradient.sign() * radius / 2
        found = torch.minimum(torch.maximum(found, images - radius), images + radius)
    return found.clamp(0, 1).detach()


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 2e-3) -> None:
    """Train with Adam, the learning rate on one cycle, the radius growing over the first half."""
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)

    def attacked(batch: Tensor, labels: Tensor, epoch: int) -> Tensor:
        return perturbed(network, batch, labels, RADIUS * min(1.0, 2 * (epoch + 1) / epochs))

    train_classifier(network, images, labels, epochs, optimiser, size=BATCH, seed=TRAINING_SEED, altered=attacked)


def train_sample(stages: int, width: int, path: Path, count: int, epochs: int) -> None:
    """Train a network of this shape and store it."""
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    images, labels = pictures(TRAINING_SEED, count, 10)
    network = VerifiedResNet(stages, width)
    train(Normalised(network), torch.stack([to_tensor(one) for one in images]), torch.tensor(labels), epochs)
    save_half(network, path)


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    train_sample(1, 8, Path(__file__).with_name("sample.safetensors"), options.pictures, options.epochs)


if __name__ == "__main__":
    main()
