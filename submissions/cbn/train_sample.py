"""Train the small variant for the generated sample: ``python -m submissions.cbn.train_sample``.

Every batch that is normalised together comes from one camera, as in the paper. The people come from another seed than the
sample's, the cameras are the same. The weights are stored as float16.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from submissions.cbn.model import to_tensor
from submissions.cbn.network import CameraNetwork
from submissions.training import minimise, save_half
from tasks.reid.pedestrians import picture
from tasks.reid.sample import SEED

TRAINING_SEED = SEED + 1
CAMERAS = (1, 2, 3)
LAYERS, CHANNELS = (1, 1, 1, 1), 8
BATCH = 24
"""Images of each camera in a step."""


def pictures(people: int, shots: int) -> tuple[Tensor, Tensor]:
    """Training pictures (cameras, n, 3, 64, 32) and whose they are, int64 (n,), the same for all cameras."""
    order = [(who, shot) for who in range(1, people + 1) for shot in range(shots)]
    images = [[to_tensor(picture(TRAINING_SEED, who, camera, shot)) for who, shot in order] for camera in CAMERAS]
    return torch.stack([torch.stack(one) for one in images]), torch.tensor([who - 1 for who, _ in order])


def train(people: int, shots: int, epochs: int, rate: float = 4e-3) -> CameraNetwork:
    """A small network trained to tell the people apart, learning rate on one cosine cycle."""
    torch.manual_seed(TRAINING_SEED)
    images, labels = pictures(people, shots)
    network = CameraNetwork(LAYERS, CHANNELS)
    classifier = nn.Linear(network.base.channels, people, bias=False)
    parameters = [p for p in (*network.parameters(), *classifier.parameters()) if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=5e-3)
    steps = len(labels) // BATCH
    random = np.random.default_rng(TRAINING_SEED)

    def losses() -> Iterator[Tensor]:
        for _ in range(epochs):
            orders = np.stack([random.permutation(len(labels)) for _ in CAMERAS])
            for step in range(steps):
                chosen = torch.from_numpy(orders[:, step * BATCH : (step + 1) * BATCH])
                flip = bool(random.integers(2))
                yield _loss(network, classifier, images, labels, chosen, flip=flip)

    minimise(optimiser, losses(), epochs * steps, rise=0.1)
    return network.eval()


def _loss(
    network: CameraNetwork, classifier: nn.Module, images: Tensor, labels: Tensor, chosen: Tensor, *, flip: bool
) -> Tensor:
    losses = []
    for camera, rows in enumerate(chosen):
        batch = images[camera][rows]
        scores = classifier(network(batch.flip(3) if flip else batch))
        losses.append(nn.functional.cross_entropy(scores, labels[rows], label_smoothing=0.1))
    return torch.stack(losses).mean()


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
