"""A listing -> the samples that a network embeds, and their truth."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Table
from harness.errors import DataError
from harness.layout import missing
from harness.task import DataRequest, Dataset
from tasks.reid.benchmarks import Benchmark
from tasks.reid.folders import GALLERY, MULTI_QUERY, QUERY, Source, list_folders, list_msmt17, open_source
from tasks.reid.id_files import holds_id_files, read_id_files
from tasks.reid.listing import JUNK, Images, Listing
from tasks.reid.ranking import People

ROLES: Final = (QUERY, GALLERY, MULTI_QUERY)
TRUTH: Final = (
    ColumnSpec("identity", "int64"),
    ColumnSpec("camera", "int64"),
    ColumnSpec("role", "int64", description="0 query, 1 gallery, 2 a further image of a query's person"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReidDataset(Dataset):
    """A data set that knows what its images are called: the names say who is on them, so no submission sees them.

    Ids are ``query/00001``: role and position, counted from 1, in the order that decides ties, junk left out.
    """

    listing: Listing
    """Everything that is listed, junk included, whatever ``--limit`` takes."""


def sample_ids(role: str, count: int) -> tuple[str, ...]:
    """The ids of all images of a role."""
    return tuple(f"{role}/{number:05d}" for number in range(1, count + 1))


def position(id: str) -> int:
    """Where an image stands among all images of its role, from 0."""
    return int(id.rpartition("/")[2]) - 1


def role_rows(dataset: Dataset, role: str) -> NDArray[np.int64]:
    """Where the images of a role stand in `dataset.ids`."""
    return np.flatnonzero(dataset.truth.dense("role") == ROLES.index(role))


def role_ids(dataset: Dataset, role: str) -> tuple[str, ...]:
    """The ids of a role."""
    return tuple(dataset.ids[row] for row in role_rows(dataset, role))


def people(dataset: Dataset, role: str) -> People:
    """Identities and cameras of the images of a role."""
    rows = role_rows(dataset, role)
    return People(identity=dataset.truth.dense("identity")[rows], camera=dataset.truth.dense("camera")[rows])


def needed(benchmark: Benchmark, split: str) -> list[str]:
    """The files or folders by which the layout is known."""
    return [*benchmark.lists.values()] or [
        _below(benchmark, split) + benchmark.folders[role] for role in (QUERY, GALLERY)
    ]


def _below(benchmark: Benchmark, split: str) -> str:
    return f"{split}/" if len(benchmark.splits) > 1 else ""


def open_listing(benchmark: Benchmark, request: DataRequest, root: Path | None, split: str) -> tuple[Listing, Source]:
    """What `--annotations` (files of identities and cameras, or the official layout, also in a zip) or `root` lists.

    Raises DataError for what is missing or named against the grammar.
    """
    multi_query = bool(request.settings.get("multi_query", False))
    path = request.annotations or root
    if path is None:
        raise DataError("the data set is not given: name it with --data DIR or --annotations PATH")
    if path.is_file() and path.suffix.lower() != ".zip":
        raise DataError(
            f"{path} is one file; --annotations names the folder or zip that holds all files of the data set"
        )
    source = open_source(path)
    if request.annotations is not None and holds_id_files(source):
        listing = read_id_files(source)
    else:
        source = _layout(benchmark, source, split)
        listing = _list(benchmark, source, multi_query)
    if multi_query and listing.multi_query is None:
        raise DataError(f"{listing.where} has no further images of the queries' people, which multi_query needs")
    return listing, source


def _layout(benchmark: Benchmark, source: Source, split: str) -> Source:
    """The part of `source` that holds the layout."""
    wanted = needed(benchmark, split)
    found = source.below(wanted)
    if found is None:
        raise DataError(
            f"{source.path} holds neither {' and '.join(wanted)} nor files like query_id.txt, query_cam.txt, "
            "gallery_id.txt and gallery_cam.txt"
        )
    below = _below(benchmark, split)
    names = tuple(name.removeprefix(below) for name in found.names if name.startswith(below))
    return replace(found, names=names, prefix=found.prefix + below)


def _list(benchmark: Benchmark, source: Source, multi_query: bool) -> Listing:
    if benchmark.lists:
        tops = {PurePosixPath(name).parts[0] for name in source.names}
        there = [name for name in benchmark.image_folders if name in tops]
        return list_msmt17(source, benchmark.lists, (there or benchmark.image_folders)[0])
    roles = {role: folder for role, folder in benchmark.folders.items() if multi_query or role != MULTI_QUERY}
    return list_folders(source, roles, benchmark.read)


def open_dataset(
    benchmark: Benchmark, listing: Listing, source: Source, request: DataRequest, split: str
) -> ReidDataset:
    """Samples and truth of a listing. The official data are known by how many images and people there are."""
    kept = listing.gallery.take(listing.gallery.identity != JUNK)
    parts = {QUERY: listing.query, GALLERY: kept}
    if listing.multi_query is not None:
        parts[MULTI_QUERY] = listing.multi_query
    ids = tuple(id for role, part in parts.items() for id in sample_ids(role, len(part)))
    counts = len(listing.query), len(np.unique(listing.query.identity)), len(kept)
    custom = counts != benchmark.counts[split]
    return ReidDataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=ids,
        truth=_truth(ids, parts),
        load=_loader(listing, source, parts) if request.with_inputs else None,
        facts={"queries": len(listing.query), "gallery": len(kept), "junk": len(listing.gallery) - len(kept)},
        custom=custom,
        listing=listing,
    )


def _truth(ids: tuple[str, ...], parts: Mapping[str, Images]) -> Table:
    columns = {
        "identity": np.concatenate([part.identity for part in parts.values()]),
        "camera": np.concatenate([part.camera for part in parts.values()]),
        "role": np.concatenate([np.full(len(part), ROLES.index(role), np.int64) for role, part in parts.items()]),
    }
    return Table(ids, columns)


def _loader(listing: Listing, source: Source, parts: Mapping[str, Images]) -> Callable[[str], Mapping[str, Any]]:
    """What decodes one sample's image; every file is looked for at once."""
    if not listing.paths:
        raise DataError(
            f"{source.path} holds identities and cameras but no images; name the official folders with --data"
        )
    there = set(source.names)
    files = {
        id: listing.paths[role][name]
        for role, part in parts.items()
        for id, name in zip(sample_ids(role, len(part)), part.names, strict=True)
    }
    lacking = [source.where(file) for file in files.values() if file not in there]
    if lacking:
        raise missing(lacking, f"{len(lacking)} of {len(files)} images are")
    cameras = {
        id: camera
        for role, part in parts.items()
        for id, camera in zip(sample_ids(role, len(part)), part.camera.tolist(), strict=True)
    }

    def load(id: str) -> Mapping[str, Any]:
        return {"image": _decode(source, files[id]), "camera": cameras[id], "role": id.partition("/")[0]}

    return load


def _decode(source: Source, file: str) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(source.read(file))) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = (str(error).splitlines() or [""])[0].split("<")[0].strip() or type(error).__name__
        raise DataError(f"{source.where(file)} is no image that can be read ({reason}); copy the file again") from None


def limit_queries(dataset: Dataset, count: int) -> Dataset:
    """The data set with its first queries; the gallery and everything else stay, because every query ranks all of it."""
    queries = role_rows(dataset, QUERY)
    others = np.setdiff1d(np.arange(len(dataset.ids)), queries)
    return dataset.take([*queries[:count].tolist(), *others.tolist()])
