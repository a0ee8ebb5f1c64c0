"""Rows of a results file, laid out as the predictions of a data set."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.columns import Column, Ragged, Table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.detection.coco.formats import Results
from tasks.detection.coco.mask_files import MaskRows
from tasks.detection.coco.masks import Masks, mask_columns, take
from tasks.detection.coco.metrics import Int
from tasks.detection.lookup import find_ids


def arrange(results: Results, path: Path, dataset: Dataset) -> Predictions:
    """Rows of a results file as predictions, image after image, in file order inside an image.

    Raises PredictionError on image ids that the data set does not have. Detections of unknown categories are left out
    with a warning; pycocotools does it in silence.
    """
    image_ids = np.array(dataset.ids, np.int64)
    image, here = find_ids(image_ids, results.image_ids)
    if not here.all():
        _check_known(path, results.image_ids, here, dataset)
    known = find_ids(np.array(dataset.facts["category_ids"], np.int64), results.category_ids)[1]
    rows = np.flatnonzero(here & known)
    if (np.diff(image[rows]) < 0).any():
        # A stable sort of 16-bit integers is a radix sort.
        rows = rows[np.argsort(image[rows].astype(np.uint16 if len(image_ids) <= 1 << 16 else np.int64), kind="stable")]
    offsets = np.searchsorted(image[rows], np.arange(len(image_ids) + 1)).astype(np.int64)
    whole = len(rows) == len(known) and (np.diff(rows) == 1).all()
    columns = {"boxes_xywh": results.boxes_xywh, "scores": results.scores, "category_id": results.category_ids}
    table: dict[str, Column] = {}
    warnings = _warnings(path, results.category_ids[~known], offsets)
    if results.masks is not None:
        columns["area"] = results.masks.area
        masks = _masks_in_images(path, results.masks, image, rows, dataset)
        table |= mask_columns(masks, offsets)
        warnings += results.masks.warnings
    table |= {name: Ragged(values if whole else values[rows], offsets) for name, values in columns.items()}
    return Predictions(table=Table(dataset.ids, table), warnings=tuple(warnings))


def _masks_in_images(path: Path, found: MaskRows, image: Int, rows: Int, dataset: Dataset) -> Masks:
    """The masks of `rows`; raises PredictionError for one whose size is not its image's."""
    sizes = dataset.truth.dense("size")
    wrong = (found.sizes[rows] != sizes[image[rows]]).any(axis=1)
    if wrong.any():
        row = int(rows[np.flatnonzero(wrong).min()])
        raise PredictionError(
            f"{path}: entry {row}, segmentation: its size is {found.sizes[row].tolist()}, image {dataset.ids[image[row]]} "
            f"has {sizes[image[row]].tolist()} (height, width)"
        )
    chosen = take(found.masks, rows)
    return Masks(starts=chosen.offsets, codes=chosen.values, sizes=sizes)


def _check_known(path: Path, image_ids: Int, here: NDArray[np.bool_], dataset: Dataset) -> None:
    elsewhere = np.array(sorted(map(int, dataset.known_ids)) or [0], np.int64)
    unknown = ~here & ~(find_ids(elsewhere, image_ids)[1] & bool(dataset.known_ids))
    if unknown.any():
        index = int(np.flatnonzero(unknown)[0])
        raise PredictionError(
            f"{path}: entry {index}, image_id: {image_ids[index]} is not in the data set "
            f"({np.count_nonzero(unknown)} such entries); score the file with the annotations that it belongs to"
        )


def _warnings(path: Path, unknown: Int, offsets: Int) -> list[str]:
    warnings = []
    if len(unknown):
        ids = np.unique(unknown)
        some = ", ".join(map(str, ids[:5])) + (", ..." if len(ids) > 5 else "")
        warnings.append(f"{path.name}: {len(unknown)} detections of unknown categories ({some}) are left out")
    empty = int(np.count_nonzero(np.diff(offsets) == 0))
    if empty:
        warnings.append(f"{path.name}: {empty} of {len(offsets) - 1} images have no predictions")
    return warnings
