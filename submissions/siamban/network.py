"""Backbone, adjustment and the three heads of SiamBAN; layers are named as in the authors' checkpoints."""

from collections.abc import Sequence
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .backbone import Backbone

LEVELS: Final = (2, 3, 4)
"""The backbone's stages that have a head."""
CENTER: Final = slice(4, 11)
"""What is kept of a template's 15 x 15 map: its middle 7 x 7."""


class Adjust(nn.Module):
    """A stage's map (b, channels, h, w) -> (b, out, h, w), of a template only the middle."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Fewer channels."""
        x = self.downsample(x)
        return x[:, :, CENTER, CENTER].contiguous() if x.shape[3] < 20 else x


class Neck(nn.Module):
    """One adjustment for each stage."""

    def __init__(self, channels: Sequence[int], out: int) -> None:
        super().__init__()
        for level, count in zip(LEVELS, channels, strict=True):
            self.add_module(f"downsample{level}", Adjust(count, out))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """The adjusted maps."""
        return [self.get_submodule(f"downsample{level}")(x) for level, x in zip(LEVELS, maps, strict=True)]


class Correlation(nn.Module):
    """Template (b, c, 7, 7) and search region (b, c, 31, 31) -> (b, out, 25, 25), correlated channel by channel."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv_kernel = _convolution(channels, 3)
        self.conv_search = _convolution(channels, 3)
        self.head = nn.Sequential(*_convolution(channels, 1), nn.Conv2d(channels, out, 1))

    def forward(self, template: Tensor, search: Tensor) -> Tensor:
        """The head's answer to the correlation."""
        kernel, maps = self.conv_kernel(template), self.conv_search(search)
        batch, channels = kernel.shape[:2]
        found = functional.conv2d(maps.flatten(0, 1)[None], kernel.flatten(0, 1)[:, None], groups=batch * channels)
        return cast(Tensor, self.head(found.view(batch, channels, *found.shape[2:])))


def _convolution(channels: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, kernel, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    )


class Head(nn.Module):
    """One level: whether each point lies on the target, and how far its box reaches from there."""

    def __init__(self, channels: int, classes: int = 2) -> None:
        super().__init__()
        self.cls, self.loc = Correlation(channels, classes), Correlation(channels, 4)

    def forward(self, template: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Classes (b, 2, 25, 25) and unscaled logarithms of distances (b, 4, 25, 25)."""
        return self.cls(template, search), self.loc(template, search)


class Heads(nn.Module):
    """The three levels, added up with learnt weights."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for level in LEVELS:
            self.add_module(f"box{level}", Head(channels))
        self.cls_weight = nn.Parameter(torch.ones(len(LEVELS)))
        self.loc_weight = nn.Parameter(torch.ones(len(LEVELS)))
        self.loc_scale = nn.Parameter(torch.ones(len(LEVELS)))

    def forward(self, templates: Sequence[Tensor], searches: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Classes (b, 2, 25, 25) and distances to left, top, right, bottom in pixels of the crop (b, 4, 25, 25)."""
        found = [
            self.get_submodule(f"box{level}")(template, search)
            for level, template, search in zip(LEVELS, templates, searches, strict=True)
        ]
        classes = [classes for classes, _ in found]
        distances = [torch.exp(loc * scale) for (_, loc), scale in zip(found, self.loc_scale, strict=True)]
        return _weighted(classes, self.cls_weight), _weighted(distances, self.loc_weight)


def _weighted(levels: Sequence[Tensor], weights: Tensor) -> Tensor:
    total = torch.zeros_like(levels[0])
    for level, weight in zip(levels, torch.softmax(weights, 0), strict=True):
        total = total + level * weight
    return total


class SiamBan(nn.Module):
    """Crops (b, 3, 127, 127) as templates, (b, 3, 255, 255) as search regions; BGR from 0 to 255."""

    def __init__(self, layers: Sequence[int] = (3, 4, 6, 3), width: int = 64, channels: int = 256) -> None:
        super().__init__()
        self.backbone = Backbone(layers, width)
        self.neck = Neck((8 * width, 16 * width, 32 * width), channels)
        self.head = Heads(channels)

    def template(self, crop: Tensor) -> list[Tensor]:
        """What `forward` needs to know of the target."""
        return cast(list[Tensor], self.neck(self.backbone(crop)))

    def forward(self, templates: Sequence[Tensor], crop: Tensor) -> tuple[Tensor, Tensor]:
        """Classes and distances at every point of the crop; see `Heads`."""
        return cast(tuple[Tensor, Tensor], self.head(templates, self.neck(self.backbone(crop))))
