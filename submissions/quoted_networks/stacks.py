"""NASNet, PNASNet, AmoebaNet and ENAS: cells stacked as Zoph et al. 2018 stack them, which is otherwise than DARTS does.

How cells begin, end and follow each other are facts of TensorFlow's models (research/slim/nets/nasnet, and
models/official/amoeba_net of tensorflow/tpu) and, of ENAS, of melodyguan/enas (src/cifar10/micro_child.py).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import torch
from torch import Tensor, nn
from torch.nn import functional

BOTTLENECK = 4
"""Convolutions of 3x3, and of 1x7 and 7x1, are computed on a fourth of the channels."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cell of ``cells.toml``."""

    operations: list[str]
    reads: list[int]
    answer: list[int]
    source: str
    twice: bool = False
    """Whether what the last cell answered passes two pointwise convolutions where its channels change, and what the one
    before it answered passes one also before the first cell."""


@cache
def plans() -> Mapping[str, Plan]:
    """The cells by name."""
    return msgspec.toml.decode(Path(__file__).with_name("cells.toml").read_bytes(), type=dict[str, Plan])


def _convolution(
    entering: int, leaving: int, size: int | tuple[int, int] = 1, stride: int | tuple[int, int] = 1
) -> list[nn.Module]:
    """A convolution that keeps the size, but for its stride, and batch normalisation."""
    padding = (size[0] // 2, size[1] // 2) if isinstance(size, tuple) else size // 2
    return [nn.Conv2d(entering, leaving, size, stride, padding, bias=False), nn.BatchNorm2d(leaving)]


def _separable(entering: int, leaving: int, size: int, stride: int) -> list[nn.Module]:
    """Twice: a rectifier, a convolution of each channel by itself, a pointwise one, batch normalisation."""
    layers: list[nn.Module] = []
    for channels, step in ((entering, stride), (leaving, 1)):
        alone = nn.Conv2d(channels, channels, size, step, size // 2, groups=channels, bias=False)
        layers += [nn.ReLU(), alone, *_convolution(channels, leaving)]
    return layers


def _bottleneck(entering: int, leaving: int, stride: int, rectangles: bool) -> list[nn.Module]:
    inside = leaving // BOTTLENECK
    middle = _convolution(inside, inside, 3, stride)
    if rectangles:
        middle = [
            *_convolution(inside, inside, (1, 7), (1, stride)),
            nn.ReLU(),
            *_convolution(inside, inside, (7, 1), (stride, 1)),
        ]
    return [nn.ReLU(), *_convolution(entering, inside), nn.ReLU(), *middle, nn.ReLU(), *_convolution(inside, leaving)]


def operation(name: str, entering: int, leaving: int, stride: int) -> nn.Module:
    """The layers of an operation; where the number of channels changes beside it, a pointwise convolution does that."""
    alike = entering == leaving
    if name.startswith("separable"):
        return nn.Sequential(*_separable(entering, leaving, int(name[-1]), stride))
    if name in ("3x3", "1x7_7x1"):
        return nn.Sequential(*_bottleneck(entering, leaving, stride, name != "3x3"))
    if name == "halving":
        return Halving(entering, leaving) if stride == 2 else nn.Identity()
    if name in ("none", "1x1"):
        unchanged = name == "none" and alike and stride == 1
        return nn.Identity() if unchanged else nn.Sequential(nn.ReLU(), *_convolution(entering, leaving, 1, stride))
    size = int(name[-1])
    average = name.startswith("avg")
    # Pools of 2x2 keep odd sizes whole, as padding on one side alone would.
    padding, whole = (1, False) if size == 3 else (0, True)
    pool: nn.Module = nn.MaxPool2d(size, stride, padding, ceil_mode=whole)
    if average:
        pool = nn.AvgPool2d(size, stride, padding, count_include_pad=False)
    return pool if alike else nn.Sequential(pool, *_convolution(entering, leaving))


class Halving(nn.Module):
    """Half the size: two pointwise convolutions of stride 2, the second one pixel further, side by side."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(entering, leaving // 2, 1, 2, bias=False)
        self.second = nn.Conv2d(entering, leaving - leaving // 2, 1, 2, bias=False)
        self.norm = nn.BatchNorm2d(leaving)

    def forward(self, x: Tensor) -> Tensor:
        """(n, entering, h, w) -> (n, leaving, (h + 1) // 2, (w + 1) // 2)."""
        moved = functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        found: Tensor = self.norm(torch.cat([self.first(x), self.second(moved)], 1))
        return found


class Cell(nn.Module):
    """A cell of `channels` inside. `entering` are the channels of the last cell's answer and of the one before it; `halved`
    says that the last cell halved the size, `first` that there is no cell before it."""

    def __init__(
        self, plan: Plan, entering: tuple[int, int], channels: int, stride: int, halved: bool, first: bool
    ) -> None:
        super().__init__()
        self.plan = plan
        last, before = entering
        self.last = nn.Sequential(nn.ReLU(), *_convolution(last, channels))
        if plan.twice and last != channels:
            self.last = nn.Sequential(*self.last, nn.ReLU(), *_convolution(channels, channels))
        fitted = [Halving(before, channels)] if halved else _convolution(before, channels)
        self.before = (
            nn.Identity() if first or (before == channels and not halved) else nn.Sequential(nn.ReLU(), *fitted)
        )
        widths = [channels, before if first else channels, *[channels] * (len(plan.reads) // 2)]
        self.operations = nn.ModuleList(
            operation(name, widths[state], channels, stride if state < 2 else 1)
            for name, state in zip(plan.operations, plan.reads, strict=True)
        )
        self.loose = nn.ModuleDict({str(s): _loose(widths[s], channels, stride) for s in plan.answer if s < 2})
        self.leaving = channels * len(plan.answer)

    def forward(self, last: Tensor, before: Tensor) -> Tensor:
        """The answers of the two cells before -> (n, leaving, h, w), or half the size."""
        states = [self.last(last), self.before(before)]
        made = list(zip(self.operations, self.plan.reads, strict=True))
        for (one, here), (other, there) in zip(made[::2], made[1::2], strict=True):
            states.append(one(states[here]) + other(states[there]))
        for state, fit in self.loose.items():
            states[int(state)] = fit(states[int(state)])
        return torch.cat([states[state] for state in self.plan.answer], 1)


def _loose(entering: int, leaving: int, stride: int) -> nn.Module:
    """What makes an input of a cell a part of its answer."""
    if stride == 2:
        return Halving(entering, leaving)
    return nn.Identity() if entering == leaving else nn.Sequential(*_convolution(entering, leaving))


class Stack(nn.Module):
    """Cells in order: (name of the plan, channels, stride). Photographs begin with a convolution of stride 2."""

    def __init__(self, cells: Sequence[tuple[str, int, int]], stem: int, photographs: bool, classes: int) -> None:
        super().__init__()
        step, padding = (2, 0) if photographs else (1, 1)
        self.stem = nn.Sequential(nn.Conv2d(3, stem, 3, step, padding, bias=False), nn.BatchNorm2d(stem))
        entering, made = [stem, stem], []
        strides = [1, *(stride for _, _, stride in cells)]
        for place, (name, channels, stride) in enumerate(cells):
            plan = plans()[name]
            first = place == 0 and not plan.twice
            cell = Cell(plan, (entering[-1], entering[-2]), channels, stride, strides[place] == 2, first)
            made.append(cell)
            entering.append(cell.leaving)
        self.cells = nn.ModuleList(made)
        self.classifier = nn.Linear(entering[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        last = before = self.stem(x)
        for cell in self.cells:
            last, before = cell(last, before), last
        logits: Tensor = self.classifier(functional.relu(last).mean((2, 3)))
        return logits


def stack(family: str, repeats: int, channels: int, photographs: bool, classes: int) -> Stack:
    """Three runs of `repeats` cells, the second and third of twice and four times the `channels`; a run begins by halving.

    NASNets, AmoebaNets and ENAS halve by a cell of its own, PNASNets by the first of a run. For photographs two halving cells
    of a fourth and a half of the channels stand before.
    """
    normal, reducing = (family, family) if family == "pnasnet-5" else (f"{family}-normal", f"{family}-reducing")
    cells = [(reducing, channels // part, 2) for part in ((4, 2) if photographs else ())]
    for run in range(3):
        width = channels << run
        own = normal != reducing
        cells += [(reducing, width, 2)] if run and own else []
        cells += [(normal, width, 2 if run and not own and not place else 1) for place in range(repeats)]
    return Stack(cells, 32 if photographs else 3 * channels, photographs, classes)
