"""Cutting of images and annotations into pieces, and merging of what was found on them."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.errors import DataError, PredictionError, UsageError
from harness.task import DataRequest
from tasks.detection.coco.formats import Results
from tasks.detection.tinyperson.cutting import corners, cut_annotations, cut_image, parse_size
from tasks.detection.tinyperson.formats import SubImages
from tasks.detection.tinyperson.merging import merge, merge_results
from tasks.detection.tinyperson.task import TinyPerson


def official_corners(whole: tuple[int, int], size: tuple[int, int], overlap: int) -> list[list[int]]:
    """Strides, counts and clipping as the authors write them."""
    stride = [size[0] - overlap, size[1] - overlap]
    counts = [int(np.ceil((w - overlap) / (s - overlap))) for w, s in zip(whole, size, strict=True)]
    found = []
    for y in range(counts[1]):
        for x in range(counts[0]):
            box = [x * stride[0], y * stride[1], (x + 1) * stride[0] + overlap, (y + 1) * stride[1] + overlap]
            found.append([min(max(v, 0), whole[i % 2]) for i, v in enumerate(box)])
    return found


@given(st.tuples(st.integers(101, 3000), st.integers(101, 3000)), st.sampled_from([(640, 512), (300, 200), (101, 700)]))
def test_pieces_lie_where_the_authors_put_them(whole: tuple[int, int], size: tuple[int, int]) -> None:
    assert corners(whole, size, 100).tolist() == official_corners(whole, size, 100)


def test_a_full_hd_image_gives_four_columns_and_three_rows() -> None:
    found = corners((1920, 1080))
    assert len(found) == 12
    assert found[0].tolist() == [0, 0, 640, 512]
    assert found[-1].tolist() == [1620, 824, 1920, 1080]


def test_an_image_no_larger_than_the_overlap_is_one_piece() -> None:
    assert corners((90, 60)).tolist() == [[0, 0, 90, 60]]


@pytest.mark.parametrize("text", ["640", "0x5", "axb", "-1x5", ""])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="WIDTHxHEIGHT"):
        parse_size(text)


def test_pieces_no_larger_than_their_overlap_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot overlap"):
        corners((1000, 1000), (100, 512), 100)


def document(boxes: list[list[float]]) -> dict[str, Any]:
    return {
        "images": [{"id": 5, "file_name": "a.jpg", "width": 1000, "height": 600}],
        "annotations": [
            {"id": 10 + i, "image_id": 5, "bbox": box, "area": box[2] * box[3], "category_id": 1}
            for i, box in enumerate(boxes)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }


def test_annotations_are_kept_where_enough_of_them_is_left() -> None:
    # The first piece ends at x = 640. Of the side, the square root of the area, 0.7 is left where 0.49 of the width is:
    # of the boxes 0.498, 0.48 and 0.49 are.
    found = cut_annotations(document([[590.2, 10, 100, 50], [592, 100, 100, 50], [591, 200, 100, 50]]))
    first = [annotation for annotation in found["annotations"] if annotation["image_id"] == 0]
    assert [annotation["bbox"][1] for annotation in first] == [10, 200]
    kept = first[1]
    assert kept["bbox"] == [591.0, 200.0, 49.0, 50.0]
    assert kept["area"] == 49 * 50
    assert kept["size"] == 2450**0.5
    assert found["old_images"] == document([])["images"]
    assert [image["id"] for image in found["images"]] == list(range(len(found["images"])))
    assert [annotation["id"] for annotation in found["annotations"]] == list(range(len(found["annotations"])))
    second = next(image for image in found["images"] if image["corner"][0] == 540 and image["corner"][1] == 0)
    assert second == {"id": 1, "file_name": "a.jpg", "width": 460, "height": 512, "corner": [540, 0, 1000, 512]}


def test_pieces_of_pixels_are_those_of_the_corners() -> None:
    image = np.arange(700 * 900 * 3, dtype=np.uint32).reshape(700, 900, 3).astype(np.uint8)
    pieces = list(cut_image(image))
    assert [corner for _, corner in pieces] == [tuple(box[:2]) for box in corners((900, 700)).tolist()]
    for piece, (x, y) in pieces:
        np.testing.assert_array_equal(piece, image[y : y + 512, x : x + 640])


def test_what_is_found_on_pieces_comes_together_on_the_image() -> None:
    boxes = [[10.0, 20.0, 30.0, 40.0], [560.0, 30.0, 20.0, 20.0], [700.0, 420.0, 50.0, 60.0]]
    found = cut_annotations(document(boxes))
    annotations = found["annotations"]
    assert len(annotations) > len(boxes)
    results = Results(
        image_ids=np.array([a["image_id"] for a in annotations]),
        category_ids=np.ones(len(annotations), np.int64),
        boxes_xywh=np.array([a["bbox"] for a in annotations]),
        scores=np.linspace(0.9, 0.5, len(annotations)),
    )
    pieces = SubImages(
        ids=np.array([image["id"] for image in found["images"]]),
        file_names=tuple(image["file_name"] for image in found["images"]),
        corners=np.array([image["corner"][:2] for image in found["images"]], np.float64),
    )
    merged = merge_results(results, Path("r.json"), pieces, {"a.jpg": 5}, 0.5)
    assert merged.image_ids.tolist() == [5] * 3
    assert sorted(merged.boxes_xywh.tolist()) == boxes
    with pytest.raises(PredictionError, match=r"cut from a\.jpg, which is not in the data set"):
        merge_results(results, Path("r.json"), pieces, {"b.jpg": 5}, 0.5)
    results.image_ids[2] = 77
    with pytest.raises(PredictionError, match="entry 2, image_id: 77 is none of the sub-images"):
        merge_results(results, Path("r.json"), pieces, {"a.jpg": 5}, 0.5)


def suppressed(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> list[int]:
    """The authors' CPU code, box by box, in single precision."""
    one, corners_ = np.float32(1), boxes.astype(np.float32)
    area = (corners_[:, 2] - corners_[:, 0] + one) * (corners_[:, 3] - corners_[:, 1] + one)
    order = sorted(range(len(boxes)), key=lambda i: -np.float32(scores[i]))
    out = [False] * len(boxes)
    for position, i in enumerate(order):
        if out[i]:
            continue
        for j in order[position + 1 :]:
            a, b = corners_[i], corners_[j]
            width = max(np.float32(0), min(a[2], b[2]) - max(a[0], b[0]) + one)
            height = max(np.float32(0), min(a[3], b[3]) - max(a[1], b[1]) + one)
            both = width * height
            if both / (area[i] + area[j] - both) >= np.float32(threshold):
                out[j] = True
    return [i for i in range(len(boxes)) if not out[i]]


_edges = st.integers(0, 12).map(lambda v: v / 3)
_found = st.lists(st.tuples(_edges, _edges, _edges, _edges, st.sampled_from([0.1, 0.5, 0.5 + 1e-12, 0.9])), max_size=12)


@given(st.lists(_found, min_size=1, max_size=3), st.sampled_from([0.3, 0.5, 1.0]))
def test_suppression_follows_the_authors_code(images: list[Any], threshold: float) -> None:
    rows = np.array([row for image in images for row in image], np.float64).reshape(-1, 5)
    boxes, scores = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1), rows[:, 4]
    starts = np.concatenate([[0], np.cumsum([len(image) for image in images])]).astype(np.int64)
    merged, left = merge(boxes, scores, starts, threshold)
    expected: list[int] = []
    for begin, end in pairwise(starts.tolist()):
        expected += [begin + i for i in suppressed(boxes[begin:end], scores[begin:end], threshold)]
    assert left.tolist() == expected
    single = boxes.astype(np.float32)[left]
    sizes = np.concatenate([single[:, :2], single[:, 2:] - single[:, :2]], axis=1)
    np.testing.assert_array_equal(merged, sizes.astype(np.float64))


def test_a_box_beyond_single_precision_is_named() -> None:
    pieces = SubImages(ids=np.array([3]), file_names=("a.jpg",), corners=np.zeros((1, 2)))
    boxes = np.array([[0, 0, 1, 1], [1e39, 0, 1, 1]], np.float64)
    results = Results(image_ids=np.array([3, 3]), category_ids=np.array([1, 1]), boxes_xywh=boxes, scores=np.ones(2))
    with pytest.raises(PredictionError, match="entry 1, bbox"):
        merge_results(results, Path("r.json"), pieces, {"a.jpg": 7}, 0.5)


def two_images(corner: list[int], second: str) -> str:
    image: dict[str, Any] = {"id": 1, "file_name": "a.png", "corner": corner}
    images = [image, {"id": 2, "file_name": second}]
    return json.dumps({"images": images, "annotations": [], "categories": [{"id": 1, "name": "person"}]})


@pytest.mark.parametrize("corner", [[50, 50, 60, 60], [4, 0, 12, 8]])
def test_a_piece_that_reaches_beyond_its_file_is_named(tmp_path: Path, corner: list[int]) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.json").write_text(two_images(corner, "a.png"))
    dataset = TinyPerson().open(DataRequest(annotations=tmp_path / "a.json", images=tmp_path))
    with pytest.raises(DataError, match=r"image 1: its corner .* reaches beyond its file of 8 x 8 pixels"):
        dataset.sample(0)


def test_results_for_pieces_are_not_merged_on_images_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(two_images([0, 0, 8, 8], "a.png"))
    settings = {"sub_images": str(tmp_path / "a.json"), "merge_iou": 0.5}
    with pytest.raises(DataError, match="some images of the annotations share one"):
        TinyPerson().open(DataRequest(annotations=tmp_path / "a.json", with_inputs=False, settings=settings))
