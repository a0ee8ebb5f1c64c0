"""Train the small variants for the generated samples: ``python -m submissions.resnet_cifar.train_sample``.

The pictures come from another seed than the samples'. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from submissions.resnet_cifar.model import NORMALISATIONS, to_tensor
from submissions.resnet_cifar.network import ResNet
from submissions.training import save_half, train_classifier
from tasks.classification.sample import SEED, pictures

TRAINING_SEED = SEED + 1
DEPTH, WIDTH = 8, {10: 8, 100: 12}
BATCH = 64


def training_set(count: int, classes: int, normalisation: str = "imagenet") -> tuple[Tensor, Tensor]:
    """`count` pictures, normalised (count, 3, 32, 32), and their labels (count,)."""
    images, labels = pictures(TRAINING_SEED, count, classes)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in NORMALISATIONS[normalisation])
    return torch.stack([(to_tensor(image) - mean) / deviation for image in images]), torch.tensor(labels)


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 1e-2) -> nn.Module:
    """Train with AdamW, the learning rate on one cycle."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    return train_classifier(network, images, labels, epochs, optimiser, size=BATCH, seed=TRAINING_SEED)


def main() -> None:
    """Train and write ``sample10.safetensors`` and ``sample100.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    # The networks are so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    for classes, width in WIDTH.items():
        torch.manual_seed(TRAINING_SEED)
        images, labels = training_set(options.pictures, classes)
        network = train(ResNet(DEPTH, classes, width), images, labels, options.epochs)
        save_half(network, Path(__file__).with_name(f"sample{classes}.safetensors"))


if __name__ == "__main__":
    main()
