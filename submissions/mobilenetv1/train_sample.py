"""Train the small variant for the generated samples: ``python -m submissions.mobilenetv1.train_sample``.

The pictures come from another seed than the samples'. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from submissions.mobilenetv1.network import MobileNetV1
from submissions.mobilenetv1.preprocess import Preprocessing
from submissions.training import save_half, train_classifier
from tasks.classification.sample import SEED_IMAGENET, imagenet_label, imagenet_picture

TRAINING_SEED = SEED_IMAGENET + 100
WIDTH, SIDE = 0.125, 64
BATCH = 64


def training_set(count: int) -> tuple[Tensor, Tensor]:
    """`count` pictures as the network sees them, (count, 3, side, side), and their labels (count,)."""
    prepare = Preprocessing(resize=SIDE, crop=SIDE)
    images = [prepare(imagenet_picture(TRAINING_SEED, index)) for index in range(count)]
    return torch.stack(images), torch.tensor([imagenet_label(index) for index in range(count)])


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 1e-2) -> nn.Module:
    """Train with AdamW, the learning rate on one cycle."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    return train_classifier(network, images, labels, epochs, optimiser, size=BATCH, seed=TRAINING_SEED)


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    network = train(MobileNetV1(WIDTH), *training_set(options.pictures), options.epochs)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
