"""k-reciprocal re-ranking, in memory that grows with the number of images, not with its square.

Source: Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017, arXiv 1701.08398;
zhunzhong07/person-re-ranking, python-version/re_ranking (on Euclidean distances, which that code squares).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.kernels import Kernel
from tasks.reid.distances import Features, blocks, rank_blocks
from tasks.reid.ranking import Ranks, Relevance

_NEAREST: Final = Kernel("reid_nearest", "int64", "int64", "float32[]", "int64", "int32[]")
_RECIPROCAL: Final = Kernel(
    "reid_reciprocal", "int64", "int64", "int64", "int64", "int64", "int32[]", "int64[]", "int32[]"
)
_EXPAND: Final = Kernel(
    "reid_expand", "int64", "int64", "int64", "int64", "int64", "int32[]", "int64[]", "int32[]", "float32[]",
    "int64[]", "int32[]", "float32[]",
)  # fmt: skip
_OVERLAP: Final = Kernel(
    "reid_overlap", "int64", "int64", "int64[]", "int32[]", "float32[]", "int64[]", "int32[]", "float32[]", "float32[]"
)  # fmt: skip
_IMAGES: Final = 2048
"""Images whose lists are made together."""
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The paper's k1, k2 and lambda, the weight of the original distance."""

    k1: int = 20
    k2: int = 6
    weight: float = 0.3


@dataclass(frozen=True, slots=True)
class _Encodings:
    """A sparse vector an image: which images, ascending, and their weights; both have the same offsets."""

    members: Ragged
    values: Ragged


def rank_again(queries: Features, gallery: Features, wanted: Relevance, parameters: Parameters) -> Ranks:
    """Ranks by the re-ranked distance; raises `NotFinite`. Junk must not be among the gallery: it would be a neighbour."""
    images = np.concatenate([queries, gallery])
    distances = _Distances(images)
    n_queries, n_gallery = len(queries), len(gallery)
    width = min(max(parameters.k1 + 1, parameters.k2), len(images))
    nearest = np.concatenate([_nearest(distances(part), width) for part in blocks(len(images), len(images))])
    encodings = _encode(distances, _reciprocal(nearest, parameters.k1))
    if parameters.k2 != 1:
        encodings = _expand(encodings, nearest, min(parameters.k2, width))
    holders = _holders(encodings, n_queries)

    def again(part: slice) -> Float32:
        found = _jaccard(encodings, holders, part, n_gallery)
        found *= 1 - parameters.weight
        found += distances(part)[:, n_queries:] * np.float32(parameters.weight)
        return found

    return rank_blocks(again, n_queries, n_gallery, wanted)


class _Distances:
    """Squared Euclidean distances of some images to all, divided by the largest of each row."""

    def __init__(self, images: Features) -> None:
        self._images = images
        self._squares = np.einsum("nd,nd->n", images, images)

    def __call__(self, part: slice) -> Float32:
        found: Float32 = self._images[part] @ self._images.T
        found *= -2
        found += self._squares
        found += self._squares[part, None]
        np.maximum(found, 0, out=found)
        largest = found.max(axis=1, keepdims=True)
        largest[largest == 0] = 1
        found /= largest
        return found


def _nearest(distances: Float32, width: int) -> Int32:
    found = np.empty((len(distances), width), np.int32)
    _NEAREST(*distances.shape, distances, width, found)
    return found


def _reciprocal(nearest: Int32, k1: int) -> Ragged:
    """The expanded k-reciprocal neighbours of every image."""
    n, width = nearest.shape
    # Python rounds halves to even: k1 = 19 looks at 10 neighbours, as 20 does, where MATLAB's code looks at 11.
    k, half = min(k1 + 1, width), min(round(min(k1, 2 * width) / 2) + 1, width)
    lists = []
    for start in range(0, n, _IMAGES):
        stop = min(start + _IMAGES, n)
        counts, members = np.empty(stop - start, np.int64), np.empty((stop - start) * (k + k * half), np.int32)
        total = _RECIPROCAL(start, stop, width, k, half, nearest, counts, members)
        lists.append((counts, members[:total].copy()))
    return _ragged([counts for counts, _ in lists], [members for _, members in lists])


def _ragged(counts: list[NDArray[np.int64]], values: list[NDArray[Any]]) -> Ragged:
    return Ragged(np.concatenate(values), np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64))


def _encode(distances: Callable[[slice], Float32], members: Ragged) -> _Encodings:
    """Weights exp(-distance) of every image's neighbours, summing to 1."""
    values = np.empty(len(members.values), np.float32)
    n = len(members)
    for part in blocks(n, n):
        found = distances(part)
        for row, image in enumerate(range(part.start, part.stop)):
            weights = np.exp(-found[row, members.row(image)])
            values[members.offsets[image] : members.offsets[image + 1]] = weights / np.sum(weights)
    return _Encodings(members, Ragged(values, members.offsets))


def _expand(encodings: _Encodings, nearest: Int32, k2: int) -> _Encodings:
    """Every image's mean encoding over its k2 nearest images, itself among them."""
    n, width = nearest.shape
    sizes = np.diff(encodings.members.offsets)
    lists = []
    for start in range(0, n, _IMAGES):
        stop = min(start + _IMAGES, n)
        room = int(sizes[nearest[start:stop, :k2]].sum())
        counts, members, values = np.empty(stop - start, np.int64), np.empty(room, np.int32), np.empty(room, np.float32)
        total = _EXPAND(
            n, start, stop, width, k2, nearest, encodings.members.offsets, encodings.members.values,
            encodings.values.values, counts, members, values,
        )  # fmt: skip
        lists.append((counts, members[:total].copy(), values[:total].copy()))
    found = [one[0] for one in lists]
    return _Encodings(_ragged(found, [one[1] for one in lists]), _ragged(found, [one[2] for one in lists]))


def _holders(encodings: _Encodings, n_queries: int) -> _Encodings:
    """For every image the gallery images that have it in their encodings, counted from the first gallery image."""
    n = len(encodings.members)
    start = encodings.members.offsets[n_queries]
    owner = np.repeat(np.arange(n - n_queries, dtype=np.int32), np.diff(encodings.members.offsets[n_queries:]))
    members = encodings.members.values[start:]
    order = np.argsort(members, kind="stable")
    offsets = np.searchsorted(members[order], np.arange(n + 1)).astype(np.int64)
    return _Encodings(Ragged(owner[order], offsets), Ragged(encodings.values.values[start:][order], offsets))


def _jaccard(encodings: _Encodings, holders: _Encodings, part: slice, n_gallery: int) -> Float32:
    """The Jaccard distances of some queries to the gallery."""
    offsets = encodings.members.offsets[part.start : part.stop + 1]
    chosen = slice(int(offsets[0]), int(offsets[-1]))
    sums = np.empty((part.stop - part.start, n_gallery), np.float32)
    _OVERLAP(
        len(sums), n_gallery, offsets - offsets[0], encodings.members.values[chosen], encodings.values.values[chosen],
        holders.members.offsets, holders.members.values, holders.values.values, sums,
    )  # fmt: skip
    found: Float32 = np.subtract(1, sums / (2 - sums))
    return found
