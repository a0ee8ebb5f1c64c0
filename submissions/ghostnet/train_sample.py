"""Train the small variant for the generated samples: ``python -m submissions.ghostnet.train_sample``.

The pictures come from another seed than the samples'. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch

from submissions.ghostnet.network import GhostNet
from submissions.mobilenetv1.train_sample import TRAINING_SEED, train, training_set
from submissions.training import save_half

WIDTH, HEAD = 0.25, 160


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    # The network is so small that threads wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    network = train(GhostNet(WIDTH, head=HEAD), *training_set(options.pictures), options.epochs, rate=5e-3)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
