"""Cells stacked for CIFAR and for ImageNet: Liu et al. 2019 (DARTS), section 3.2 and 3.3.

The auxiliary head serves training only and is not built.
"""

from torch import Tensor, nn

from .cells import Cell
from .genotype import Genotype


class _Cells(nn.Module):
    """Cells of which those at a third and at two thirds halve the size and double the channels, and the classifier."""

    def __init__(
        self, genotype: Genotype, channels_in: int, channels: int, layers: int, classes: int, after_reducing: bool
    ) -> None:
        super().__init__()
        before, last = channels_in, channels_in
        self.cells = nn.ModuleList()
        for index in range(layers):
            reducing = index in (layers // 3, 2 * layers // 3)
            channels *= 2 if reducing else 1
            cell = Cell(genotype, (before, last), channels, reducing, after_reducing)
            self.cells.append(cell)
            before, last, after_reducing = last, cell.channels * channels, reducing
        self.global_pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(last, classes)

    def _classified(self, before: Tensor, last: Tensor) -> Tensor:
        for cell in self.cells:
            before, last = last, cell(before, last)
        logits: Tensor = self.classifier(self.global_pooling(last).flatten(1))
        return logits


class NetworkCIFAR(_Cells):
    """For pictures of 32 x 32: a stem of three times the channels at full size, then the cells."""

    def __init__(self, genotype: Genotype, channels: int, layers: int, classes: int) -> None:
        super().__init__(genotype, 3 * channels, channels, layers, classes, after_reducing=False)
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * channels, 3, 1, 1, bias=False), nn.BatchNorm2d(3 * channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        x = self.stem(x)
        return self._classified(x, x)


class NetworkImageNet(_Cells):
    """For photographs: three convolutions of stride 2, then the cells on an eighth of the size."""

    def __init__(self, genotype: Genotype, channels: int, layers: int, classes: int) -> None:
        super().__init__(genotype, channels, channels, layers, classes, after_reducing=True)
        first = _halving(3, channels // 2)
        self.stem0 = nn.Sequential(*first, nn.ReLU(), *_halving(channels // 2, channels))
        self.stem1 = nn.Sequential(nn.ReLU(), *_halving(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, h, w) -> logits (n, classes)."""
        before = self.stem0(x)
        return self._classified(before, self.stem1(before))


def _halving(channels_in: int, channels: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels, 3, 2, 1, bias=False), nn.BatchNorm2d(channels)]
