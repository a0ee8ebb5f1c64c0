"""If these fail, two machines no longer speak of the same sample, or the sample is no valid COCO data set."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.detection.coco.sample import write_sample
from tasks.detection.scenes import SAMPLE_COUNT, SAMPLE_SEED, generate
from tasks.detection.shapes import fill, shoelace_area

PIXELS_SHA256 = "9feed3d52c1a796b49b1b5e2db8f0722e70f78786148347bacc7c5ba11786df4"
ANNOTATIONS_SHA256 = "936fdcf00ca2806e68c9ee71891dc5c480e06e3b36c1ebdfc68f3aa96f575221"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("coco_sample")
    write_sample(directory)
    return directory


@pytest.fixture(scope="module")
def document(sample: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((sample / "annotations" / "instances_val2017.json").read_text())
    return loaded


def test_pixels_are_the_same_everywhere(sample: Path, document: dict[str, Any]) -> None:
    digest = hashlib.sha256()
    for image in document["images"]:
        pixels = np.asarray(Image.open(sample / "val2017" / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3)
        digest.update(f"{image['file_name']} {pixels.shape}".encode())
        digest.update(pixels.tobytes())
    assert digest.hexdigest() == PIXELS_SHA256


def test_annotations_are_the_same_everywhere(sample: Path) -> None:
    text = (sample / "annotations" / "instances_val2017.json").read_bytes()
    assert hashlib.sha256(text).hexdigest() == ANNOTATIONS_SHA256


def test_every_area_range_and_a_crowd_occur(document: dict[str, Any]) -> None:
    areas = [item["area"] for item in document["annotations"] if not item["iscrowd"]]
    small = sum(area < 1024 for area in areas)
    large = sum(area > 9216 for area in areas)
    assert len(document["images"]) == SAMPLE_COUNT
    assert min(small, large, len(areas) - small - large) >= 10
    assert sum(item["iscrowd"] for item in document["annotations"]) >= 3
    assert min(item["id"] for item in document["annotations"]) == 1


def test_boxes_lie_inside_their_images_and_hold_their_areas(document: dict[str, Any]) -> None:
    sizes = {image["id"]: (image["width"], image["height"]) for image in document["images"]}
    for item in document["annotations"]:
        left, top, width, height = item["bbox"]
        image_width, image_height = sizes[item["image_id"]]
        assert left >= 0 and top >= 0 and left + width <= image_width and top + height <= image_height
        assert 0 < item["area"] <= width * height


def test_polygons_and_run_lengths_agree_with_areas(sample: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco").COCO(str(sample / "annotations" / "instances_val2017.json"))
    for item in coco.loadAnns(coco.getAnnIds()):
        pixels = int(coco.annToMask(item).sum())
        if item["iscrowd"]:
            assert pixels == item["area"]
        else:
            assert abs(pixels - item["area"]) <= 2.0 * (item["bbox"][2] + item["bbox"][3])


def test_an_image_depends_on_its_seed_and_number_alone() -> None:
    first = list(generate(SAMPLE_SEED, 2))
    longer = list(generate(SAMPLE_SEED, 5))
    other = list(generate(SAMPLE_SEED + 1, 2))
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(first, longer[:2], strict=True))
    assert first[0][0].shape != other[0][0].shape or not np.array_equal(first[0][0], other[0][0])


def test_training_images_can_be_had_without_crowds() -> None:
    assert all(item.crowd_mask is None for _, objects in generate(3, 40, crowds=False) for item in objects)
    assert any(item.crowd_mask is not None for _, objects in generate(3, 40) for item in objects)


def test_fill_takes_pixels_by_their_centres() -> None:
    outline = np.array([[2, 2], [11, 2], [11, 7], [2, 7]], dtype=np.int64)  # quarter pixels: x 0.5-2.75, y 0.5-1.75
    expected = np.zeros((3, 4), dtype=np.bool_)
    expected[1, 1:3] = True
    inside = fill(outline, 3, 4)
    assert inside[1, 1] and inside[1, 2] and not inside[2].any() and not inside[:, 3].any()
    assert shoelace_area(outline) == 2.25 * 1.25
