"""Train the small variant for the generated samples: ``python -m submissions.mobilenetv1.train_sample``.

The pictures come from another seed than the samples'. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from submissions.mobilenetv1.network import MobileNetV1
from submissions.mobilenetv1.preprocess import Preprocessing
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


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    from safetensors.torch import save_file

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    network = train(MobileNetV1(WIDTH), *training_set(options.pictures), options.epochs)
    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    floats = {name: value.to(torch.float16) if value.is_floating_point() else value for name, value in state.items()}
    save_file(floats, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
