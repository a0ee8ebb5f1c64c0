"""COCO's files on disk -> samples and truth, and the columns that the truth is kept in."""

from pathlib import Path
from typing import Final

import numpy as np

from harness.columns import Column, ColumnSpec, Ragged, Table
from harness.errors import DataError, PredictionError
from harness.images import image_loader
from harness.task import DataRequest, Dataset
from tasks.detection.coco.annotations import Annotations, read_annotations
from tasks.detection.coco.formats import Results
from tasks.detection.coco.mask_files import MaskRows
from tasks.detection.coco.masks import COLUMNS as MASK_COLUMNS
from tasks.detection.coco.masks import mask_columns, masks_of
from tasks.detection.coco.metrics import Detections, Truth
from tasks.detection.coco_form import file_in_folder
from tasks.detection.interface import PREDICTIONS
from tasks.detection.lookup import find_ids
from tasks.detection.stored import check_stored

TRUTH: Final = (
    ColumnSpec(
        "boxes_xywh", "float64", (4,), ragged=True, group="annotations", description="x, y, width, height, pixels"
    ),
    ColumnSpec("category_id", "int64", ragged=True, group="annotations"),
    ColumnSpec("area", "float64", ragged=True, group="annotations", description="of the segmentation, square pixels"),
    ColumnSpec("crowd", "bool", ragged=True, group="annotations"),
    ColumnSpec("nameless", "bool", ragged=True, group="annotations", description="the annotation's id is 0"),
)
"""With masks there are the columns of `masks.COLUMNS` and `size`, int64 (2,): height and width of the image."""
AREA: Final = ColumnSpec(
    "area", "float64", ragged=True, group="detections", description="square pixels, for size ranges"
)
OFFICIAL_COUNTS: Final = {
    "val2017": (5_000, 36_781, 80),
    "train2017": (118_287, 860_001, 80),
    "val2014": (40_504, 291_875, 80),
    "train2014": (82_783, 604_907, 80),
}
"""Images, annotations and categories by which a data set is known to be the official one."""


def open_dataset(root: Path | None, request: DataRequest, split: str) -> Dataset:
    """Read the annotations and find the images; `root` is the folder of the official layout, where `--data` was given.

    Raises DataError for what is missing.
    """
    file = instances_file(root, request, split)
    with_masks = request.settings.get("iou_type") == "segm"
    annotations = read_annotations(file, f"instances_{split}.json", with_masks=with_masks)
    counts = len(annotations.image_ids), len(annotations.truth.area), len(annotations.category_ids)
    custom = counts != OFFICIAL_COUNTS.get(split)
    ids = tuple(map(str, annotations.image_ids.tolist()))
    names = dict(zip(ids, annotations.file_names, strict=True))
    images = request.images or (root / split if root is not None else None)
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=ids,
        truth=truth_table(ids, annotations),
        load=image_loader(images, names, file) if request.with_inputs else None,
        facts={
            "categories": list(annotations.category_names),
            "category_ids": annotations.category_ids.tolist(),
            **({"iou_type": "segm"} if with_masks else {}),
        },
        identity={
            "categories": list(
                map(list, zip(annotations.category_ids.tolist(), annotations.category_names, strict=True))
            )
        },
        warnings=annotations.warnings,
        custom=custom,
    )


def instances_file(root: Path | None, request: DataRequest, split: str) -> Path:
    """The annotation file that is meant: `--annotations` (a file, a zip, or a folder of them), else the layout's."""
    if request.annotations is None:
        if root is None:
            raise DataError("the annotations are not given: name them with --data DIR or --annotations FILE")
        return root / "annotations" / f"instances_{split}.json"
    if not request.annotations.is_dir():
        return request.annotations
    folders = request.annotations, request.annotations / "annotations"
    return file_in_folder(request.annotations, [folder / f"instances_{split}.json" for folder in folders])


def truth_table(ids: tuple[str, ...], annotations: Annotations) -> Table:
    """The truth in the columns of `TRUTH`."""
    truth = annotations.truth
    columns = {
        "boxes_xywh": truth.boxes_xywh,
        "category_id": annotations.category_ids[truth.category],
        "area": truth.area,
        "crowd": truth.crowd,
        "nameless": truth.nameless,
    }
    table: dict[str, Column] = {name: Ragged(values, truth.offsets) for name, values in columns.items()}
    if truth.masks is not None:
        table |= mask_columns(truth.masks, truth.offsets) | {"size": truth.masks.sizes}
    return Table(ids, table)


def prediction_columns(dataset: Dataset) -> tuple[ColumnSpec, ...]:
    """How answers are stored: with masks, and the area that sorts each into sizes, where masks are compared."""
    return (*PREDICTIONS, AREA, *MASK_COLUMNS) if has_masks(dataset) else PREDICTIONS


def has_masks(dataset: Dataset) -> bool:
    """Whether masks are compared, not boxes."""
    return "size" in dataset.truth.columns


def to_truth(dataset: Dataset) -> Truth:
    """The truth's columns as the metrics take them."""
    table, category_ids = dataset.truth, np.array(dataset.facts["category_ids"], np.int64)
    boxes = table.ragged("boxes_xywh")
    return Truth(
        offsets=boxes.offsets,
        category=find_ids(category_ids, table.ragged("category_id").values)[0].astype(np.int32),
        boxes_xywh=boxes.values,
        area=table.ragged("area").values,
        crowd=table.ragged("crowd").values,
        nameless=table.ragged("nameless").values,
        masks=masks_of(table, table.dense("size")) if has_masks(dataset) else None,
    )


def to_detections(table: Table, dataset: Dataset) -> Detections:
    """The columns of `prediction_columns` as the metrics take them.

    Raises PredictionError where they are not laid out so: stored ones may be a stranger's.
    """
    check_stored(table, dataset, prediction_columns(dataset), "COCO")
    boxes = table.ragged("boxes_xywh")
    category_ids = np.array(dataset.facts["category_ids"], np.int64)
    with_masks = has_masks(dataset)
    if with_masks:
        _check_masks(table)
    return Detections(
        offsets=boxes.offsets,
        category=find_ids(category_ids, table.ragged("category_id").values)[0].astype(np.int32),
        boxes_xywh=boxes.values,
        scores=table.ragged("scores").values,
        masks=masks_of(table, dataset.truth.dense("size")) if with_masks else None,
        area=table.ragged("area").values if with_masks else None,
    )


def _check_masks(table: Table) -> None:
    """Raise PredictionError where the lengths of the masks are not those of their codes; nothing is copied."""
    lengths = table.ragged("mask_length").values
    if (lengths < 0).any() or lengths.sum() != len(table.ragged("mask_codes").values):
        raise PredictionError(
            "these predictions are no detections of COCO: the lengths of its masks are not those of their codes"
        )


def to_results(table: Table, dataset: Dataset) -> Results:
    """The columns of `prediction_columns` as rows of a results file, image after image."""
    boxes = table.ragged("boxes_xywh")
    image = np.repeat(np.arange(len(table)), np.diff(boxes.offsets))
    masks = masks_of(table, dataset.truth.dense("size")) if has_masks(dataset) else None
    return Results(
        image_ids=np.array(table.ids, np.int64)[image],
        category_ids=table.ragged("category_id").values,
        boxes_xywh=boxes.values,
        scores=table.ragged("scores").values,
        masks=None
        if masks is None
        else MaskRows(
            Ragged(masks.codes, masks.starts), masks.sizes[image], boxes.values, table.ragged("area").values, ()
        ),
    )
