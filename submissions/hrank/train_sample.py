"""Train the small variant for the generated sample: ``python -m submissions.hrank.train_sample``.

A whole network is trained, of each convolution the filters whose feature maps have the lowest rank are set to zero, and
what is left is fine-tuned. The pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from submissions.hrank.model import dense, pruning_rates
from submissions.resnet_cifar.train_sample import TRAINING_SEED, train, training_set
from submissions.training import save_half

NETWORK, WIDTH, RATES = "resnet8", 8, "[0.1]+[0.5]*6"
RANKED = 200
"""Pictures over which the ranks of a filter's feature maps are averaged."""


def mean_ranks(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """For each convolution, by name, the mean rank of every filter's rectified feature map (filters,)."""
    normalisations = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    names = [name for name, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    ranks: dict[str, Tensor] = {}

    def watch(name: str) -> Any:
        def rank(module: nn.Module, inputs: Any, output: Tensor) -> None:
            ranks[name] = torch.linalg.matrix_rank(output.relu()).float().mean(dim=0)

        return rank

    hooks = [part.register_forward_hook(watch(name)) for name, part in zip(names, normalisations, strict=True)]
    with torch.inference_mode():
        network(images)
    for hook in hooks:
        hook.remove()
    return ranks


def prune(network: nn.Module, ranks: Mapping[str, Tensor]) -> None:
    """Set the filters of the lowest ranks to zero, as many as `RATES` says, and keep them there in further training."""
    for name, share in pruning_rates(network, NETWORK, RATES).items():
        weight: Any = network.get_submodule(name).weight
        kept = torch.ones(len(weight), 1, 1, 1)
        kept[ranks[name].argsort(stable=True)[: int(share * len(weight))]] = 0
        weight.data *= kept
        # Without a gradient neither the step nor the decay of the weights moves a zero.
        weight.register_hook(lambda gradient, kept=kept: gradient * kept)


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    data = training_set(options.pictures, 10, "cifar-2023")
    network = train(dense(NETWORK, 10, WIDTH)(), *data, options.epochs)
    prune(network, mean_ranks(network, data[0][:RANKED]))
    save_half(train(network, *data, options.epochs), Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
