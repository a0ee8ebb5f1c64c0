"""The entries of COCO's JSON files, as msgspec decodes them; fields that nobody needs are skipped."""

import msgspec

from harness.rle import RunLengths

Box = tuple[float, float, float, float]


class Image(msgspec.Struct, gc=False):
    """An image; its size is read only where masks lie in it."""

    id: int
    file_name: str = ""


class Category(msgspec.Struct, gc=False):
    """A category."""

    id: int
    name: str = ""


class Outline(msgspec.Struct, gc=False):
    """What every annotation says, in COCO and in formats that add to it."""

    id: int
    image_id: int
    category_id: int
    bbox: Box
    area: float


class Annotation(Outline):
    """An annotation without its segmentation."""

    iscrowd: int | bool


class Instances(msgspec.Struct):
    """An annotation file, segmentations skipped."""

    images: list[Image]
    annotations: list[Annotation]
    categories: list[Category]


class Result(msgspec.Struct, gc=False):
    """A detection with a box."""

    image_id: int | float
    category_id: int | float
    bbox: Box
    score: float


class SizedImage(Image, kw_only=True):
    """An image with its size in pixels."""

    height: int
    width: int


class MaskedAnnotation(Annotation, kw_only=True):
    """An annotation with its segmentation: polygons x, y, x, y, ..., or runs."""

    segmentation: list[list[float]] | RunLengths


class MaskedInstances(msgspec.Struct):
    """An annotation file with its segmentations."""

    images: list[SizedImage]
    annotations: list[MaskedAnnotation]
    categories: list[Category]


class MaskedResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A detection with a mask; a box beside it is taken for the area by which it is sorted into sizes."""

    image_id: int | float
    category_id: int | float
    score: float
    segmentation: RunLengths
    bbox: list[float] | None = None


class Kind(msgspec.Struct):
    """What tells results of boxes from results of masks."""

    bbox: msgspec.Raw = msgspec.Raw()
    segmentation: msgspec.Raw = msgspec.Raw()
