"""Detections on pieces of images, brought together on the images, as TinyPerson's authors do it.

Source: ucas-vg/TinyBenchmark, split_and_merge_image.py (COCOMergeResult) and the CPU suppression that it calls; the same
in yinglang/huicv, corner_dataset.
"""

from pathlib import Path
from typing import Final

import numpy as np

from harness.errors import PredictionError
from harness.kernels import Kernel
from tasks.detection.coco.formats import Results
from tasks.detection.coco.metrics import Float, Int
from tasks.detection.lookup import find_ids
from tasks.detection.tinyperson.formats import SubImages

_MERGE: Final = Kernel("tiny_merge", "int64", "int64[]", "float32[]", "int64[]", "float64", "uint8[]")


def moved(boxes_xywh: Float, corners: Float) -> Float:
    """Boxes (n, 4) on pieces as boxes x1, y1, x2, y2 on the image, where the pieces' upper left corners are (n, 2)."""
    # Width before corner: the order of the additions is the official one.
    return np.concatenate([boxes_xywh[:, :2] + corners, boxes_xywh[:, :2] + boxes_xywh[:, 2:] + corners], axis=1)


def merge(boxes_xyxy: Float, scores: Float, starts: Int, threshold: float) -> tuple[Float, Int]:
    """Suppress boxes that overlap a better one of the same image; returns boxes x, y, width, height and their positions.

    `boxes_xyxy`, float64 (n, 4) in pixels of the images, stand image after image, those of image `i` from `starts[i]` on.
    Categories are not looked at. Boxes and scores are rounded to single precision, as officially, and so are the boxes
    that are returned, in the order that they came in; of equal scores the earlier one is the better.
    """
    corners = np.ascontiguousarray(boxes_xyxy, np.float32)
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((-scores.astype(np.float32), group))
    kept = np.empty(len(corners), np.uint8)
    _MERGE(len(starts) - 1, starts, corners, order, threshold, kept)
    left = np.flatnonzero(kept)
    merged = np.concatenate([corners[left, :2], corners[left, 2:] - corners[left, :2]], axis=1)
    return merged.astype(np.float64), left


def merge_results(results: Results, path: Path, pieces: SubImages, images: dict[str, int], threshold: float) -> Results:
    """Results for pieces as results for the images, whose ids `images` gives by file name.

    The pieces of an image are joined in the order of their file. Raises PredictionError for an image id that is none of
    the pieces', and for a piece of an image that the data set does not have.
    """
    if not len(pieces.ids):
        raise PredictionError(f"{path}: there are no sub-images that these results could be for")
    by_id = np.argsort(pieces.ids)
    found, here = find_ids(pieces.ids[by_id], results.image_ids)
    if not here.all():
        index = int(np.flatnonzero(~here)[0])
        raise PredictionError(f"{path}: entry {index}, image_id: {results.image_ids[index]} is none of the sub-images")
    piece = by_id[found]
    image_of_piece = _images(path, pieces, images)
    order = np.lexsort((piece, image_of_piece[piece]))
    piece = piece[order]
    boxes = moved(results.boxes_xywh[order], pieces.corners[piece])
    huge = (np.abs(boxes) > np.finfo(np.float32).max).any(axis=1)
    if huge.any():
        index = int(order[np.argmax(huge)])
        raise PredictionError(f"{path}: entry {index}, bbox: it lies beyond what single precision holds")
    starts = np.searchsorted(image_of_piece[piece], np.arange(len(images) + 1)).astype(np.int64)
    merged, left = merge(boxes, results.scores[order], starts, threshold)
    ids = np.array(list(images.values()), np.int64)
    return Results(
        image_ids=ids[image_of_piece[piece[left]]],
        category_ids=results.category_ids[order][left],
        boxes_xywh=merged,
        scores=results.scores[order][left],
    )


def _images(path: Path, pieces: SubImages, images: dict[str, int]) -> Int:
    """The position in `images` of the image that every piece was cut from, int64 (pieces,)."""
    position = {name: index for index, name in enumerate(images)}
    lacking = [name for name in pieces.file_names if name not in position]
    if lacking:
        raise PredictionError(
            f"{path}: its sub-images were cut from {lacking[0]}, which is not in the data set "
            f"({len(set(lacking))} such images); score against the annotations of the same images"
        )
    return np.array([position[name] for name in pieces.file_names], np.int64)
