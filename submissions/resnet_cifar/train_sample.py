"""Train the small variants for the generated samples: ``python -m submissions.resnet_cifar.train_sample``.

The pictures come from another seed than the samples'. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from submissions.resnet_cifar.model import NORMALISATIONS, to_tensor
from submissions.resnet_cifar.network import ResNet
from tasks.classification.sample import SEED, pictures

TRAINING_SEED = SEED + 1
DEPTH, WIDTH = 8, {10: 8, 100: 12}
BATCH = 64


def training_set(count: int, classes: int) -> tuple[Tensor, Tensor]:
    """`count` pictures, normalised (count, 3, 32, 32), and their labels (count,)."""
    images, labels = pictures(TRAINING_SEED, count, classes)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in NORMALISATIONS["imagenet"])
    return torch.stack([(to_tensor(image) - mean) / deviation for image in images]), torch.tensor(labels)


def train(network: nn.Module, images: Tensor, labels: Tensor, epochs: int, rate: float = 1e-2) -> nn.Module:
    """Train with AdamW, the learning rate on one cycle."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.2)
    random = np.random.default_rng(TRAINING_SEED)
    network.train()
    for _ in range(epochs):
        order = torch.from_numpy(random.permutation(len(images)))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            loss = nn.functional.cross_entropy(network(images[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network.eval()


def save(network: nn.Module, path: Path) -> None:
    """Store the weights as float16."""
    from safetensors.torch import save_file

    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    save_file({n: value.to(torch.float16) if value.is_floating_point() else value for n, value in state.items()}, path)


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
        save(network, Path(__file__).with_name(f"sample{classes}.safetensors"))


if __name__ == "__main__":
    main()
