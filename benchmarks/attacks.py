"""Our attacks beside the authors' package: `python benchmarks/attacks.py WEIGHTS.pth IMAGES.npy LABELS.npy`.

One process, one thread, ResNet-2B, the images that it answers rightly, radius 2/255 (Linf) and 0.25 (L2), the same
parameters; rounds interleaved. Seconds of the fastest round, images through the network forwards and backwards, and how
many images each leaves; a ratio above 1 means that ours is the faster one. Needs autoattack or pyautoattack.
"""

import argparse
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from submissions.resnet2b.network import VerifiedResNet
from submissions.resnet_cifar.model import NORMALISATIONS
from tasks.classification.robustness.attacks import Attack, Counted, build
from tasks.classification.robustness.attacks.published import published
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.streams import Streams

BALLS = (Ball("linf", 2 / 255), Ball("l2", 0.25))
ATTACKS: dict[str, dict[str, int]] = {
    "apgd-ce": {}, "apgd-t": {"targets": 3}, "fab-t": {"targets": 3}, "square": {"queries": 1000},
}  # fmt: skip


class Victim:
    """ResNet-2B and the images that it answers rightly."""

    def __init__(self, weights: Path, images: Path, labels: Path) -> None:
        self.net = VerifiedResNet(1, 8).eval()
        stored = torch.load(weights, map_location="cpu", weights_only=True)["state_dict"]
        self.net.load_state_dict({name: stored[name] for name in self.net.state_dict()})
        mean, std = NORMALISATIONS["cifar-247"]
        self.mean, self.std = (torch.tensor(one)[:, None, None] for one in (mean, std))
        pixels = torch.from_numpy(np.load(images)).permute(0, 3, 1, 2).contiguous()
        truth = torch.from_numpy(np.load(labels))
        right = self.standing(pixels, truth)
        self.images, self.labels = pixels[right], truth[right]

    def logits(self, images: Tensor) -> Tensor:
        """(n, 3, 32, 32) in [0, 1] -> (n, 10)."""
        answer: Tensor = self.net((images - self.mean) / self.std)
        return answer

    def standing(self, images: Tensor, labels: Tensor) -> Tensor:
        """Which images are answered rightly."""
        with torch.no_grad():
            return self.logits(images).argmax(1) == labels

    def attacked(self, attack: Attack, ball: Ball) -> dict[str, Any]:
        """Seconds, passes and what is left."""
        counted, streams = (
            Counted(self.logits),
            Streams.of(0, [str(row) for row in range(len(self.images))], attack.name),
        )
        start = time.perf_counter()
        found = attack(counted, self.images, self.labels, ball, streams)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "left": int(self.standing(found, self.labels).sum()), **counted.spent.facts()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "images", "labels"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    victim = Victim(options.weights, options.images, options.labels)
    print("| attack | ball | ours s | package s | ratio | forwards | package's | left | package's |")
    print("|---|---|---|---|---|---|---|---|---|")
    for ball in BALLS:
        for name, parameters in ATTACKS.items():
            pair = (build(name, parameters, ball), published(name, parameters))
            rounds = [[victim.attacked(attack, ball) for attack in pair] for _ in range(options.rounds)]
            ours, theirs = (min((one[side] for one in rounds), key=lambda run: run["seconds"]) for side in (0, 1))
            print(
                f"| {name} {parameters or ''} | {ball.norm} {ball.radius:.4g} | {ours['seconds']:.2f} | "
                f"{theirs['seconds']:.2f} | {theirs['seconds'] / ours['seconds']:.2f} | {ours['forwards']} | "
                f"{theirs['forwards']} | {ours['left']} | {theirs['left']} |",
                flush=True,
            )
    print(f"\n{time.strftime('%H:%M')}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
