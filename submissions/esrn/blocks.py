"""The three blocks that ESRN's search chooses from, as huawei-noah/vega names them: ``G_8_16_24``.

The letter is the kind: G (grouped), S (shrinking) or C (contextual). The numbers are convolutions, channels inside
(growth), and channels that come out.
"""

import re
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pixel_shuffle

from harness.errors import UsageError

GROUPS = 4
"""Most groups of a convolution in a grouped block."""
REPEATS = 3
"""How often each convolution of a contextual block runs, with the same weights."""
_CODE = re.compile(r"([GSC])_(\d{1,3})_(\d{1,3})_(\d{1,3})")


class Plan(NamedTuple):
    """One block of a genotype."""

    kind: str
    layers: int
    growth: int
    outputs: int


def parse(code: str) -> Plan:
    """``G_8_16_24`` as a plan; raises UsageError where it is none, or where its channels cannot be grouped or shuffled."""
    match = _CODE.fullmatch(code)
    plan = Plan(match[1], *map(int, match.groups()[1:])) if match else None
    if plan is None or min(plan[1:]) < 1 or plan.growth % GROUPS:
        raise UsageError(
            f"--set architecture: '{code}' is no block such as G_8_16_24: a kind (G, S, C), convolutions, channels inside "
            f"(a multiple of {GROUPS}), channels that come out"
        )
    return plan


def conv(inputs: int, outputs: int, size: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution with bias that keeps the image's size."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, groups=groups)


class Grouped(nn.Module):
    """Dense convolutions in up to four groups; what earlier ones gave is shuffled among the groups."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.growth = plan.growth
        self.reach = plan.layers
        counts = range(1, plan.layers + 1)
        self.convs = nn.ModuleList(
            conv(count * plan.growth, plan.growth, 3, min(GROUPS, 1 << (count.bit_length() - 1))) for count in counts
        )
        self.fusion = conv((plan.layers + 1) * plan.growth, plan.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, growth, H, W)`` to ``(N, outputs, H, W)``."""
        for layer in self.convs:
            parts = x.reshape(len(x), -1, self.growth, *x.shape[2:])
            mixed = parts.transpose(1, 2).flatten(1, 2)
            x = torch.cat((x, torch.relu(layer(mixed))), dim=1)
        fused: Tensor = self.fusion(x)
        return fused


class Shrinking(nn.Module):
    """Convolutions each followed by a 1x1 one that brings all features so far back to `growth` channels."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.reach = plan.layers
        self.convs = nn.ModuleList(conv(plan.growth, plan.growth, 3) for _ in range(plan.layers))
        self.shrinks = nn.ModuleList(
            conv((count + 2) * plan.growth, plan.outputs if count == plan.layers - 1 else plan.growth)
            for count in range(plan.layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, growth, H, W)`` to ``(N, outputs, H, W)``."""
        features = x
        for layer, shrink in zip(self.convs, self.shrinks, strict=True):
            features = torch.cat((features, torch.relu(layer(x))), dim=1)
            x = shrink(features)
        return x


class Contextual(nn.Module):
    """The same at half the resolution, each convolution run three times; a pixel shuffle brings the resolution back."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        # Two pixels for each convolution, and one for where a pixel lies in its cell of four.
        self.reach = 2 * REPEATS * plan.layers + 1
        self.convs = nn.ModuleList(conv(plan.growth, plan.growth, 3) for _ in range(plan.layers))
        self.shrinks = nn.ModuleList(conv((count + 2) * plan.growth, plan.growth) for count in range(plan.layers - 1))
        self.fusion = conv((plan.layers + 1) * plan.growth // 4, plan.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, growth, H, W)`` to ``(N, outputs, H, W)``; sides that are odd end in a smaller cell."""
        height, width = x.shape[-2:]
        features = x = avg_pool2d(x, 2, ceil_mode=True)
        for place, layer in enumerate(self.convs):
            for _ in range(REPEATS):
                x = torch.relu(layer(x))
            features = torch.cat((features, x), dim=1)
            if place < len(self.shrinks):
                x = self.shrinks[place](features)
        fused: Tensor = self.fusion(pixel_shuffle(features, 2)[..., :height, :width])
        return fused


BODIES: dict[str, type[Grouped] | type[Shrinking] | type[Contextual]] = {
    "G": Grouped, "S": Shrinking, "C": Contextual,
}  # fmt: skip


class Block(nn.Module):
    """A body between an entry to its channels and a shortcut, which is a convolution only where no features fit."""

    def __init__(self, inputs: int, plan: Plan) -> None:
        super().__init__()
        self.body = BODIES[plan.kind](plan)
        self.entry = nn.Identity() if inputs == plan.growth else conv(inputs, plan.growth)
        self.from_entry = plan.outputs != inputs and plan.outputs == plan.growth
        fits = plan.outputs in (inputs, plan.growth)
        self.shortcut = nn.Identity() if fits else conv(inputs, plan.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, inputs, H, W)`` to ``(N, outputs, H, W)``."""
        inner = self.entry(x)
        out: Tensor = self.body(inner) + (inner if self.from_entry else self.shortcut(x))
        return out
