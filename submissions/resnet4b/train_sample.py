"""Train the variant for the generated sample: ``python -m submissions.resnet4b.train_sample``, as ResNet-2B's."""

import argparse
from pathlib import Path

from submissions.resnet2b.train_sample import train_sample


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    train_sample(2, 16, Path(__file__).with_name("sample.safetensors"), options.pictures, options.epochs)


if __name__ == "__main__":
    main()
