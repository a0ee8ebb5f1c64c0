"""TinyPerson's files on disk -> samples and truth, and the columns that the truth is kept in."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import DataError, UsageError
from harness.images import image_loader
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.detection.coco.metrics import Detections, Int
from tasks.detection.coco_form import file_in_folder
from tasks.detection.interface import PREDICTIONS
from tasks.detection.lookup import find_ids
from tasks.detection.stored import check_stored
from tasks.detection.tinyperson.cutting import corners, parse_size
from tasks.detection.tinyperson.formats import Annotations, read_annotations
from tasks.detection.tinyperson.metrics import TinyTruth

TRUTH: Final = (
    ColumnSpec(
        "boxes_xywh", "float64", (4,), ragged=True, group="annotations", description="x, y, width, height, pixels"
    ),
    ColumnSpec("category_id", "int64", ragged=True, group="annotations"),
    ColumnSpec("area", "float64", ragged=True, group="annotations", description="square pixels"),
    ColumnSpec("crowd", "bool", ragged=True, group="annotations"),
    ColumnSpec("ignore", "bool", ragged=True, group="annotations"),
    ColumnSpec("uncertain", "bool", ragged=True, group="annotations"),
    ColumnSpec("nameless", "bool", ragged=True, group="annotations", description="the annotation's id is 0"),
    ColumnSpec("side", "float64", ragged=True, group="annotations", description="square root of the area, pixels"),
    ColumnSpec("visible", "float64", ragged=True, group="annotations", description="part of the person that is seen"),
)
OFFICIAL_COUNTS: Final = {"test": (786, 18_508, 1)}
"""Images, annotations and categories by which the test set is known to be the official one (see README.md)."""
PLACES: Final = ("mini_annotations", "annotations/task", "annotations")
"""Where the annotations lie in the folders that the authors gave out."""


def open_dataset(request: DataRequest, split: str, task: Task) -> Dataset:
    """Read the annotations and find the images; raises DataError for what is missing, UsageError for bad settings."""
    file, root = _find(request, split, task)
    annotations = read_annotations(file, _name(split))
    counts = len(annotations.image_ids), len(annotations.truth.area), len(annotations.category_ids)
    custom = counts != OFFICIAL_COUNTS.get(split)
    ids = tuple(map(str, annotations.image_ids.tolist()))
    load = None
    if request.with_inputs:
        images = request.images or (root / split if root is not None else None)
        load = _cropping(image_loader(images, dict(zip(ids, annotations.file_names, strict=True)), file), annotations)
    names = list(map(list, zip(annotations.category_ids.tolist(), annotations.category_names, strict=True)))
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=ids,
        truth=truth_table(ids, annotations),
        load=load,
        facts={
            "categories": list(annotations.category_names),
            "category_ids": annotations.category_ids.tolist(),
            **_pieces(request, root, annotations),
        },
        identity={"categories": names},
        warnings=annotations.warnings,
        custom=custom,
    )


def annotation_file(folder: Path, split: str) -> Path | None:
    """The annotations in a folder of the official layout, None where it is none."""
    files = [folder / place / _name(split) for place in PLACES]
    return next((file for file in files if file.is_file()), None)


def _name(split: str) -> str:
    return f"tiny_set_{split}_all.json"


def _find(request: DataRequest, split: str, task: Task) -> tuple[Path, Path | None]:
    """The annotation file that is meant, and the root of the official layout where one is given."""
    root = None
    if request.data is not None:
        root = find_root(request.data, lambda folder: annotation_file(folder, split) is not None, task)
    named = request.annotations
    if named is None:
        found = annotation_file(root, split) if root is not None else None
        if found is None:
            raise DataError("the annotations are not given: name them with --data DIR or --annotations FILE")
        return found, root
    if not named.is_dir():
        return named, root
    return file_in_folder(
        named, [folder / _name(split) for folder in (*(named / place for place in PLACES), named)]
    ), root


def _pieces(request: DataRequest, root: Path | None, annotations: Annotations) -> dict[str, Any]:
    """What reading results and live runs must know of pieces: settings, and the images that pieces belong to."""
    settings = request.settings
    size, overlap = parse_size(str(settings.get("cut", "none"))), int(settings.get("cut_overlap", 0))
    merge_iou = float(settings.get("merge_iou", 0))
    if not 0 <= merge_iou <= 1:
        raise UsageError(f"--merge-iou {merge_iou}: it must lie between 0 and 1")
    facts: dict[str, Any] = {}
    if size is not None:
        corners(size, size, overlap)
        facts |= {"cut": list(size), "overlap": overlap, "merge_iou": merge_iou}
    named = str(settings.get("sub_images", "none"))
    if named != "none":
        path = Path(named)
        if not path.is_absolute() and not path.exists() and root is not None:
            path = root / path
        files = dict(zip(annotations.file_names, annotations.image_ids.tolist(), strict=True))
        if len(files) < len(annotations.file_names):
            raise DataError(
                f"--sub-images {named}: pieces are merged by their images' file_name, but some images of the annotations "
                "share one; score against the annotations of whole images"
            )
        facts |= {"sub_images": str(path), "files": files, "merge_iou": merge_iou}
    return facts


def _cropping(
    load: Callable[[str], Mapping[str, Any]], annotations: Annotations
) -> Callable[[str], Mapping[str, Any]]:  # fmt: skip
    """`load`, cutting out the part of the file that an image is."""
    if not annotations.corners:
        return load
    parts = {str(id): corner for id, corner in annotations.corners.items()}

    def loading(id: str) -> Mapping[str, Any]:
        inputs = load(id)
        if id not in parts:
            return inputs
        left, top, right, bottom = parts[id]
        piece = np.ascontiguousarray(inputs["image"][top:bottom, left:right])
        if piece.shape[:2] != (bottom - top, right - left):
            height, width = inputs["image"].shape[:2]
            raise DataError(
                f"image {id}: its corner {list(parts[id])} reaches beyond its file of {width} x {height} pixels; take the "
                "images that the annotations were made for"
            )
        return {"image": piece}

    return loading


def truth_table(ids: tuple[str, ...], annotations: Annotations) -> Table:
    """The truth in the columns of `TRUTH`."""
    truth = annotations.truth
    columns = {spec.name: getattr(truth, spec.name) for spec in TRUTH if spec.name != "category_id"}
    columns["category_id"] = annotations.category_ids[truth.category]
    return Table(ids, {name: Ragged(values, truth.offsets) for name, values in columns.items()})


def to_truth(table: Table, category_ids: Int) -> TinyTruth:
    """The truth's columns as the metrics take them."""
    columns: dict[str, Any] = {
        spec.name: table.ragged(spec.name).values for spec in TRUTH if spec.name != "category_id"
    }
    category = find_ids(category_ids, table.ragged("category_id").values)[0].astype(np.int32)
    return TinyTruth(offsets=table.ragged("area").offsets, category=category, **columns)


def to_detections(table: Table, dataset: Dataset) -> Detections:
    """The columns of the predictions as the metrics take them; raises PredictionError where they are laid out otherwise."""
    check_stored(table, dataset, PREDICTIONS, "TinyPerson")
    category_ids = np.array(dataset.facts["category_ids"], np.int64)
    boxes = table.ragged("boxes_xywh")
    return Detections(
        offsets=boxes.offsets,
        category=find_ids(category_ids, table.ragged("category_id").values)[0].astype(np.int32),
        boxes_xywh=boxes.values,
        scores=table.ragged("scores").values,
    )
