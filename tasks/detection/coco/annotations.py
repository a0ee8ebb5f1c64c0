"""COCO's annotation files, `instances_*.json`.

Source: cocodataset.org/#format-data; cocodataset/cocoapi, PythonAPI/pycocotools/coco.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from pathlib import Path

import numpy as np

from harness.errors import DataError
from harness.json_files import check_values, decode, read_bytes
from tasks.detection.coco.entries import Annotation, Instances, MaskedInstances
from tasks.detection.coco.mask_files import annotation_masks, image_sizes
from tasks.detection.coco.metrics import Float, Int, Truth
from tasks.detection.coco_form import annotation_warnings, check_unique, column, id_array, names_by_id
from tasks.detection.lookup import find_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """An annotation file in columns. Images and categories stand in ascending order of their ids, each once."""

    image_ids: Int
    file_names: tuple[str, ...]
    category_ids: Int
    category_names: tuple[str, ...]
    truth: Truth
    warnings: tuple[str, ...] = ()


def read_annotations(path: Path, member: str = "", *, with_masks: bool = False) -> Annotations:
    """Read `instances_*.json`, also `.gz` or `.zip` (of several files in it the one called `member`).

    Segmentations are skipped unless masks are asked for. Raises DataError: not JSON, a missing or wrong field, negative
    sizes, annotation ids used twice, no images, no categories. Annotations of unknown images or categories are left out
    and images or categories of one id are merged with a warning; pycocotools does both in silence.
    """
    kind: type[Instances | MaskedInstances] = MaskedInstances if with_masks else Instances
    found = decode(read_bytes(path, DataError, member, top=b"{"), kind, path, DataError)
    file_names, category_names, merged = names_by_id(path, found.images, found.categories)
    image_ids, category_ids = id_array(file_names), id_array(category_names)
    truth, rows, warnings = _truth(path, found.annotations, image_ids, category_ids)
    if isinstance(found, MaskedInstances):
        truth = _with_masks(path, found, truth, rows, image_ids)
    return Annotations(
        image_ids=image_ids,
        file_names=tuple(file_names.values()),
        category_ids=category_ids,
        category_names=tuple(category_names.values()),
        truth=truth,
        warnings=(*merged, *warnings),
    )


def _boxes(entries: Sequence[Annotation]) -> Float:
    return np.fromiter(chain.from_iterable(entry.bbox for entry in entries), np.float64).reshape(-1, 4)


def _truth(
    path: Path, entries: Sequence[Annotation], image_ids: Int, category_ids: Int
) -> tuple[Truth, Int, list[str]]:
    """The annotations in columns, and which entry each row comes from."""
    area = np.fromiter(map(attrgetter("area"), entries), np.float64, len(entries))
    ids, images, categories = (column(path, "annotations", entries, name) for name in ("id", "image_id", "category_id"))
    boxes = _boxes(entries)
    check_values(path, "annotations[{}]", "bbox", boxes[:, 2:], lowest=0, error=DataError)
    check_values(path, "annotations[{}]", "area", area[:, None], lowest=0, error=DataError)
    check_unique(path, "annotation", ids)
    image, known_image = find_ids(image_ids, images)
    category, known_category = find_ids(category_ids, categories)
    rows = np.flatnonzero(known_image & known_category)
    rows = rows[np.argsort(image[rows], kind="stable")]
    truth = Truth(
        offsets=np.searchsorted(image[rows], np.arange(len(image_ids) + 1)),
        category=category[rows].astype(np.int32),
        boxes_xywh=boxes[rows],
        area=area[rows],
        crowd=column(path, "annotations", entries, "iscrowd")[rows] != 0,
        nameless=ids[rows] == 0,
    )
    nameless = bool((ids == 0).any())
    return truth, rows, annotation_warnings(
        path, known_image, known_category, nameless=nameless, official="pycocotools"
    )  # fmt: skip


def _with_masks(path: Path, found: MaskedInstances, truth: Truth, rows: Int, image_ids: Int) -> Truth:
    sizes = image_sizes(path, found.images, image_ids)
    image = np.repeat(np.arange(len(image_ids)), np.diff(truth.offsets))
    return replace(truth, masks=annotation_masks(path, found.annotations, rows, image, sizes))
