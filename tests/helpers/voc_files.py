"""Pascal VOC's ground truth as files: XML in VOCdevkit's layout, one JSON file by image, COCO's format."""

import json
from pathlib import Path

from tasks.detection.voc.annotations import CATEGORIES

Objects = dict[str, list[tuple[str, int, tuple[float, float, float, float]]]]
"""Image -> its objects: name, difficult, corners."""

XML = """<annotation><folder>VOC2007</folder><filename>{id}.jpg</filename>
<size><width>500</width><height>375</height><depth>3</depth></size>{objects}</annotation>"""
OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""
TRUTH = {
    "000001": [("dog", 0, (48, 240, 195, 371)), ("person", 1, (8, 12, 352, 498))],
    "000002": [],
    "000004": [("car", 0, (13, 311, 84, 362)), ("car", 0, (13, 311, 84, 362))],
}


def write_layout(root: Path, truth: Objects = TRUTH) -> Path:
    """A VOC2007 folder with these objects; returns it."""
    folder = root / "VOCdevkit" / "VOC2007"
    for name in ("Annotations", "ImageSets/Main", "JPEGImages"):
        (folder / name).mkdir(parents=True)
    for id, objects in truth.items():
        text = "".join(OBJECT.format(*box, name=name, difficult=difficult) for name, difficult, box in objects)
        (folder / "Annotations" / f"{id}.xml").write_text(XML.format(id=id, objects=text))
    (folder / "ImageSets" / "Main" / "test.txt").write_text("\n".join(reversed(truth)) + "\n")
    return folder


def as_json(truth: Objects = TRUTH) -> str:
    """The same truth in one file, by image."""
    return json.dumps(
        {id: [{"name": n, "difficult": d, "bbox": box} for n, d, box in objects] for id, objects in truth.items()}
    )


def as_coco(truth: Objects = TRUTH) -> str:
    """The same truth in COCO's format: corners from 0, width and height, categories in another order."""
    names = list(reversed(CATEGORIES))
    images = [{"id": 7 + i, "file_name": f"images/{id}.jpg"} for i, id in enumerate(truth)]
    annotations = [
        {
            "id": 101 + 10 * i + n, "image_id": 7 + i, "category_id": 3 * names.index(name), "ignore": difficult,
            "bbox": [x1 - 1, y1 - 1, x2 - x1 + 1, y2 - y1 + 1], "area": 1, "iscrowd": 0,
        }
        for i, objects in enumerate(truth.values()) for n, (name, difficult, (x1, y1, x2, y2)) in enumerate(objects)
    ]  # fmt: skip
    categories = [{"id": 3 * k, "name": name} for k, name in enumerate(names)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})
