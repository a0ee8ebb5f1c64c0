"""Ground truth of Pascal VOC in columns, whichever file it came from, and which categories it has."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import DataError

CATEGORIES: Final = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The twenty classes since 2007, in the devkit's order."""
TRUTH: Final = (
    ColumnSpec(
        "boxes_xyxy", "float64", (4,), ragged=True, group="objects", description="1-based pixels, both corners inside"
    ),
    ColumnSpec("category", "int64", ragged=True, group="objects", description="position among the categories"),
    ColumnSpec("difficult", "bool", ragged=True, group="objects", description="neither asked for nor held against one"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """The objects of a split, image after image, images in ascending order of their ids."""

    ids: tuple[str, ...]
    file_names: tuple[str, ...]
    offsets: NDArray[np.int64]
    names: list[str]
    """Category name of every object."""
    boxes_xyxy: NDArray[np.float64]
    """(n, 4), 1-based pixels, both corners inside."""
    difficult: NDArray[np.bool_]
    categories: tuple[str, ...] = ()
    """The categories that the source lists; none where it only names those of its objects."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageObjects:
    """The objects of one image, as a reader gathers them. Corners are 1-based and inside the box."""

    file_name: str
    names: list[str]
    boxes: list[tuple[float, float, float, float]]
    difficult: list[bool]


def gather(
    path: Path, images: dict[str, ImageObjects], categories: Sequence[str] = (), warnings: Iterable[str] = ()
) -> Annotations:
    """Put images together by their ids. Raises DataError where there are none, or naming a box whose corners are swapped."""
    if not images:
        raise DataError(f"{path} has no images: it cannot be scored against")
    ids = tuple(sorted(images))
    unusable = [id for id in ids if not id or any(map(str.isspace, id)) or not id.isprintable()]
    if unusable:
        raise DataError(f"{path}: the image id {unusable[0][:60]!a} cannot stand in a line of a result file; rename it")
    found = [images[id] for id in ids]
    boxes = np.array([box for image in found for box in image.boxes], np.float64).reshape(-1, 4)
    annotations = Annotations(
        ids=ids,
        file_names=tuple(image.file_name for image in found),
        offsets=np.cumsum([0, *[len(image.names) for image in found]], dtype=np.int64),
        names=[name for image in found for name in image.names],
        boxes_xyxy=boxes,
        difficult=np.array([flag for image in found for flag in image.difficult], np.bool_),
        categories=tuple(categories),
        warnings=tuple(warnings),
    )
    _check_corners(path, annotations)
    return annotations


def _check_corners(path: Path, annotations: Annotations) -> None:
    boxes = annotations.boxes_xyxy
    bad = np.flatnonzero(~np.isfinite(boxes).all(axis=1) | (boxes[:, 2:] < boxes[:, :2] - 1).any(axis=1))
    if len(bad):
        image = int(np.searchsorted(annotations.offsets, bad[0], side="right")) - 1
        place = f"image {annotations.ids[image]}, object {bad[0] - annotations.offsets[image] + 1}"
        raise DataError(f"{path}: {place}: the box {boxes[bad[0]].tolist()} ends before it begins")


def category_names(path: Path, annotations: Annotations) -> tuple[str, ...]:
    """The source's own list; else the twenty of Pascal VOC where every object's is among them; else those found, sorted.

    Raises DataError where there is none at all.
    """
    listed, found = set(annotations.categories), set(annotations.names)
    if not listed and not found:
        raise DataError(f"{path} has no objects: it cannot be scored against")
    unusable = sorted(name for name in listed | found if "/" in name or not name.isprintable() or len(name) > 100)
    if unusable:
        raise DataError(f"{path}: the category {unusable[0][:60]!a} cannot be part of a file's name; rename it")
    if listed == set(CATEGORIES) or (not listed and found <= set(CATEGORIES)):
        return CATEGORIES
    return tuple(dict.fromkeys(annotations.categories)) if listed else tuple(sorted(found))


def truth_table(annotations: Annotations, categories: Sequence[str]) -> tuple[Table, list[str]]:
    """The truth in the columns of `TRUTH`, and a warning about objects of other categories, which are left out."""
    position = {name: index for index, name in enumerate(categories)}
    category = np.array([position.get(name, -1) for name in annotations.names], np.int64)
    keep = category >= 0
    offsets = np.concatenate([[0], np.cumsum(keep)])[annotations.offsets].astype(np.int64)
    columns = {"boxes_xyxy": annotations.boxes_xyxy, "category": category, "difficult": annotations.difficult}
    table = Table(annotations.ids, {name: Ragged(values[keep], offsets) for name, values in columns.items()})
    others = sorted({name for name in annotations.names if name not in position})
    some = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
    left = [f"{np.count_nonzero(~keep)} objects of other categories ({some}) are left out"] if others else []
    return table, left
