"""Which gallery images a query should find, and at which ranks it finds them; the gallery is never sorted."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.kernels import Kernel

Int = NDArray[np.int64]
Distances = NDArray[Any]
"""float32 or float64 (queries, gallery), C-contiguous; smaller is nearer."""

_LISTS: Final = ("int64[]", "int64[]", "int64[]", "int64[]", "int64[]", "int64[]", "int64[]")
_KERNELS: Final = {
    np.dtype(np.float32): Kernel("reid_ranks_f32", "int64", "int64", "float32[]", *_LISTS),
    np.dtype(np.float64): Kernel("reid_ranks_f64", "int64", "int64", "float64[]", *_LISTS),
}
_SQUARES: Final = Kernel("reid_squares", "int64", "int64", "float32[]", "float64[]")
_NEAR: Final = Kernel(
    "reid_ranks_features", "int64", "int64", "int64", "float32[]", "float64[]", "float32[]", "float32[]", "float64[]", *_LISTS
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is on every image, and which camera took it: int64 (n,) each."""

    identity: Int
    camera: Int

    def __len__(self) -> int:
        return len(self.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Gallery indices, ascending, of every query's good images and of those that are left out of its ranking."""

    good: Ragged
    skip: Ragged

    def rows(self, start: int, stop: int) -> "Relevance":
        """The same for some of the queries."""
        chosen = np.arange(start, stop)
        return Relevance(good=self.good.take(chosen), skip=self.skip.take(chosen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Ranks of every query's good images, counted from 0 and ascending, without the images left out.

    `stable` breaks ties by gallery index; `least` and `most` are the ranks if all ties with other people's images fell
    for and against the good image.
    """

    stable: Ragged
    least: Ragged
    most: Ragged


class NotFinite(ValueError):
    """The distances of query `row`, counted from 0, hold a number that is not finite."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} holds a distance that is not finite")
        self.row = row


def relevance(queries: People, gallery: People) -> Relevance:
    """Good: the same identity from another camera. Left out: the same identity from the same camera.

    Source: zhunzhong07/person-re-ranking, evaluation/utils/evaluation.m.
    """
    order = np.argsort(gallery.identity, kind="stable")
    identities = gallery.identity[order]
    first = np.searchsorted(identities, queries.identity, "left")
    counts = np.searchsorted(identities, queries.identity, "right") - first
    query = np.repeat(np.arange(len(queries)), counts)
    offsets = np.cumsum(counts) - counts
    same = order[np.repeat(first - offsets, counts) + np.arange(counts.sum())]
    other_camera = gallery.camera[same] != queries.camera[query]
    return Relevance(
        good=_lists(same[other_camera], query[other_camera], len(queries)),
        skip=_lists(same[~other_camera], query[~other_camera], len(queries)),
    )


def _lists(values: Int, query: Int, n_queries: int) -> Ragged:
    return Ragged(values, np.searchsorted(query, np.arange(n_queries + 1)).astype(np.int64))


def rank(distances: Distances, wanted: Relevance) -> Ranks:
    """The ranks of the good images of as many queries as `distances` has rows; raises `NotFinite`."""
    n_queries, n_gallery = distances.shape
    found = [np.empty(len(wanted.good.values), np.int64) for _ in range(3)]
    bad = _KERNELS[distances.dtype](
        n_queries, n_gallery, distances,
        wanted.good.offsets, wanted.good.values, wanted.skip.offsets, wanted.skip.values, *found,
    )  # fmt: skip
    if bad:
        raise NotFinite(bad - 1)
    stable, least, most = (Ragged(ranks, wanted.good.offsets) for ranks in found)
    return Ranks(stable=stable, least=least, most=most)


def squares(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Squared lengths of the rows, in double precision, added in one order on every machine."""
    found = np.empty(len(features))
    _SQUARES(*features.shape, features, found)
    return found


def rank_near(
    products: NDArray[np.float32],
    margins: NDArray[np.float64],
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    lengths: NDArray[np.float64],
    wanted: Relevance,
) -> Ranks:
    """Ranks by ``|g|^2 - 2 q.g`` in double precision; with the `products` of q and g it is right to within `margins`.

    `lengths` are the `squares` of the gallery. Only images within a margin of a good one are computed again.
    """
    found = [np.empty(len(wanted.good.values), np.int64) for _ in range(3)]
    n_queries, n_gallery = products.shape
    bad = _NEAR(
        n_queries, n_gallery, queries.shape[1], products, margins, queries, gallery, lengths,
        wanted.good.offsets, wanted.good.values, wanted.skip.offsets, wanted.skip.values, *found,
    )  # fmt: skip
    if bad:
        raise NotFinite(bad - 1)
    stable, least, most = (Ragged(ranks, wanted.good.offsets) for ranks in found)
    return Ranks(stable=stable, least=least, most=most)


def join(parts: list[Ranks]) -> Ranks:
    """The ranks of blocks of queries, one after the other."""
    return Ranks(**{name: _join([getattr(part, name) for part in parts]) for name in ("stable", "least", "most")})


def _join(parts: list[Ragged]) -> Ragged:
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return Ragged(np.concatenate([part.values for part in parts]), np.concatenate([[0], np.cumsum(counts)]))
