"""Train the small variant for the generated sample: ``python -m submissions.pc_darts.train_sample``."""

from pathlib import Path

from submissions.darts.training import train_sample

if __name__ == "__main__":
    train_sample("PC_DARTS_cifar", Path(__file__).with_name("sample.safetensors"), __doc__)
