"""Corner and centre pooling: running maxima along one axis of a feature map.

Corner pooling is CornerNet's (arXiv 1808.01244, section 3.2), centre pooling this paper's (section 4.2). Each function
takes and returns a tensor (..., height, width). Maxima are exact, so the order of the work cannot change a digit.
"""

import torch
from torch import Tensor


def top_pool(features: Tensor) -> Tensor:
    """At every place the largest value from there down to the last row."""
    return torch.cummax(features.flip(-2), -2).values.flip(-2)


def bottom_pool(features: Tensor) -> Tensor:
    """At every place the largest value from the first row down to there."""
    return torch.cummax(features, -2).values


def left_pool(features: Tensor) -> Tensor:
    """At every place the largest value from there to the last column."""
    return torch.cummax(features.flip(-1), -1).values.flip(-1)


def right_pool(features: Tensor) -> Tensor:
    """At every place the largest value from the first column to there."""
    return torch.cummax(features, -1).values


def vertical_pool(features: Tensor) -> Tensor:
    """Everywhere the largest value of its column: what top pooling followed by bottom pooling gives."""
    return features.amax(-2, keepdim=True).expand_as(features)


def horizontal_pool(features: Tensor) -> Tensor:
    """Everywhere the largest value of its row: what left pooling followed by right pooling gives."""
    return features.amax(-1, keepdim=True).expand_as(features)
