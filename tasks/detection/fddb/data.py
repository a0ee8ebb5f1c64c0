"""FDDB's files on disk -> samples and truth, and the columns that truth and results are kept in."""

from pathlib import Path
from typing import Final

import numpy as np

from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import DataError
from harness.images import image_loader
from harness.task import DataRequest, Dataset
from tasks.detection.fddb.folds import FOLDERS, Faces, read_faces, read_folds
from tasks.detection.fddb.metrics import ELLIPSES, RECTANGLES, Regions
from tasks.detection.fddb.regions import Float, Int, ellipse_numbers, rectangle_numbers
from tasks.detection.fddb.sizes import find_images, image_sizes, read_sizes
from tasks.detection.interface import PREDICTIONS
from tasks.detection.stored import check_stored

FACE_ID: Final = 1
IMAGES: Final = "originalPics"
OFFICIAL_COUNTS: Final = (2_845, 5_171)
"""Images and faces by which a data set is known to be the official one."""
TRUTH: Final = (
    ColumnSpec("size", "int64", (2,), description="width, height, pixels"),
    ColumnSpec(
        "ellipses", "float64", (5,), ragged=True, group="faces",
        description="major and minor radius in pixels, angle in radians, centre x and y in pixels",
    ),
)  # fmt: skip
RESULT_ELLIPSES: Final = (
    ColumnSpec("ellipses", "float64", (5,), ragged=True, group="detections", description="as in the truth"),
    ColumnSpec("scores", "float64", ragged=True, group="detections"),
)
"""Results that are ellipses; rectangles are kept in the columns of every detector."""


def open_dataset(root: Path | None, request: DataRequest, split: str) -> Dataset:
    """Read the folds, find the images and their sizes; `root` is the folder of the official layout.

    Raises DataError for what is missing.
    """
    faces = _faces(root, request)
    source = request.images or (root / IMAGES if root is not None else None)
    sizes = _sizes(root, source, faces)
    custom = (len(faces.names), len(faces.ellipses)) != OFFICIAL_COUNTS
    load = None
    if request.with_inputs:
        if source is None or not (source.is_dir() or source.suffix.lower() == ".zip"):
            raise DataError("the images of the ellipse lists are not given: name their folder or zip with --images")
        load = image_loader(source, find_images(source, faces.names), root or source)
    return Dataset(
        split="custom" if custom and request.annotations is not None else split,
        ids=faces.names,
        truth=Table(faces.names, {"size": sizes, "ellipses": Ragged(faces.ellipses, faces.offsets)}),
        load=load,
        facts={"categories": ["face"], "category_ids": [FACE_ID]},
        custom=custom,
    )


def _faces(root: Path | None, request: DataRequest) -> Faces:
    if request.annotations is not None:
        return read_faces(request.annotations)
    if root is None:
        raise DataError("the ellipse lists are not given: name them with --data DIR or --annotations PATH")
    return read_folds(root / FOLDERS)


def _sizes(root: Path | None, source: Path | None, faces: Faces) -> Int:
    """From a file of sizes where there is one, else from the images."""
    if source is not None and source.is_file() and source.suffix.lower() != ".zip":
        return read_sizes(source, faces.names)
    for name in ("sizes.txt", "sizes.csv"):
        if root is not None and (root / name).is_file():
            return read_sizes(root / name, faces.names)
    if source is None or not source.exists():
        raise DataError(
            "the sizes of the images decide where FDDB's masks end, and there are neither the images"
            f"{f' ({source})' if source else ''} nor a file of sizes: name either with --images, or lay sizes.txt beside "
            f"{FOLDERS} (where the images are: python -m tasks.detection.fddb.sizes {IMAGES} sizes.txt)"
        )
    return image_sizes(source, find_images(source, faces.names))


def to_faces(truth: Table) -> tuple[Int, Regions]:
    """Sizes and faces of the truth, as the metrics take them."""
    ellipses = truth.ragged("ellipses")
    sizes = np.ascontiguousarray(truth.dense("size"), np.int64)
    return sizes, Regions(offsets=ellipses.offsets, numbers=ellipse_numbers(ellipses.values))


def to_detections(table: Table, dataset: Dataset) -> tuple[Regions, Float, int]:
    """Regions, scores and kind of predictions, as the metrics take them; raises PredictionError if laid out otherwise."""
    kind = ELLIPSES if "ellipses" in table.columns else RECTANGLES
    check_stored(table, dataset, RESULT_ELLIPSES if kind == ELLIPSES else PREDICTIONS, "FDDB")
    shapes = table.ragged("ellipses" if kind == ELLIPSES else "boxes_xywh")
    numbers = ellipse_numbers(shapes.values) if kind == ELLIPSES else rectangle_numbers(shapes.values)
    return Regions(offsets=shapes.offsets, numbers=numbers), np.ascontiguousarray(table.ragged("scores").values), kind
