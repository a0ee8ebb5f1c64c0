"""Small networks for attacks to be tested on, and how their images are judged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tasks.classification.robustness.attacks import Attack, Counted
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.streams import Streams


@dataclass(frozen=True)
class Victim:
    """A network and images that it answers rightly."""

    logits: Callable[[Tensor], Tensor]
    images: Tensor
    labels: Tensor

    @property
    def ids(self) -> list[str]:
        """A name for each image."""
        return [f"image {index}" for index in range(len(self.images))]

    def attacked(self, attack: Attack, ball: Ball, seed: int = 0) -> Tensor:
        """What an attack makes of the images."""
        return attack(self.logits, self.images, self.labels, ball, Streams.of(seed, self.ids, attack.name))

    def counted(self) -> tuple["Victim", Counted]:
        """The same network behind a counter."""
        counted = Counted(self.logits)
        return Victim(counted, self.images, self.labels), counted

    def standing(self, images: Tensor) -> Tensor:
        """Which images are answered rightly, (n,) bool."""
        with torch.no_grad():
            return self.logits(images).argmax(1) == self.labels

    def take(self, chosen: Tensor) -> "Victim":
        """Some of the images."""
        return Victim(self.logits, self.images[chosen], self.labels[chosen])


def linear(classes: int, low: float = 0.0, high: float = 1.0, count: int = 24, seed: int = 0) -> tuple[Victim, Tensor]:
    """A linear classifier of 3 x 6 x 6 pixels and its weights (classes, 108); images have values from low to high."""
    source = torch.Generator().manual_seed(seed)
    weights = torch.randn((classes, 108), generator=source)
    offsets = -weights.sum(1) * (low + high) / 2  # centred, so that all classes are answered
    images = low + (high - low) * torch.rand((count, 3, 6, 6), generator=source)

    def logits(batch: Tensor) -> Tensor:
        return batch.flatten(1) @ weights.T + offsets

    return Victim(logits, images, logits(images).argmax(1)), weights


def convolutional(classes: int = 5, count: int = 8, seed: int = 0, side: int = 8) -> Victim:
    """A small network with random weights that answers each image by itself, so that no batch changes a digit."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(6 * (side // 2) ** 2, classes)
        ).eval()  # fmt: skip
        images = torch.rand((count, 3, side, side))

    def logits(batch: Tensor) -> Tensor:
        answers = [net(image[None]) for image in batch]
        return 5 * torch.cat(answers) if answers else torch.empty((0, classes))

    with torch.no_grad():
        return Victim(logits, images, logits(images).argmax(1))


def resnet2b(shared: Path, count: int = 200) -> Victim:
    """ResNet-2B on those of the first `count` real images that it answers rightly."""
    from submissions.resnet2b.network import VerifiedResNet

    net = VerifiedResNet(1, 8).eval()
    stored = torch.load(
        shared / "data" / "robustness" / "weights" / "resnet2b.pth", map_location="cpu", weights_only=True
    )
    net.load_state_dict({name: stored["state_dict"][name] for name in net.state_dict()})
    mean, std = (torch.tensor(one)[:, None, None] for one in ((0.4914, 0.4822, 0.4465), (0.2471, 0.2435, 0.2616)))
    images, labels = (
        torch.from_numpy(np.load(shared / "data" / "classification" / f"cifar10_test200_{what}.npy")[:count])
        for what in ("images", "labels")
    )
    whole = Victim(lambda batch: net((batch - mean) / std), images.permute(0, 3, 1, 2).contiguous(), labels)
    return whole.take(whole.standing(whole.images))
