"""``instances.json`` of the refer toolbox: the boxes and masks of the objects that sentences mean.

Source: lichengunc/refer, refer.py (getMask); yz93/LAVT-RIS, data/dataset_refer_bert.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError, HarnessError
from harness.json_files import decode, read_bytes
from harness.rle import MOST_PIXELS, Refuse, RunLengths, check_polygons, from_pixels, measure, pack, run_code, unsound


class Image(msgspec.Struct, gc=False):
    """A photograph."""

    id: int
    file_name: str
    height: int
    width: int


class Annotation(msgspec.Struct, gc=False):
    """An object; its segmentation is decoded only where a sentence means it."""

    id: int
    image_id: int
    bbox: tuple[float, float, float, float]
    area: float
    segmentation: msgspec.Raw


class Instances(msgspec.Struct):
    """The file."""

    images: list[Image]
    annotations: list[Annotation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a sentence means: its box, and its mask under the two rules for pixels that several polygons cover."""

    box_xyxy: tuple[float, float, float, float]
    area: float
    once: bytes
    """Run-length code of the pixels that exactly one polygon covers (LAVT's ``== 1``)."""
    any: bytes
    """Of those that at least one covers (``> 0``, COCO's own merge)."""


def read_instances(path: Path) -> tuple[dict[int, Image], dict[int, tuple[int, Annotation]]]:
    """Images by id, and annotations by id with their place in the file; raises DataError."""
    found = decode(read_bytes(path, DataError, path.name, top=b"{"), Instances, path, DataError)
    for index, image in enumerate(found.images):
        if image.height < 1 or image.width < 1 or image.height * image.width > MOST_PIXELS:
            raise DataError(f"{path}: images[{index}]: {image.height} x {image.width} pixels cannot be")
    annotations = {one.id: (index, one) for index, one in enumerate(found.annotations)}
    if len(annotations) < len(found.annotations):
        raise DataError(f"{path}: {len(found.annotations) - len(annotations)} annotation ids are used more than once")
    return {image.id: image for image in found.images}, annotations


def target(path: Path, index: int, annotation: Annotation, image: Image) -> Target:
    """Box and masks of one annotation; raises DataError naming it: polygons that are empty or out of the image, wrong runs."""
    where = f"{path}: annotations[{index}] (id {annotation.id})"
    x, y, width, height = annotation.bbox
    if not all(map(isfinite, annotation.bbox)) or min(width, height) < 0:
        raise DataError(f"{where}, bbox: {list(annotation.bbox)} is no box x, y, width, height")

    def refuse(reason: str) -> HarnessError:
        return DataError(f"{where}, segmentation: {reason}")

    codes = _codes(annotation.segmentation, image, refuse)
    once, covered = combine(codes, image.height, image.width)
    return Target(box_xyxy=(x, y, x + width, y + height), area=annotation.area, once=once, any=covered)


def _codes(raw: msgspec.Raw, image: Image, refuse: Refuse) -> list[bytes]:
    """The run-length code of every part of a segmentation: polygons, one mask, or a list of masks (RefClef)."""
    kinds: tuple[Any, ...] = (list[list[float]], RunLengths, list[RunLengths])
    for kind in kinds:
        try:
            parts = msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, RecursionError):
            continue
        if kind is kinds[0]:
            return polygon_codes(parts, image.height, image.width, refuse)
        return [_run_code(part, image, refuse) for part in (parts if isinstance(parts, list) else [parts])]
    raise refuse("it is neither a list of polygons nor a run-length code")


def _run_code(runs: RunLengths, image: Image, refuse: Refuse) -> bytes:
    size = (image.height, image.width)
    if runs.size != size:
        raise refuse(f"its size is {list(runs.size)}, the image has {list(size)} (height, width)")
    code = run_code(runs, refuse)
    if measure(pack([code]), np.array([size]))[2] == 0:
        raise refuse(unsound(code, *size))
    return code


def polygon_codes(polygons: list[list[float]], height: int, width: int, refuse: Refuse) -> list[bytes]:
    """The run-length code of every polygon, drawn as pycocotools draws it."""
    from pycocotools.mask import frPyObjects

    check_polygons(polygons, height, width, refuse)
    for polygon in polygons:
        if (
            max(polygon[::2]) <= 0
            or min(polygon[::2]) >= width
            or max(polygon[1::2]) <= 0
            or min(polygon[1::2]) >= height
        ):
            raise refuse(f"a polygon lies out of the image of {height} x {width} pixels")
    return [bytes(code["counts"]) for code in frPyObjects(polygons, height, width)]


def combine(codes: Sequence[bytes], height: int, width: int) -> tuple[bytes, bytes]:
    """Codes of the pixels that exactly one part covers, and of those that at least one covers."""
    if not codes:
        raise ValueError("no part")
    if len(codes) == 1:
        return codes[0], codes[0]
    from pycocotools.mask import area, merge

    parts = [{"size": [height, width], "counts": code} for code in codes]
    together = merge(parts)
    covered = bytes(together["counts"])
    if int(area(together)) == int(sum(area(parts))):
        return covered, covered
    return from_pixels((coverage(codes, height, width) == 1)[None])[0], covered


def coverage(codes: Sequence[bytes], height: int, width: int) -> NDArray[np.int64]:
    """How many parts cover each pixel, int64 (height, width): refer's ``getMask``, whose sum is its area."""
    from pycocotools.mask import decode as draw

    drawn = draw([{"size": [height, width], "counts": code} for code in codes])
    counts: NDArray[np.int64] = drawn.astype(np.int64).sum(axis=2)
    return counts
