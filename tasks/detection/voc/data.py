"""Pascal VOC's files on disk -> samples and truth."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from harness.columns import Table
from harness.errors import DataError
from harness.images import image_loader
from harness.layout import find_root
from harness.task import DataRequest, Dataset, Task
from tasks.detection.stored import check_stored
from tasks.detection.voc.annotations import CATEGORIES, Annotations, category_names, truth_table
from tasks.detection.voc.declaration import ORDER, PREDICTIONS
from tasks.detection.voc.json_truth import read_json
from tasks.detection.voc.metrics import Detections, Truth
from tasks.detection.voc.xml_files import LISTS, read_layout

OFFICIAL_COUNTS: Final[Mapping[tuple[int, str], tuple[int, int]]] = {
    (2007, "test"): (4_952, 12_032),
    (2007, "trainval"): (5_011, 12_608),
    (2007, "train"): (2_501, 6_301),
    (2007, "val"): (2_510, 6_307),
    (2012, "trainval"): (11_540, 27_450),
    (2012, "train"): (5_717, 13_609),
    (2012, "val"): (5_823, 13_841),
}
"""Images, and objects that are not difficult, by which a data set is known to be the official one (devkits' documentation)."""


def open_dataset(task: Task, year: int, request: DataRequest) -> Dataset:
    """Read the annotations and find the images. Raises DataError for what is missing or malformed."""
    split = request.split or task.meta.splits[0]
    root = layout_root(task, year, split, request)
    annotations, source, foreign = _annotations(root, request, split)
    categories = category_names(source, annotations)
    truth, left_out = truth_table(annotations, categories)
    difficult = truth.ragged("difficult").values
    counts = len(annotations.ids), len(difficult) - int(np.count_nonzero(difficult))
    custom = foreign or categories != CATEGORIES or counts != OFFICIAL_COUNTS.get((year, split))
    names = dict(zip(annotations.ids, annotations.file_names, strict=True))
    images = request.images or (root / "JPEGImages" if root is not None else None)
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=annotations.ids,
        truth=truth,
        load=image_loader(images, names, source) if request.with_inputs else None,
        facts={"categories": list(categories), "category_ids": list(range(len(categories))), "asked": split},
        identity={"categories": list(categories)},
        warnings=(*annotations.warnings, *(f"{source.name}: {text}" for text in left_out)),
        custom=custom,
    )


def layout_root(task: Task, year: int, split: str, request: DataRequest) -> Path | None:
    """The folder ``VOC2007`` (or one's own in its layout) in `--data`, or in `--annotations` if that is a folder."""
    folder = request.annotations if request.annotations is not None and request.annotations.is_dir() else request.data
    from_file = request.annotations is not None and request.annotations.is_file()
    # A file of annotations needs the folder for its images only, and result files are scored without any.
    if folder is None or (from_file and (request.images is not None or not request.with_inputs)):
        return None
    listing = LISTS / f"{split}.txt"
    other: list[str] = []

    def wanted(place: Path) -> bool:
        there = (place / "JPEGImages").is_dir() if from_file else (place / listing).is_file()
        ours = not _other_year(place.resolve().name, year)
        if ours and not there and not from_file and (place / LISTS).is_dir():
            other.append(f"{place / LISTS} has no {listing.name}: the list of the split's images is missing")
        return there and ours

    try:
        return find_root(folder, wanted, task)
    except DataError:
        if other:
            raise DataError(other[0]) from None
        raise


def _other_year(name: str, year: int) -> bool:
    return re.fullmatch(r"VOC\d{4}", name) is not None and name != f"VOC{year}"


def _annotations(root: Path | None, request: DataRequest, split: str) -> tuple[Annotations, Path, bool]:
    """The annotations, the file or folder that they come from, and whether that is in another format than VOC's."""
    if request.annotations is not None and not request.annotations.is_dir():
        annotations, foreign = read_json(request.annotations)
        return annotations, request.annotations, foreign
    if root is None:
        raise DataError("the annotations are not given: name them with --data DIR or --annotations FILE")
    return read_layout(root, split), root, False


def to_truth(table: Table) -> Truth:
    """The truth's columns as the metrics take them."""
    boxes = table.ragged("boxes_xyxy")
    return Truth(
        offsets=boxes.offsets,
        category=table.ragged("category").values.astype(np.int32),
        boxes_xyxy=boxes.values,
        difficult=table.ragged("difficult").values,
    )


def to_detections(table: Table, dataset: Dataset) -> Detections:
    """The columns of predictions as the metrics take them; without places in files they go image after image.

    Raises PredictionError where they are not laid out as predictions are: stored ones may be a stranger's.
    """
    specs = [*PREDICTIONS, *([ORDER] if ORDER.name in table.columns else [])]
    check_stored(table, dataset, specs, "Pascal VOC")
    found = {spec.name: table.ragged(spec.name).values for spec in specs}
    return Detections(
        offsets=table.ragged("boxes_xyxy").offsets,
        category=found["category_id"].astype(np.int32),
        boxes_xyxy=found["boxes_xyxy"],
        scores=found["scores"],
        order=found.get(ORDER.name, np.arange(len(found["scores"]))),
    )
