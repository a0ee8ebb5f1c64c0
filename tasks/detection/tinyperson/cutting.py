"""Cutting of images and annotations into overlapping pieces, as TinyPerson's authors do it.

Source: ucas-vg/TinyBenchmark, split_and_merge_image.py (COCOSplitImage); the same in yinglang/huicv, corner_dataset.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from tasks.detection.coco.metrics import Int

SIZE: Final = (640, 512)
OVERLAP: Final = 100
KEPT: Final = 0.7
"""A cut annotation is kept if the square root of its area is at least this part of what it was."""


def parse_size(text: str) -> tuple[int, int] | None:
    """The width and height of ``640x512``, pixels; None for ``none``. Raises UsageError for anything else."""
    if text == "none":
        return None
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None or not (int(match[1]) and int(match[2])):
        raise UsageError(f"--cut {text}: expected WIDTHxHEIGHT in pixels, such as 640x512, or none")
    return int(match[1]), int(match[2])


def corners(image_size: tuple[int, int], size: tuple[int, int] = SIZE, overlap: int = OVERLAP) -> Int:
    """The pieces of an image of (width, height): int64 (n, 4), x1, y1, x2, y2, row by row.

    Pieces lie `size` less `overlap` apart and are clipped to the image. An image no larger than the overlap is one piece;
    officially it is none. Raises UsageError where the pieces are no larger than their overlap.
    """
    if not 0 <= overlap < min(size):
        raise UsageError(f"pieces of {size[0]}x{size[1]} pixels cannot overlap by {overlap}")
    edges = []
    for whole, part in zip(image_size, size, strict=True):
        stride = part - overlap
        count = max(1, -(-(whole - overlap) // stride))
        low = np.arange(count) * stride
        edges.append(np.stack([low, low + part], axis=1).clip(0, whole))
    across, down = edges
    boxes = [(left, top, right, bottom) for top, bottom in down.tolist() for left, right in across.tolist()]
    return np.array(boxes, np.int64)


def cut_image(
    image: NDArray[np.uint8], size: tuple[int, int] = SIZE, overlap: int = OVERLAP
) -> Iterator[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """Yield the pieces of an image, uint8 (height, width, 3), each with its upper left corner x, y."""
    height, width = image.shape[:2]
    for left, top, right, bottom in corners((width, height), size, overlap).tolist():
        yield np.ascontiguousarray(image[top:bottom, left:right]), (left, top)


def cut_annotations(
    document: Mapping[str, Any], size: tuple[int, int] = SIZE, overlap: int = OVERLAP, kept: float = KEPT
) -> dict[str, Any]:
    """An annotation document, as JSON gives it, for the pieces of its images.

    Every image becomes pieces of the same `file_name`, with `corner` and ids from 0; `old_images` keeps what they were
    cut from. Annotations are clipped to each piece, moved to its corner and rounded to single precision; they are kept
    if enough of them is left, with ids from 0. The images must say their `width` and `height`.
    """
    of_image: dict[int, list[Mapping[str, Any]]] = {image["id"]: [] for image in document["images"]}
    for annotation in document["annotations"]:
        of_image[annotation["image_id"]].append(annotation)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image in document["images"]:
        for corner in corners((image["width"], image["height"]), size, overlap).tolist():
            inside = _inside(of_image[image["id"]], corner, kept)
            for found in inside:
                annotations.append({**found, "id": len(annotations), "image_id": len(images)})
            left, top, right, bottom = corner
            piece = {"id": len(images), "width": right - left, "height": bottom - top, "corner": corner}
            images.append({**image, **piece})
    return {**document, "images": images, "annotations": annotations, "old_images": document["images"]}


def _inside(annotations: list[Mapping[str, Any]], corner: list[int], kept: float) -> Iterator[dict[str, Any]]:
    if not annotations:
        return
    x, y, width, height = np.array([annotation["bbox"] for annotation in annotations], np.float64).T
    left, right = x.clip(corner[0], corner[2]), (x + width).clip(corner[0], corner[2])
    top, bottom = y.clip(corner[1], corner[3]), (y + height).clip(corner[1], corner[3])
    # Officially the whole annotation is measured by its corners, too.
    whole = np.sqrt((x + width - x) * (y + height - y))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.sqrt((right - left) * (bottom - top)) / whole
    left, right, top, bottom = left - corner[0], right - corner[0], top - corner[1], bottom - corner[1]
    boxes = np.stack([left, top, right - left, bottom - top], axis=1).astype(np.float32).tolist()
    for index in np.flatnonzero(share >= kept).tolist():
        x1, y1, w, h = boxes[index]
        yield {
            **annotations[index],
            "bbox": boxes[index],
            "segmentation": [[x1, y1, x1, y1 + h, x1 + w, y1 + h, x1 + w, y1]],
            "area": w * h,
            "size": float(np.sqrt(w * h)),
        }
