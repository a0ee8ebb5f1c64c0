"""Train the small variant for the generated sample: ``python -m submissions.resnet50_reid.train_sample``.

The people come from another seed than the sample's, the cameras are the same. The weights are stored as float16.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from submissions.resnet50_reid.model import to_input
from submissions.resnet50_reid.network import EmbeddingNetwork
from submissions.training import minimise, save_half, shuffled
from tasks.reid.pedestrians import HEIGHT, WIDTH, picture
from tasks.reid.sample import SEED

TRAINING_SEED = SEED + 1
CAMERAS = (1, 2, 3)
LAYERS, CHANNELS = (1, 1, 1, 1), 8
BATCH = 64


def pictures(people: int, shots: int) -> tuple[Tensor, Tensor]:
    """Training pictures (n, 3, 64, 32) and whose they are, int64 (n,)."""
    found = [
        (to_input(picture(TRAINING_SEED, who, camera, shot), (HEIGHT, WIDTH)), who - 1)
        for who in range(1, people + 1)
        for camera in CAMERAS
        for shot in range(shots)
    ]
    return torch.stack([one[0] for one in found]), torch.tensor([one[1] for one in found])


def train(people: int, shots: int, epochs: int, rate: float = 4e-3) -> EmbeddingNetwork:
    """A small network trained to tell the people apart, learning rate on one cosine cycle."""
    torch.manual_seed(TRAINING_SEED)
    images, labels = pictures(people, shots)
    network = EmbeddingNetwork(LAYERS, CHANNELS)
    classifier = nn.Linear(network.base.channels, people, bias=False)
    parameters = [p for p in (*network.parameters(), *classifier.parameters()) if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=5e-3)
    random = np.random.default_rng(TRAINING_SEED)

    def losses() -> Iterator[Tensor]:
        for _ in range(epochs):
            for chosen in shuffled(len(images), BATCH, random):
                batch = images[chosen]
                batch = batch.flip(3) if random.integers(2) else batch
                scores = classifier(network(batch))
                yield nn.functional.cross_entropy(scores, labels[chosen], label_smoothing=0.1)

    minimise(optimiser, losses(), epochs * (len(images) // BATCH), rise=0.1)
    return network.eval()


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=240)
    parser.add_argument("--shots", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=40)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    network = train(options.people, options.shots, options.epochs)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
