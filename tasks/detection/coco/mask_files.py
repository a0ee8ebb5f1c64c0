"""Masks in COCO's files: segmentations of annotations, and of results, checked before pycocotools draws them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged
from harness.errors import DataError, HarnessError, PredictionError
from harness.json_files import integers
from harness.rle import (
    MOST_PIXELS,
    Refuse,
    RunLengths,
    check_polygons,
    from_polygons,
    impossible_size,
    measure,
    pack,
    run_code,
    unsound,
)
from tasks.detection.coco.entries import MaskedAnnotation, MaskedResult, SizedImage
from tasks.detection.coco.masks import Float, Int, Masks
from tasks.detection.coco.metrics import box_areas


class MaskRows(NamedTuple):
    """The masks of a results file, in file order."""

    masks: Ragged
    sizes: Int
    """(n, 2): height and width that each one states."""
    boxes_xywh: Float
    area: Float
    warnings: tuple[str, ...]


def image_sizes(path: Path, images: Sequence[SizedImage], image_ids: Int) -> Int:
    """Height and width of every image, int64 (images, 2), in the order of `image_ids`; raises DataError."""
    for index, image in enumerate(images):
        if image.height < 1 or image.width < 1 or image.height * image.width > MOST_PIXELS:
            raise DataError(
                f"{path}: images[{index}]: {image.height} x {image.width} pixels; between 1 and {MOST_PIXELS} are possible"
            )
    sizes = {image.id: (image.height, image.width) for image in images}
    return np.array([sizes[id] for id in image_ids.tolist()], np.int64).reshape(-1, 2)


def annotation_masks(path: Path, entries: Sequence[MaskedAnnotation], rows: Int, image: Int, sizes: Int) -> Masks:
    """The masks of the annotations `rows`, each in the image whose index `image` gives; raises DataError."""
    codes = []
    for row, (height, width) in zip(rows.tolist(), sizes[image].tolist(), strict=True):
        where = f"{path}: annotations[{row}], segmentation"
        codes.append(_annotation_code(entries[row].segmentation, height, width, _refusing(DataError, where)))
    packed = pack(codes)
    bad = measure(packed, sizes[image])[2]
    if bad < len(rows):
        reason = unsound(codes[bad], *sizes[image[bad]].tolist())
        raise DataError(f"{path}: annotations[{rows[bad]}], segmentation: {reason}")
    return Masks(starts=packed.offsets, codes=packed.values, sizes=sizes)


def result_masks(path: Path, entries: Sequence[MaskedResult]) -> MaskRows:
    """The masks of entries of a results file; raises PredictionError."""
    codes = []
    for index, entry in enumerate(entries):
        codes.append(run_code(entry.segmentation, _refusing(PredictionError, f"{path}: entry {index}, segmentation")))
        if entry.bbox and len(entry.bbox) != 4:
            raise PredictionError(f"{path}: entry {index}, bbox: expected a list of 4 numbers")
    boxed = np.array([bool(entry.bbox) for entry in entries], np.bool_)
    boxes = np.array([entry.bbox or (0, 0, 0, 0) for entry in entries], np.float64).reshape(-1, 4)
    sides = [[entry.segmentation.size[axis] for entry in entries] for axis in (0, 1)]
    sizes = np.stack(
        [integers(path, "entry {}, segmentation", "size", side, PredictionError) for side in sides], axis=1
    )
    return mask_rows(path, pack(codes), sizes, boxes, boxed)


def mask_rows(path: Path, masks: Ragged, sizes: Int, boxes: Float, boxed: NDArray[np.bool_]) -> MaskRows:
    """The masks of a results file, with the boxes and areas that pycocotools gives them; raises PredictionError.

    `boxed` (n,) says which of `boxes` are given. Where the first one is, so must be all, and areas are the boxes'; else
    both are the masks'.
    """
    _check_sizes(path, sizes)
    area, derived, bad = measure(masks, sizes)
    if bad < len(masks):
        reason = unsound(masks.row(bad).tobytes(), *sizes[bad].tolist())
        raise PredictionError(f"{path}: entry {bad}, segmentation: {reason}")
    if not boxed[:1].any():
        return MaskRows(masks, sizes, derived, area, ())
    if not boxed.all():
        raise PredictionError(
            f"{path}: entry {int(np.argmin(boxed))}, bbox: the first entry has a box, so every one needs x, y, width, height"
        )
    warning = (
        f"{path.name}: there are boxes beside the masks, so that size ranges look at the boxes' areas, as in "
        "pycocotools; leave bbox out to have them look at the masks'"
    )
    return MaskRows(masks, sizes, boxes, box_areas(boxes), (warning,))


def _check_sizes(path: Path, sizes: Int) -> None:
    height, width = sizes.T
    bad = (sizes < 1).any(axis=1) | (width > MOST_PIXELS // np.maximum(height, 1))
    if bad.any():
        index = int(np.argmax(bad))
        raise PredictionError(f"{path}: entry {index}, segmentation: {impossible_size(*sizes[index].tolist())}")


def needs_boxes(rows: MaskRows) -> bool:
    """Whether a results file must state the boxes, because they or the areas are not those of the masks."""
    area, boxes, _ = measure(rows.masks, rows.sizes)
    return not (np.array_equal(area, rows.area) and np.array_equal(boxes, rows.boxes_xywh))


def mask_codes(rows: MaskRows, part: slice) -> list[RunLengths]:
    """Some rows' masks as a results file states them."""
    chosen = range(*part.indices(len(rows.sizes)))
    sizes = rows.sizes[part].tolist()
    return [
        RunLengths(size=(height, width), counts=rows.masks.row(index).tobytes().decode("ascii"))
        for index, (height, width) in zip(chosen, sizes, strict=True)
    ]


def _annotation_code(segmentation: list[list[float]] | RunLengths, height: int, width: int, refuse: Refuse) -> bytes:
    if isinstance(segmentation, RunLengths):
        if segmentation.size != (height, width):
            raise refuse(f"its size is {list(segmentation.size)}, the image has {[height, width]} (height, width)")
        return run_code(segmentation, refuse)
    check_polygons(segmentation, height, width, refuse)
    return from_polygons(segmentation, height, width)


def _refusing(error: type[HarnessError], where: str) -> Refuse:
    return lambda reason: error(f"{where}: {reason}")
