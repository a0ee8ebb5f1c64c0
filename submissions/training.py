"""Training the small networks that ship for generated samples: what the train_sample.py scripts share."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn


def shuffled(count: int, size: int, random: np.random.Generator) -> Iterator[Tensor]:
    """The indices of one epoch in batches of `size`, in another order every time; what fills no batch is left out."""
    order = torch.from_numpy(random.permutation(count))
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def minimise(optimiser: torch.optim.Optimizer, losses: Iterable[Tensor], steps: int, rise: float) -> None:
    """A step for every loss, each computed when its turn comes; the learning rate on one cosine cycle.

    Its peak is the optimiser's own, reached after the part `rise` of all `steps`.
    """
    peak = optimiser.param_groups[0]["lr"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps, pct_start=rise)
    for loss in losses:
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()


def train_classifier(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    epochs: int,
    optimiser: torch.optim.Optimizer,
    *,
    size: int,
    seed: int,
    altered: Callable[[Tensor, Tensor, int], Tensor] = lambda batch, labels, epoch: batch,
) -> nn.Module:
    """Train on the cross-entropy of `images` (n, 3, h, w) and `labels` (n,); the network as it is for answering.

    `altered` says what is made of a batch of pictures with these labels in an epoch.
    """
    random = np.random.default_rng(seed)
    network.train()

    def losses() -> Iterator[Tensor]:
        for epoch in range(epochs):
            for chosen in shuffled(len(images), size, random):
                batch = altered(images[chosen], labels[chosen], epoch)
                yield nn.functional.cross_entropy(network(batch), labels[chosen])

    minimise(optimiser, losses(), epochs * (len(images) // size), rise=0.2)
    return network.eval()


def save_half(network: nn.Module, path: Path) -> None:
    """Write the network's state as safetensors, numbers with a point as float16."""
    from safetensors.torch import save_file

    state = {name: value.detach().clone().contiguous() for name, value in network.state_dict().items()}
    save_file({n: value.to(torch.float16) if value.is_floating_point() else value for n, value in state.items()}, path)
