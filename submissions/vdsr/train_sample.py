"""Train the small variant for the generated sample: ``python -m submissions.vdsr.train_sample``.

One network learns all three scales, as the paper's does. The pictures come from another seed than the sample's. The
weights are stored as float16.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from submissions.training import save_half
from submissions.vdsr.luma import rgb_to_ycbcr
from submissions.vdsr.network import VDSR
from tasks.superres.resize import upscale
from tasks.superres.training import TRAINING_SEED, Pair, batches, fit, pairs

SMALL: dict[str, int] = {"layers": 8, "channels": 20}
"""The small variant's network, as the manifest's options have it."""
SCALES = (2, 3, 4)
PATCH = 40


def luma_pairs(count: int) -> list[Pair]:
    """Luma of the bicubic enlargements and of the originals of `count` pictures at every scale, float32 ``(h, w, 1)``."""
    return [_luma_pair(pair, scale) for scale in SCALES for pair in pairs(scale, count)]


def _luma_pair(pair: Pair, scale: int) -> Pair:
    low, high = pair
    enlarged = upscale(np.ascontiguousarray(rgb_to_ycbcr(low)[..., 0]), scale)
    return enlarged[..., None].astype(np.float32), rgb_to_ycbcr(high)[..., :1].astype(np.float32)


def train(steps: int, count: int, batch: int = 8, rate: float = 2e-3) -> VDSR:
    """A small network trained on `count` pictures."""
    torch.manual_seed(TRAINING_SEED)
    network = VDSR(**SMALL)
    fit(network, batches(luma_pairs(count), 1, batch, steps, PATCH), steps, rate)
    return network


def main() -> None:
    """Train the network and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--pictures", type=int, default=100)
    options = parser.parse_args()
    network = train(options.steps, options.pictures)
    save_half(network, Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
