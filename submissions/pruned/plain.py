"""VGG-16 and DenseNet-40 for CIFAR-10.

Names of parameters are those of lmbxmu/HRank, whose checkpoints load as they are: pruned filters are zeros in them.
"""

from collections import OrderedDict
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

PLAN: Final = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512)
"""Filters of VGG-16's convolutions; 0 is pooling."""


class VGG16(nn.Module):
    """Thirteen 3x3 convolutions with bias and batch normalisation, two linear layers; numbers of layers count poolings."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        made: OrderedDict[str, nn.Module] = OrderedDict()
        entering = 3
        for place, channels in enumerate(PLAN):
            if channels:
                made[f"conv{place}"] = nn.Conv2d(entering, channels, 3, padding=1)
                made[f"norm{place}"] = nn.BatchNorm2d(channels)
                made[f"relu{place}"] = nn.ReLU()
                entering = channels
            else:
                made[f"pool{place}"] = nn.MaxPool2d(2)
        self.features = nn.Sequential(made)
        self.classifier = nn.Sequential(
            OrderedDict(
                linear1=nn.Linear(512, 512), norm1=nn.BatchNorm1d(512), relu1=nn.ReLU(), linear2=nn.Linear(512, classes)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        logits: Tensor = self.classifier(functional.avg_pool2d(self.features(x), 2).flatten(1))
        return logits


class DenseLayer(nn.Module):
    """Normalisation, ReLU and a 3x3 convolution; what comes in goes on beside what it adds."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> (n, channels + growth, h, w)."""
        return torch.cat([x, self.conv1(functional.relu(self.bn1(x)))], 1)


class Transition(nn.Module):
    """Normalisation, ReLU, a 1x1 convolution that keeps the number of channels, and pooling by 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) -> (n, channels, h / 2, w / 2)."""
        return functional.avg_pool2d(self.conv1(functional.relu(self.bn1(x))), 2)


class DenseNet40(nn.Module):
    """Huang et al. 2017 with growth 12: three blocks of twelve layers, without bottlenecks and compression."""

    GROWTH: Final = 12
    LAYERS: Final = 12

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        channels = 2 * self.GROWTH
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        for block in (1, 2, 3):
            layers = [DenseLayer(channels + self.GROWTH * place, self.GROWTH) for place in range(self.LAYERS)]
            self.add_module(f"dense{block}", nn.Sequential(*layers))
            channels += self.GROWTH * self.LAYERS
            if block < 3:
                self.add_module(f"trans{block}", Transition(channels))
        self.bn = nn.BatchNorm2d(channels)
        self.avgpool = nn.AvgPool2d(8)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures (n, 3, 32, 32) -> logits (n, classes)."""
        x = self.conv1(x)
        for name in ("dense1", "trans1", "dense2", "trans2", "dense3"):
            x = self.get_submodule(name)(x)
        logits: Tensor = self.fc(self.avgpool(functional.relu(self.bn(x))).flatten(1))
        return logits
