"""Train the small variant for the generated sample: ``python -m submissions.p_darts.train_sample``."""

from pathlib import Path

from submissions.darts.training import train_sample

if __name__ == "__main__":
    train_sample("PDARTS", Path(__file__).with_name("sample.safetensors"), __doc__)
