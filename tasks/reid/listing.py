"""The images that a re-identification data set lists: who is on them, which camera took them, what their files are called."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from tasks.reid.ranking import Int, People

JUNK = -1
"""The identity of images that are in no ranking: parts of people, false detections of Market-1501."""
LARGEST = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Images of one role, in the order that decides ties. `names` is empty where only identities and cameras are known."""

    identity: Int
    camera: Int
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.identity)

    @property
    def people(self) -> People:
        """Identities and cameras."""
        return People(identity=self.identity, camera=self.camera)

    def take(self, chosen: NDArray[np.bool_]) -> "Images":
        """Those that a mask (n,) chooses."""
        names = tuple(np.array(self.names, object)[chosen]) if self.names else ()
        return Images(identity=self.identity[chosen], camera=self.camera[chosen], names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a data set lists, junk included; `where` names it in errors."""

    where: str
    query: Images
    gallery: Images
    multi_query: Images | None = None
    """More images of the queries' people, one set for each identity and camera."""
    paths: dict[str, dict[str, str]] = field(default_factory=dict)
    """Role -> name -> path inside the data set, where images may be decoded."""


def make_images(identity: Sequence[int], camera: Sequence[int], names: Sequence[str] = ()) -> Images:
    """Images from three lists of one length."""
    return Images(identity=np.array(identity, np.int64), camera=np.array(camera, np.int64), names=tuple(names))


def check(listing: Listing) -> Listing:
    """The listing, if it can be ranked; raises DataError."""
    for role, images in (("query", listing.query), ("gallery", listing.gallery)):
        if not len(images):
            raise DataError(f"{listing.where} lists no {role} image")
    junk = np.flatnonzero(listing.query.identity == JUNK)
    if len(junk):
        raise DataError(
            f"{listing.where}: query {junk[0] + 1} has the identity -1, which is junk; only gallery images may have it"
        )
    return listing
