"""The annotations of VOCdevkit: one XML file an image, and the lists of ImageSets/Main.

Source: the VOC2007 and VOC2012 development kits, section "Annotation"; py-faster-rcnn, lib/datasets/voc_eval.py (parse_rec).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from harness.errors import DataError
from harness.layout import missing
from harness.number_rows import BadRow
from tasks.detection.voc.annotations import Annotations, ImageObjects, gather

LISTS = Path("ImageSets", "Main")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass
class _Reading:
    """What was noticed over all files."""

    fractions: int = 0
    first: str = ""


def read_layout(root: Path, split: str) -> Annotations:
    """The annotations of every image that ``ImageSets/Main/SPLIT.txt`` lists.

    Raises DataError naming the file: a missing or malformed one, document types and entities, no size, no box.
    """
    listing = root / LISTS / f"{split}.txt"
    ids = read_list(listing)
    folder = root / "Annotations"
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    lacking = [folder / f"{id}.xml" for id in ids if f"{id}.xml" not in there]
    if lacking:
        raise missing(lacking, f"{len(lacking)} of {len(ids)} annotations are")
    reading = _Reading()
    images = {id: _read_image(folder / f"{id}.xml", id, reading) for id in ids}
    warnings = [fractions_warning(reading.fractions, reading.first)] if reading.fractions else []
    return gather(listing, images, listed_categories(root, split), warnings)


def fractions_warning(count: int, first: str) -> str:
    """What is said of coordinates that are no integers."""
    return (
        f"{count} coordinates are no integers (the first in {first}): they are cut to integers, as mmdetection does; "
        "the devkit's Python evaluator stops there"
    )


def read_list(path: Path) -> list[str]:
    """The image ids that a file of ImageSets/Main lists; raises DataError for ids listed twice or that are no names."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as reason:
        raise DataError(f"{path} cannot be read: {getattr(reason, 'strerror', None) or reason}") from None
    ids: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        id = line.split()[0]
        if "/" in id or "\\" in id or not id.isprintable():
            raise DataError(f"{path}: {BadRow(number, f'holds {id!a}, which is no image id')}")
        if id in ids:
            raise DataError(f"{path}: line {number} lists {id} again, which line {ids[id]} has; list each image once")
        ids[id] = number
    return list(ids)


def listed_categories(root: Path, split: str) -> tuple[str, ...]:
    """The classes for which ``ImageSets/Main/CLASS_SPLIT.txt`` is there (lines of an id and -1, 0 or 1), sorted."""
    ending = f"_{split}.txt"
    found = (path for path in sorted((root / LISTS).glob(f"*{ending}")) if _is_class_list(path))
    return tuple(path.name.removesuffix(ending) for path in found)


def _is_class_list(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as stream:
            fields = stream.readline(1000).split()
    except (OSError, UnicodeDecodeError):
        return False
    return len(fields) == 2 and fields[1] in ("-1", "0", "1")


def _read_image(path: Path, id: str, reading: _Reading) -> ImageObjects:
    root = parse(path)
    size = root.find("size")
    sides = [_text(size, side) for side in ("width", "height")] if size is not None else []
    if not sides or not all(re.fullmatch(r"0*[1-9][0-9]{0,8}", side) for side in sides):
        raise DataError(f"{path} has no size: it must say width and height in pixels, above 0")
    image = ImageObjects(id + (Path(_text(root, "filename")).suffix or ".jpg"), [], [], [])
    for number, item in enumerate(root.iterfind("object"), 1):
        where = f"{path}: object {number}"
        name, difficult = _text(item, "name"), _text(item, "difficult") or "0"
        if not name:
            raise DataError(f"{where} has no name")
        if difficult not in ("0", "1"):
            raise DataError(f"{where}: difficult is {difficult[:40]!a}, not 0 or 1")
        image.names.append(name)
        image.boxes.append(_box(item.find("bndbox"), where, reading))
        image.difficult.append(difficult == "1")
    return image


def parse(path: Path) -> ElementTree.Element:
    """The root of an XML file that is UTF-8 or another superset of ASCII and declares no document type.

    A document type may define entities that expand to gigabytes or name other files; the official files have none.
    """
    try:
        data = path.read_bytes()
    except OSError as reason:
        raise DataError(f"{path} cannot be read: {reason.strerror or reason}") from None
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data:
        what = "is no text" if b"\0" in data else "declares a document type or entities, which are not read"
        raise DataError(f"{path} {what}; write it as plain XML, as the devkit does")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as reason:
        raise DataError(f"{path} is no XML ({reason}); copy it again") from None


def _text(parent: ElementTree.Element, tag: str) -> str:
    return (parent.findtext(tag) or "").strip()


def _box(found: ElementTree.Element | None, where: str, reading: _Reading) -> tuple[float, float, float, float]:
    if found is None:
        raise DataError(f"{where} has no bndbox")
    left, top, right, bottom = _corners(found, where, reading)
    return left, top, right, bottom


def _corners(found: ElementTree.Element, where: str, reading: _Reading) -> Iterator[float]:
    for corner in _CORNERS:
        text = _text(found, corner)
        try:
            value = int(float(text))
        except (ValueError, OverflowError):
            raise DataError(f"{where}: {corner} is {text[:40]!a}, expected a number of pixels") from None
        if not text.isdigit() and value != float(text):
            reading.fractions, reading.first = reading.fractions + 1, reading.first or where
        yield float(value)
