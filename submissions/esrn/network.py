"""ESRN: super-resolution by residual dense blocks that a search chose (https://arxiv.org/abs/1909.11409).

The paper's own genotypes are not public. Blocks, and how they are joined, are facts of huawei-noah/vega (erdb_esr.py).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle

from .blocks import Block, conv, parse

SCALE = 2
"""vega also names 3, whose 96 channels a pixel shuffle by 3 cannot share out, and 4; its example is for 2."""
UPSAMPLED = 3
"""The upsampler's channels, as multiples of the network's."""


class ESRN(nn.Module):
    """RGB ``(N, 3, H, W)`` to RGB ``(N, 3, 2 * H, 2 * W)``, not clamped; `architecture` lists the blocks in order."""

    def __init__(self, architecture: Sequence[str], channels: int = 32) -> None:
        super().__init__()
        plans = [parse(code) for code in architecture]
        inputs = [channels, *(plan.outputs for plan in plans)]
        self.head, self.second = conv(3, channels, 3), conv(channels, channels, 3)
        self.blocks = nn.ModuleList(Block(count, plan) for count, plan in zip(inputs, plans, strict=False))
        self.fusion = nn.Sequential(conv(sum(inputs[1:]), channels), conv(channels, channels, 3))
        self.up = conv(channels, UPSAMPLED * channels, 3)
        self.tail = conv(UPSAMPLED * channels // SCALE**2, 3, 3)
        # Head, second, fusion, upsampler, and the tail, which reaches half a pixel of the input.
        self.reach = 5 + sum(block.body.reach for block in self.blocks if isinstance(block, Block))

    def forward(self, image: Tensor) -> Tensor:
        """The image twice as large."""
        shallow = x = self.head(image)
        x = self.second(x)
        outputs = []
        for block in self.blocks:
            x = block(x)
            outputs.append(x)
        deep = self.fusion(torch.cat(outputs, dim=1)) + shallow
        enlarged: Tensor = self.tail(pixel_shuffle(self.up(deep), SCALE))
        return enlarged
