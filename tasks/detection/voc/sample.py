"""The small data set that the project generates itself, in VOCdevkit's layout: 60 scenes of shapes."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from tasks.detection.scenes import CATEGORIES, SAMPLE_COUNT, SAMPLE_SEED, Object, generate


def write_sample(directory: Path, year: int, split: str) -> None:
    """Write the sample as ``VOC2007/`` (or the other year's) with Annotations, ImageSets/Main and JPEGImages.

    The images are PNG, because JPEG's bytes depend on the library that writes them. Crowds are marked difficult.
    """
    from PIL import Image

    root = directory / f"VOC{year}"
    for folder in ("Annotations", "ImageSets/Main", "JPEGImages"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    present: dict[str, set[str]] = {}
    for index, (pixels, objects) in enumerate(generate(SAMPLE_SEED + year, SAMPLE_COUNT)):
        id = f"{1 + 7 * index:06d}" if year < 2008 else f"2008_{1 + 7 * index:06d}"
        Image.fromarray(pixels).save(root / "JPEGImages" / f"{id}.png")
        (root / "Annotations" / f"{id}.xml").write_bytes(_xml(f"VOC{year}", id, pixels, objects))
        present[id] = {CATEGORIES[item.category] for item in objects}
    lists = root / "ImageSets" / "Main"
    for name in CATEGORIES:
        lines = [f"{id} {'' if name in names else '-'}1".replace(" 1", "  1") for id, names in present.items()]
        _write_list(lists / f"{name}_{split}.txt", lines)
    _write_list(lists / f"{split}.txt", list(present))


def _write_list(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _xml(folder: str, id: str, pixels: NDArray[np.uint8], objects: list[Object]) -> bytes:
    root = ElementTree.Element("annotation")
    _add(root, folder=folder, filename=f"{id}.png")
    size = ElementTree.SubElement(root, "size")
    _add(size, width=pixels.shape[1], height=pixels.shape[0], depth=3)
    _add(root, segmented=0)
    for item in objects:
        element = ElementTree.SubElement(root, "object")
        _add(element, name=CATEGORIES[item.category], pose="Unspecified", truncated=0)
        _add(element, difficult=int(item.crowd_mask is not None))
        left, top, right, bottom = item.box_xyxy
        # Rounded outward to whole pixels, then counted from 1 with both corners inside.
        corners = {"xmin": int(left) + 1, "ymin": int(top) + 1, "xmax": -int(-right // 1), "ymax": -int(-bottom // 1)}
        _add(ElementTree.SubElement(element, "bndbox"), **corners)
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root) + b"\n"


def _add(parent: ElementTree.Element, **fields: object) -> None:
    for name, value in fields.items():
        ElementTree.SubElement(parent, name).text = str(value)
