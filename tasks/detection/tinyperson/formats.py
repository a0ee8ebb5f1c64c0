"""TinyPerson's annotation files: COCO's form with what is ignored, what is uncertain, and pieces of images.

Source: ucas-vg/PointTinyBenchmark, dataset/TinyPerson_annotation.md; the fields that the evaluators read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.json_files import check_values, decode, read_bytes
from tasks.detection.coco.entries import Box, Category, Image, Outline
from tasks.detection.coco.metrics import Float, Int
from tasks.detection.coco_form import annotation_warnings, check_unique, column, id_array, names_by_id
from tasks.detection.lookup import find_ids
from tasks.detection.tinyperson.metrics import TinyTruth

_Flag = bool | int | None
VISIBLE = 1 - 1e-12
"""The visible part of an annotation that does not say how much of it is seen."""


class _Image(Image):
    corner: Box | None = None


class _Annotation(Outline):
    iscrowd: _Flag = 0
    ignore: _Flag = 0
    uncertain: _Flag = 0
    size: float | None = None
    vis_ratio: float | None = None
    vis: Box | None = None


class _Document(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[Category]


class _Pieces(msgspec.Struct):
    images: list[_Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """An annotation file in columns. Images and categories stand in ascending order of their ids, each once."""

    image_ids: Int
    file_names: tuple[str, ...]
    category_ids: Int
    category_names: tuple[str, ...]
    truth: TinyTruth
    corners: Mapping[int, tuple[int, ...]]
    """By image id what part of the file an image is, x1, y1, x2, y2; images that are whole files are not in it."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubImages:
    """The pieces that images were cut into, in file order: ids int64 (n,), upper left corners float64 (n, 2), pixels."""

    ids: Int
    file_names: tuple[str, ...]
    """Of the image that each piece was cut from."""
    corners: Float


def read_annotations(path: Path, member: str = "") -> Annotations:
    """Read an annotation file, also `.gz` or `.zip` (of several files in it `member`, or the one that is no list).

    Raises DataError: not JSON, a missing or wrong field, negative sizes, annotation ids used twice, no images, no
    categories. Warnings are given of annotations of unknown images or categories, which are left out, of images or
    categories of one id, which are merged, and of images that are pieces, because the benchmark scores on whole ones.
    """
    found = decode(read_bytes(path, DataError, member, top=b"{"), _Document, path, DataError)
    file_names, category_names, merged = names_by_id(path, found.images, found.categories)
    image_ids, category_ids = id_array(file_names), id_array(category_names)
    truth, warnings = _truth(path, found.annotations, image_ids, category_ids)
    corners = _corners(path, found.images)
    if corners:
        warnings.append(
            f"{path.name}: {len(corners)} images are pieces (they have `corner`); whole ones are the benchmark"
        )
    return Annotations(
        image_ids=image_ids,
        file_names=tuple(file_names.values()),
        category_ids=category_ids,
        category_names=tuple(category_names.values()),
        truth=truth,
        corners=corners,
        warnings=(*merged, *warnings),
    )


def read_sub_images(path: Path) -> SubImages:
    """Read which piece of which image every image of an annotation file is, by its `corner`: x1, y1, x2, y2.

    Raises DataError where an image has none, or an id is used twice.
    """
    images = decode(read_bytes(path, DataError, top=b"{"), _Pieces, path, DataError).images
    for index, image in enumerate(images):
        if image.corner is None:
            raise DataError(f"{path}: images[{index}], corner: it is missing; this is no file of sub-images")
    ids = column(path, "images", images, "id")
    check_unique(path, "image", ids)
    corners = np.array([image.corner for image in images], np.float64).reshape(-1, 4)
    check_values(path, "images[{}]", "corner", corners, lowest=None, error=DataError)
    return SubImages(ids=ids, file_names=tuple(image.file_name for image in images), corners=corners[:, :2])


def _truth(
    path: Path, entries: list[_Annotation], image_ids: Int, category_ids: Int
) -> tuple[TinyTruth, list[str]]:  # fmt: skip
    ids, images, categories = (
        column(path, "annotations", entries, name) for name in ("id", "image_id", "category_id")
    )  # fmt: skip
    boxes, area = _boxes(path, entries), np.array(_column(entries, "area"), np.float64)
    check_values(path, "annotations[{}]", "area", area[:, None], lowest=0, error=DataError)
    check_unique(path, "annotation", ids)
    image, known_image = find_ids(image_ids, images)
    category, known_category = find_ids(category_ids, categories)
    rows = np.flatnonzero(known_image & known_category)
    rows = rows[np.argsort(image[rows], kind="stable")]
    truth = TinyTruth(
        offsets=np.searchsorted(image[rows], np.arange(len(image_ids) + 1)).astype(np.int64),
        category=category[rows].astype(np.int32),
        boxes_xywh=boxes[rows],
        area=area[rows],
        crowd=_flags(entries, "iscrowd")[rows],
        nameless=ids[rows] == 0,
        ignore=_flags(entries, "ignore")[rows],
        uncertain=_flags(entries, "uncertain")[rows],
        side=_numbers(path, entries, "size", np.sqrt(area))[rows],
        visible=_numbers(path, entries, "vis_ratio", _visible(path, entries))[rows],
    )
    counts = ~(truth.crowd | truth.ignore | truth.uncertain)
    nameless = bool((truth.nameless & counts).any())
    return truth, annotation_warnings(
        path, known_image, known_category, nameless=nameless, official="the official code"
    )  # fmt: skip


def _corners(path: Path, images: list[_Image]) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    for index, image in enumerate(images):
        found.pop(image.id, None)
        if image.corner is None:
            continue
        left, top, right, bottom = map(int, image.corner)
        whole = all(value == int(value) for value in image.corner)
        if not (whole and 0 <= left < right and 0 <= top < bottom):
            raise DataError(f"{path}: images[{index}], corner: {image.corner} is no part of an image: x1, y1, x2, y2")
        found[image.id] = left, top, right, bottom
    return found


def _column(entries: Iterable[_Annotation], field: str) -> list[Any]:
    return list(map(attrgetter(field), entries))


def _boxes(path: Path, entries: list[_Annotation]) -> Float:
    boxes = np.fromiter(chain.from_iterable(_column(entries, "bbox")), np.float64).reshape(-1, 4)
    check_values(path, "annotations[{}]", "bbox", boxes[:, 2:], lowest=0, error=DataError)
    return boxes


def _flags(entries: list[_Annotation], field: str) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, _column(entries, field)), np.bool_, len(entries))


def _numbers(path: Path, entries: list[_Annotation], field: str, otherwise: Float) -> Float:
    """A column of numbers, with those of `otherwise` where an entry has none."""
    given = _column(entries, field)
    pairs = zip(given, otherwise.tolist(), strict=True)
    numbers = np.array([default if number is None else number for number, default in pairs], np.float64)
    check_values(path, "annotations[{}]", field, numbers[:, None], lowest=0, error=DataError)
    return numbers


def _visible(path: Path, entries: list[_Annotation]) -> Float:
    """The part of each box that is visible, from the visible box where one is given."""
    part = np.full(len(entries), VISIBLE)
    for index, entry in enumerate(entries):
        if entry.vis is not None:
            if not (entry.bbox[2] and entry.bbox[3]):
                raise DataError(f"{path}: annotations[{index}], vis: the box has no area that could be visible")
            part[index] = (entry.vis[3] / entry.bbox[3]) * (entry.vis[2] / entry.bbox[2])
    return part
