"""From features to ranks, a block of queries at a time: the whole matrix of distances is never there."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tasks.reid.ranking import NotFinite, Ranks, Relevance, join, rank, rank_near, squares

Features = NDArray[np.float32]
EUCLIDEAN, COSINE = "euclidean", "cosine"
DISTANCES: Final = (EUCLIDEAN, COSINE)
ROUNDING: Final = 2.0**-18
"""What single precision may add to ``|g|^2 - 2 q.g``, by |q| |g| + |g|^2: 64 units in the last place; one to three are usual."""
BLOCK_BYTES: Final = 96 << 20
"""How large one block of distances may be."""


def normalised(features: Features) -> Features:
    """Rows of length 1; rows of zeros stay. Float32, the lengths summed in double precision."""
    lengths = np.sqrt(np.einsum("nd,nd->n", features, features, dtype=np.float64))
    lengths[lengths == 0] = 1
    found: Features = (features / lengths[:, None]).astype(np.float32)
    return found


def blocks(n_queries: int, n_gallery: int) -> Iterator[slice]:
    """Slices of the queries of which each has at most `BLOCK_BYTES` of distances in single precision."""
    size = max(1, BLOCK_BYTES // max(1, n_gallery * 4))
    yield from (slice(start, min(start + size, n_queries)) for start in range(0, n_queries, size))


def prepared(features: Features, distance: str) -> Features:
    """Features whose Euclidean distances rank as `distance` does: the cosine is that of vectors of length 1."""
    return normalised(features) if distance == COSINE else features


def rank_features(queries: Features, gallery: Features, wanted: Relevance) -> Ranks:
    """Ranks by Euclidean distance, as double precision gives it, from ``|g|^2 - 2 q.g``: |q|^2 is the same for all images.

    The products are made in single precision by whatever library NumPy has. Distances so near that its rounding could
    decide are made again in double precision, in one order: equal features tie, and every machine finds the same ranks.
    """
    queries, gallery = np.ascontiguousarray(queries), np.ascontiguousarray(gallery)
    threads = len(os.sched_getaffinity(0))
    parts: list[Ranks] = []
    # The product runs on all cores, so ranking does, too.
    with ThreadPoolExecutor(threads) as pool:
        lengths = np.concatenate([*pool.map(lambda rows: squares(gallery[rows]), _pieces(len(gallery), threads))])
        longest = float(np.sqrt(lengths.max()))
        margins = ROUNDING * (np.sqrt(squares(queries)) + longest) * longest
        slices = list(blocks(len(queries), len(gallery)))
        room = np.empty((slices[0].stop, len(gallery)), np.float32)
        for part in slices:
            products = np.matmul(queries[part], gallery.T, out=room[: part.stop - part.start])

            def ranked(rows: slice, products: Features = products, start: int = part.start) -> Ranks:
                chosen = slice(start + rows.start, start + rows.stop)
                some = wanted.rows(chosen.start, chosen.stop)
                return rank_near(products[rows], margins[chosen], queries[chosen], gallery, lengths, some)

            parts += pool.map(ranked, _pieces(len(products), threads))
    return join(parts)


def _pieces(count: int, most: int) -> list[slice]:
    """At most `most` slices of one size that together are `count` rows."""
    size = -(-count // most)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def rank_matrix(distances: NDArray[Any], wanted: Relevance) -> Ranks:
    """Ranks by a matrix of distances, float32 or float64 (queries, gallery), which may lie on disk."""
    n_queries, n_gallery = distances.shape
    return rank_blocks(lambda part: np.ascontiguousarray(distances[part]), n_queries, n_gallery, wanted)


def rank_blocks(distances: Callable[[slice], NDArray[Any]], n_queries: int, n_gallery: int, wanted: Relevance) -> Ranks:
    """Ranks by the distances that a function gives for a slice of queries; raises `NotFinite`."""
    parts = []
    for part in blocks(n_queries, n_gallery):
        try:
            parts.append(rank(distances(part), wanted.rows(part.start, part.stop)))
        except NotFinite as error:
            raise NotFinite(part.start + error.row) from None
    return join(parts)
