"""Train the small variant for the generated sample: ``python -m submissions.filtersketch.train_sample``.

A whole network is trained, the filters inside its blocks are replaced by a sketch of them, and the smaller network is
fine-tuned. The pictures come from another seed than the sample's. The weights are stored as float16.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from submissions.filtersketch.model import sketched
from submissions.resnet_cifar.network import Block
from submissions.resnet_cifar.train_sample import TRAINING_SEED, train, training_set
from submissions.training import save_half

NETWORK, WIDTH, RATES = "resnet8", 8, "[0.5]*3"


def sketch(rows: Tensor, count: int) -> Tensor:
    """`count` rows that stand for the rows (n, d): the paper's frequent directions, by one singular value decomposition."""
    _, values, directions = torch.linalg.svd(rows, full_matrices=False)
    cut = values[count] ** 2 if count < len(values) else values.new_zeros(())
    found: Tensor = ((values[:count] ** 2 - cut).clamp(min=0).sqrt()[:, None] * directions[:count]).contiguous()
    return found


def pruned(whole: nn.Module) -> nn.Module:
    """The smaller network: sketched weights inside its blocks, those of `whole` elsewhere, new normalisation where it shrank."""
    small = sketched(NETWORK, RATES, 10, WIDTH)()
    state = whole.state_dict()
    own = small.state_dict()
    small.load_state_dict({**own, **{name: value for name, value in state.items() if value.shape == own[name].shape}})
    for name, block in small.named_modules():
        if isinstance(block, Block):
            inner = block.conv1.out_channels
            before, behind = state[f"{name}.conv1.weight"], state[f"{name}.conv2.weight"].transpose(0, 1)
            shrunk = sketch(behind.flatten(1), inner).reshape(inner, *behind.shape[1:])
            block.conv1.weight.data = sketch(before.flatten(1), inner).reshape(inner, *before.shape[1:])
            block.conv2.weight.data = shrunk.transpose(0, 1).contiguous()
    return small


def main() -> None:
    """Train and write ``sample.safetensors`` beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(TRAINING_SEED)
    data = training_set(options.pictures, 10, "cifar-2023")
    whole = train(sketched(NETWORK, "", 10, WIDTH)(), *data, options.epochs)
    save_half(train(pruned(whole), *data, options.epochs), Path(__file__).with_name("sample.safetensors"))


if __name__ == "__main__":
    main()
