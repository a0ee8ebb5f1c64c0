"""From one image's maps to candidate boxes and centres, on the device (arXiv 1904.08189, section 4.1).

Source of the rules: github.com/Duankaiwen/CenterNet, models/py_utils/kp_utils.py.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from submissions.centernet.network import Maps

REJECTED = -1.0  #: score of a pair of corners that cannot be a box


@dataclass(frozen=True)
class DecodeSettings:
    """Constants of the official configuration files."""

    top_k: int = 70  #: points kept of each kind
    kernel: int = 3  #: a point is the largest value of a square window this wide
    tag_distance: float = 0.5  #: corners whose embeddings differ by more are not of one object
    most_pairs: int = 1000  #: pairs kept, best first


class Candidates(NamedTuple):
    """Candidates of a batch; coordinates in cells.

    `pairs`: (b, m, 8) left, top, right, bottom, score, top-left score, bottom-right score, class;
    `centres`: (b, top_k, 4) x, y, class, score.
    """

    pairs: Tensor
    centres: Tensor


class _Points(NamedTuple):
    score: Tensor  # (b, k), as are all of these
    label: Tensor
    x: Tensor
    y: Tensor
    cell: Tensor


def decode(maps: Maps, settings: DecodeSettings) -> Candidates:
    """Pair every top-left with every bottom-right corner; pairs that cannot be boxes get the score `REJECTED`."""
    first = _points(maps.top_left_heat, maps.top_left_offset, settings)
    second = _points(maps.bottom_right_heat, maps.bottom_right_offset, settings)
    centre = _points(maps.centre_heat, maps.centre_offset, settings)
    tags = at_cells(maps.top_left_tag, first.cell), at_cells(maps.bottom_right_tag, second.cell).transpose(1, 2)
    impossible = (
        (first.label[:, :, None] != second.label[:, None, :])
        | ((tags[0] - tags[1]).abs() > settings.tag_distance)
        | (second.x[:, None, :] < first.x[:, :, None])
        | (second.y[:, None, :] < first.y[:, :, None])
    )
    score = (first.score[:, :, None] + second.score[:, None, :]) / 2
    flat = score.masked_fill(impossible, REJECTED).flatten(1)
    best, chosen = flat.topk(min(settings.most_pairs, flat.shape[1]))
    rows, columns = chosen // second.score.shape[1], chosen % second.score.shape[1]
    left, right = _take(first, rows), _take(second, columns)
    pairs = (left.x, left.y, right.x, right.y, best, left.score, right.score, left.label)
    centres = (centre.x, centre.y, centre.label, centre.score)
    return Candidates(*(torch.stack([part.to(best.dtype) for part in parts], 2) for parts in (pairs, centres)))


def _points(heat: Tensor, offset: Tensor, settings: DecodeSettings) -> _Points:
    """The `top_k` highest local maxima of all classes together, best first."""
    heat = keep_peaks(torch.sigmoid(heat), settings.kernel)
    height, width = heat.shape[2:]
    score, index = heat.flatten(1).topk(min(settings.top_k, heat[0].numel()))
    cell = index % (height * width)
    shift = at_cells(offset, cell)
    return _Points(
        score, index // (height * width), cell % width + shift[:, :, 0], cell // width + shift[:, :, 1], cell
    )


def keep_peaks(heat: Tensor, kernel: int) -> Tensor:
    """Zero wherever a larger value lies in the window around; equal neighbours all stay. (b, c, h, w)."""
    highest = functional.max_pool2d(heat, kernel, stride=1, padding=(kernel - 1) // 2)
    return heat * (highest == heat)


def at_cells(maps: Tensor, cells: Tensor) -> Tensor:
    """Values of maps (b, c, h, w) at cells (b, n), each row * w + column: (b, n, c)."""
    flat = maps.flatten(2).transpose(1, 2)
    return flat.gather(1, cells[:, :, None].expand(-1, -1, flat.shape[2]))


def _take(points: _Points, positions: Tensor) -> _Points:
    return _Points(*(part.gather(1, positions) for part in points))
