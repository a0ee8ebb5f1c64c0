"""Ground truth in one JSON file: objects by image id, or COCO's format; told apart by their structure."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import DataError
from harness.json_files import decode, read_bytes
from tasks.detection.voc.annotations import Annotations, ImageObjects, gather
from tasks.detection.voc.xml_files import fractions_warning

_Box = tuple[float, float, float, float]


class _Object(msgspec.Struct, gc=False):
    name: str
    bbox: _Box
    difficult: int | bool = 0


class _Image(msgspec.Struct, gc=False):
    id: int | str
    file_name: str = ""


class _Category(msgspec.Struct, gc=False):
    id: int
    name: str


class _Annotation(msgspec.Struct, gc=False):
    image_id: int | str
    category_id: int
    bbox: _Box
    id: int | str | None = None
    iscrowd: int | bool = 0
    ignore: int | bool = 0
    difficult: int | bool = 0


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read_json(path: Path) -> tuple[Annotations, bool]:
    """Read `path`, also `.gz` or `.zip`; and whether it is in COCO's format. Raises DataError naming entry and field.

    By image id: ``{"000001": [{"name": "dog", "difficult": 0, "bbox": [xmin, ymin, xmax, ymax]}, ...], ...}``, corners as
    the XML files have them.
    """
    data = read_bytes(path, DataError, top=b"{")
    found = decode(data, dict[str, msgspec.Raw], path, DataError)
    if {"images", "annotations"} <= found.keys():
        return _from_coco(path, decode(data, _Coco, path, DataError)), True
    _check_keys(path, data)
    return _by_image(path, found), False


def _check_keys(path: Path, data: bytes) -> None:
    """Raise DataError for an image that is there twice: a JSON object keeps the last of equal keys in silence."""
    text = data.decode("utf-8-sig", "replace")
    try:
        ids = json.loads(text, strict=False, object_pairs_hook=_names, parse_int=str, parse_float=str)
    except RecursionError:
        raise DataError(f"{path}: lists or objects are nested too deep for any file of this format") from None
    _check_unique(path, "image", ids)


def _names(pairs: list[tuple[str, object]]) -> list[str]:
    return [name for name, _ in pairs]


def _by_image(path: Path, found: dict[str, msgspec.Raw]) -> Annotations:
    decoder = msgspec.json.Decoder(list[_Object])
    images: dict[str, ImageObjects] = {}
    fractions, first = 0, ""
    for id, raw in found.items():
        try:
            objects = decoder.decode(raw)
        except msgspec.DecodeError:
            objects = decode(bytes(raw), list[_Object], Path(f"{path}, image {id}"), DataError)
        boxes = [_cut(item.bbox) for item in objects]
        inexact = sum(
            value != whole
            for item, box in zip(objects, boxes, strict=True)
            for value, whole in zip(item.bbox, box, strict=True)
        )
        fractions, first = fractions + inexact, first or (f"image {id}" if inexact else "")
        images[id] = ImageObjects(
            f"{id}.jpg", [item.name for item in objects], boxes, [bool(item.difficult) for item in objects]
        )
    return gather(path, images, warnings=[fractions_warning(fractions, first)] if fractions else [])


def _cut(box: _Box) -> _Box:
    """The corners as integers, as they are read from XML."""
    left, top, right, bottom = (float(int(value)) for value in box)
    return left, top, right, bottom


def _from_coco(path: Path, found: _Coco) -> Annotations:
    """COCO's boxes count pixels from 0 and give width and height: x, y, w, h is x + 1, y + 1, x + w, y + h here."""
    names = {category.id: category.name for category in sorted(found.categories, key=lambda item: item.id)}
    _check_unique(path, "category", [category.id for category in found.categories])
    _check_unique(path, "annotation", [item.id for item in found.annotations if item.id is not None])
    _check_unique(path, "image", [image.id for image in found.images])
    ids = _image_ids(found.images)
    images = {ids[image.id]: ImageObjects(image.file_name or f"{image.id}.jpg", [], [], []) for image in found.images}
    unknown = 0
    for entry, item in enumerate(found.annotations):
        if item.image_id not in ids or item.category_id not in names:
            unknown += 1
            continue
        x, y, width, height = item.bbox
        if min(width, height) < 0:
            raise DataError(f"{path}: annotations[{entry}], bbox: {min(width, height)} is negative")
        image = images[ids[item.image_id]]
        image.names.append(names[item.category_id])
        image.boxes.append((x + 1, y + 1, x + width, y + height))
        image.difficult.append(bool(item.iscrowd or item.ignore or item.difficult))
    left_out = f"{path.name}: {unknown} annotations of unknown images or categories are left out"
    return gather(path, images, tuple(names.values()), [left_out] if unknown else [])


def _image_ids(images: list[_Image]) -> dict[int | str, str]:
    """The ids that class files use: the stems of the file names where all are there and differ, else COCO's ids."""
    stems = Counter(Path(image.file_name).stem for image in images)
    usable = all(count == 1 and stem and not any(map(str.isspace, stem)) for stem, count in stems.items())
    return {image.id: Path(image.file_name).stem if usable else str(image.id) for image in images}


def _check_unique(path: Path, what: str, ids: Sequence[int | str]) -> None:
    if len(set(ids)) < len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise DataError(f"{path}: the {what} id {twice} is there twice; ids must be unique")
