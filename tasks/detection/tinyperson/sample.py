"""The small data set that the project generates itself, in TinyPerson's official layout: 40 beaches."""

import json
from pathlib import Path
from typing import Any, Final

from tasks.detection.tinyperson.beach import HEIGHT, WIDTH, Region, generate

SEED: Final = 20200301
LABELLED, EMPTY = 36, 4
"""Images with annotations, and images of nothing but sea and sand."""


def write_sample(directory: Path) -> None:
    """Write `tiny_set/test/*/*.png` and `tiny_set/mini_annotations/tiny_set_test_all.json`, which comes last."""
    from PIL import Image

    root = directory / "tiny_set"
    document: dict[str, Any] = {
        "type": "instance",
        "images": [],
        "annotations": [],
        "categories": [{"id": 1, "name": "person", "supercategory": "none"}],
    }
    for index in range(LABELLED + EMPTY):
        empty = index >= LABELLED
        pixels, regions = generate(SEED, index, empty=empty)
        folder = "pure_bg_images" if empty else "labeled_images"
        name = f"{folder}/bb_V{1 + index // 4:04d}_I{40 * (index % 4):07d}.png"
        (root / "test" / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / "test" / name)
        document["images"].append({"id": index, "file_name": name, "height": HEIGHT, "width": WIDTH})
        for region in regions:
            document["annotations"].append(_annotation(region, index, len(document["annotations"]) + 1))
    (root / "mini_annotations").mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, sort_keys=True)
    (root / "mini_annotations" / "tiny_set_test_all.json").write_text(text, encoding="utf-8")


def _annotation(region: Region, image_id: int, annotation_id: int) -> dict[str, Any]:
    x, y, width, height = region.box
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "bbox": list(region.box),
        "area": width * height,
        "segmentation": [[x, y, x, y + height, x + width, y + height, x + width, y]],
        "iscrowd": 0,
        "ignore": region.ignore,
        "uncertain": region.uncertain,
        "logo": region.logo,
        "in_dense_image": False,
    }
