"""A VOT challenge on disk -> sequences, their ground truth and their tags."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Row, build_table
from harness.errors import DataError
from harness.task import DataRequest, Dataset
from tasks.tracking import toolkit_json
from tasks.tracking.files import Tree, open_tree
from tasks.tracking.frames import Frames, ImageFolders, list_images
from tasks.tracking.names import key
from tasks.tracking.text import read_rows

TAGS: Final = ("camera_motion", "illum_change", "motion_change", "size_change", "occlusion")
TRUTH: Final = (
    ColumnSpec("regions", "float64", (8,), ragged=True, group="frames", description="4 or 8 numbers, pixels"),
    ColumnSpec("counts", "uint8", ragged=True, group="frames", description="4: x, y, width, height; 8: four corners"),
    ColumnSpec("size", "int64", (2,), description="width, height of the frames"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """One sequence as read: regions (n, 8), counts (n,), tags by name where it carries any."""

    regions: NDArray[np.float64]
    counts: NDArray[np.uint8]
    size: tuple[int, int]
    tags: Mapping[str, Sequence[int]]
    images: tuple[str, ...] = ()
    """The frames' paths, where the annotations name them."""


def open_dataset(root: Path | None, request: DataRequest, split: str, name: str, official: tuple[int, int]) -> Dataset:
    """Read the annotations of the challenge `name` and find the frames; `official` counts its sequences and frames."""
    source = request.annotations or annotation_source(root, name)
    if source is None:
        raise DataError("the annotations are not given: name them with --data DIR or --annotations PATH")
    images = _images(request, root)
    found = _from_json(source) if toolkit_json.is_json(source) else _from_texts(open_tree(source, DataError), images)
    ids = tuple(sorted(found))
    counts = len(ids), sum(len(sequence.counts) for sequence in found.values())
    rows: list[Row] = [
        {"regions": found[id].regions, "counts": found[id].counts, "size": np.array(found[id].size, np.int64)}
        for id in ids
    ]
    return Dataset(
        split="custom" if counts != official and request.annotations is not None else split,
        ids=ids,
        truth=build_table(ids, rows, TRUTH),
        load=_loader(found, images, source) if request.with_inputs else None,
        facts={"tags": {id: {name: list(values) for name, values in found[id].tags.items()} for id in ids}},
        custom=counts != official,
    )


def annotation_source(root: Path | None, name: str) -> Path | None:
    """The toolkit's JSON file in `root` where there is one, else `root` itself."""
    if root is None:
        return None
    file = root / f"{name}.json"
    return file if file.is_file() else root


def is_root(folder: Path, name: str) -> bool:
    """Whether the challenge called `name` (VOT2018) lies in `folder`: its JSON file, or folders of sequences."""
    if (folder / f"{name}.json").is_file():
        return True
    return (folder / "list.txt").is_file() or next(folder.glob("*/groundtruth.txt"), None) is not None


def _images(request: DataRequest, root: Path | None) -> ImageFolders | None:
    """The folders of frames; None where they are neither needed nor there."""
    source = request.images or root
    if source is None:
        if request.with_inputs:
            raise DataError("the frames are not given: name their folder or zip with --images or --data")
        return None
    return list_images(source, lambda folder: not re.search(r"(^|/)(ir|depth)$", folder))


def _from_json(path: Path) -> dict[str, Annotated]:
    found = {}
    for name, entry in toolkit_json.read_sequences(path).items():
        rows = toolkit_json.boxes_of(entry, f"{path}: {name}")
        if entry.width <= 0 or entry.height <= 0:
            raise DataError(f"{path}: {name}: width and height of the frames are missing, which bound the regions")
        regions = np.zeros((len(rows), 8))
        for index, row in enumerate(rows):
            regions[index, : len(row)] = row
        found[name] = _checked(
            f"{path}: {name}",
            Annotated(
                regions=regions, counts=np.array([len(row) for row in rows], np.uint8), size=(entry.width, entry.height),
                tags={tag: getattr(entry, tag) for tag in TAGS if getattr(entry, tag)}, images=tuple(entry.img_names),
            ),
        )  # fmt: skip
    return found


def _checked(where: str, sequence: Annotated) -> Annotated:
    if not np.isfinite(sequence.regions).all():
        frame = int(np.flatnonzero(~np.isfinite(sequence.regions).all(axis=1))[0])
        raise DataError(f"{where}: the region of frame {frame} is not a number; every frame of a VOT sequence has one")
    for tag, values in sequence.tags.items():
        if len(values) != len(sequence.counts):
            raise DataError(f"{where}: {tag} has {len(values)} values for {len(sequence.counts)} frames")
    return sequence


def _from_texts(tree: Tree, images: ImageFolders | None) -> dict[str, Annotated]:
    """The official layout: a folder a sequence, with groundtruth.txt, *.tag, and the size in `sequence`."""
    files = [name for name in tree.names if PurePosixPath(name).name == "groundtruth.txt"]
    if not files:
        raise DataError(
            f"{tree.path} holds neither groundtruth.txt files nor a toolkit's JSON file such as VOT2018.json"
        )
    names = [PurePosixPath(file).parent.name for file in files]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{tree.path} holds two sequences called {twice}; name the folder of one challenge")
    return {name: _from_text(tree, file, name, images) for name, file in zip(names, files, strict=True)}


def _from_text(tree: Tree, file: str, name: str, images: ImageFolders | None) -> Annotated:
    rows = read_rows(tree.read(file), tree.where(file), DataError)
    wrong = np.flatnonzero((rows.counts != 4) & (rows.counts != 8))
    if len(wrong) or not len(rows):
        line = f", line {rows.lines[wrong[0]]}: has {rows.counts[wrong[0]]} numbers" if len(wrong) else ": is empty"
        raise DataError(f"{tree.where(file)}{line}; a box has 4 numbers, four corners have 8")
    folder = file.rpartition("/")[0]
    tags = {}
    for tag in TAGS:
        path = f"{folder}/{tag}.tag".lstrip("/")
        if path in tree.names:
            tags[tag] = read_rows(tree.read(path), tree.where(path), DataError).values[:, 0].astype(int).tolist()
    size = _stated_size(tree, folder) or _image_size(images, name)
    if size is None:
        raise DataError(
            f"the size of the frames of {name} is unknown: give them with --images, or width= and height= in "
            f"{tree.where(folder)}/sequence, or use the toolkit's JSON file"
        )
    return _checked(tree.where(file), Annotated(regions=rows.values, counts=rows.counts, size=size, tags=tags))


def _stated_size(tree: Tree, folder: str) -> tuple[int, int] | None:
    path = f"{folder}/sequence".lstrip("/")
    if path not in tree.names:
        return None
    found = dict(re.findall(r"^\s*(width|height)\s*=\s*(\d+)\s*$", tree.text(path), re.M))
    return (int(found["width"]), int(found["height"])) if len(found) == 2 else None


def _folder_of(images: ImageFolders, name: str) -> str | None:
    """The folder of frames of a sequence: its own, or ``color`` in it."""
    for folder in images.folders:
        parts = [key(part) for part in folder.split("/")]
        if key(name) in parts[-2:] and (parts[-1] == key(name) or parts[-1] == "color"):
            return folder
    return None


def _image_size(images: ImageFolders | None, name: str) -> tuple[int, int] | None:
    folder = _folder_of(images, name) if images else None
    return images.frames(folder).size() if images and folder is not None else None


def _loader(
    found: Mapping[str, Annotated], images: ImageFolders | None, source: Path
) -> Callable[[str], Mapping[str, Any]]:
    """What opens a sequence; the number of its frames is checked now, none is decoded."""
    assert images is not None
    frames: dict[str, Frames] = {}
    for name, sequence in found.items():
        folder = _folder_of(images, name)
        listed = images.named(sequence.images) or (images.frames(folder) if folder is not None else None)
        if listed is None:
            raise DataError(
                f"{images.root} holds no frames of {name}, which {source} annotates; name them with --images"
            )
        if len(listed) != len(sequence.counts):
            raise DataError(f"{images.root} holds {len(listed)} frames of {name}, annotated are {len(sequence.counts)}")
        frames[name] = listed

    def load(id: str) -> Mapping[str, Any]:
        sequence = found[id]
        return {"frames": frames[id], "region": sequence.regions[0, : sequence.counts[0]].copy()}

    return load
