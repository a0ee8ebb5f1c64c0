"""Small networks under attack, well-behaved and not, for tests; and a small data set for them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tasks.classification.sample import pictures

CLASSES = 10


def write_pictures(folder: Path, count: int = 24, labels: Any = None) -> dict[str, Path]:
    """Pictures as arrays, labelled by `labels` or by what they show: the options that name them."""
    images, shown = pictures(5, count, CLASSES)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", np.stack(images))
    np.save(folder / "labels.npy", np.array(shown if labels is None else labels))
    return {"images": folder / "images.npy", "annotations": folder / "labels.npy"}


def tensor(count: int = 24) -> Tensor:
    """The same pictures as (n, 3, 32, 32) in [0, 1]."""
    images = np.stack(pictures(5, count, CLASSES)[0])
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255


class Net:
    """One layer, the same weights each time, and `after` on its logits."""

    classes = ()

    def __init__(self, after: nn.Module | None = None, outputs: int = CLASSES, strength: float = 1.0) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            layer = nn.Linear(3072, outputs)
        with torch.no_grad():
            layer.weight *= strength
        self.module: nn.Module = nn.Sequential(nn.Flatten(), layer, *([after] if after is not None else [])).eval()

    def logits(self, images: Tensor) -> Tensor:
        found: Tensor = self.module(images)
        return found

    def labels(self, count: int = 24) -> list[int]:
        """What it answers to the pictures, so that it is right in all."""
        with torch.no_grad():
            found: list[int] = self.logits(tensor(count)).argmax(1).tolist()
        return found


class Noise(nn.Module):
    """Random at every call."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.001 * torch.randn_like(x)


class Rounded(nn.Module):
    """Steps of one unit: no gradient anywhere."""

    def forward(self, x: Tensor) -> Tensor:
        return (x * 50).round() + 0 * x


class Growing(Net):
    """Answers that change with every call, by nothing between two calls that follow each other at once."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def logits(self, images: Tensor) -> Tensor:
        self.calls += 1
        return super().logits(images) * (1 + (self.calls // 4))


class Purifying(Net):
    """Takes a step of gradient descent on its input before it answers."""

    def logits(self, images: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = images.detach().requires_grad_()
            (gradient,) = torch.autograd.grad(super().logits(leaf).square().sum(), leaf)
        return super().logits(images - 0.0001 * gradient)


class Masked(Net):
    """Its gradients are those of other weights, which say nothing of its answers."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            self.other = torch.randn(3072, CLASSES)

    def logits(self, images: Tensor) -> Tensor:
        nothing = (images - images.detach()).flatten(1) @ self.other
        return super().logits(images.detach()).detach() + nothing


class Detached(Net):
    """No gradient reaches the image."""

    def logits(self, images: Tensor) -> Tensor:
        return super().logits(images.detach()).detach()
