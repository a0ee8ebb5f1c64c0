"""If these fail, a mask AP is no longer pycocotools' mask AP, or a malformed mask reaches code that reads out of bounds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from coco_cases import random_case
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as official

from harness.columns import Ragged
from harness.rle import from_pixels, measure, pack, unsound
from tasks.detection.coco import reference
from tasks.detection.coco.masks import Masks, Side, mask_ious
from tasks.detection.coco.metrics import Detections, Parameters, Truth, accumulate, aggregate, match
from tasks.detection.coco.resampling import replicates

COCO = Parameters()


def masked(seed: int, n_categories: int = 3, **size: int) -> tuple[Truth, Detections]:
    """Random data whose masks are blots on small images: many equal IoUs, empty masks, masks of the whole image."""
    truth, detections = random_case(seed, n_categories=n_categories, **size)
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 13, (len(truth.offsets) - 1, 2))
    blots = [blot(rng, *pair) for pair in np.repeat(sizes, np.diff(truth.offsets), axis=0)]
    found = []
    for image, pair in enumerate(sizes):
        here = blots[truth.offsets[image] : truth.offsets[image + 1]]
        for _ in range(detections.offsets[image + 1] - detections.offsets[image]):
            near = here and rng.random() < 0.7
            found.append(np.roll(here[rng.integers(len(here))], rng.integers(0, 2)) if near else blot(rng, *pair))
    area = np.array([one.sum() for one in found], np.float64) * rng.choice([1, 1, 300, 2000], len(found))
    return replace(truth, masks=masks(blots, sizes)), replace(detections, masks=masks(found, sizes), area=area)


def blot(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    kind = rng.integers(0, 5)
    if kind < 2:
        return np.full((height, width), bool(kind))
    if kind == 2:
        return rng.random((height, width)) < rng.random()
    top, left = rng.integers(0, height), rng.integers(0, width)
    pixels = np.zeros((height, width), bool)
    pixels[top : top + rng.integers(1, 8), left : left + rng.integers(1, 8)] = True
    return pixels


def masks(pixels: list[np.ndarray], sizes: np.ndarray) -> Masks:
    packed = pack([code for one in pixels for code in from_pixels(one[None])])
    return Masks(starts=packed.offsets, codes=packed.values, sizes=sizes.astype(np.int64))


def one(masks_of: Masks) -> Ragged:
    return Ragged(masks_of.codes, masks_of.starts)


@settings(max_examples=150)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 3), st.integers(2, 20))
def test_every_cell_equals_pycocotools(seed: int, n_images: int, n_categories: int, most: int) -> None:
    truth, detections = masked(seed, n_categories=n_categories, n_images=n_images, most=most)
    evaluated = reference.evaluate(truth, detections, n_categories, COCO).eval
    precision, recall = accumulate(match(truth, detections, COCO), n_categories, COCO)
    assert np.array_equal(precision, evaluated["precision"]) and np.array_equal(recall, evaluated["recall"])
    ours = aggregate(match(truth, detections, COCO), n_categories, COCO)
    assert ours == reference.aggregate(truth, detections, n_categories, COCO)
    ones = replicates(match(truth, detections, COCO), n_categories, COCO, np.ones((1, n_images), np.uint16))
    assert {name: None if np.isnan(values[0]) else values[0] for name, values in ones.items()} == ours


@settings(max_examples=150)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 14), st.booleans())
def test_areas_boxes_and_ious_equal_pycocotools(seed: int, height: int, width: int, crowd: bool) -> None:
    rng = np.random.default_rng(seed)
    pixels = np.stack([blot(rng, height, width) for _ in range(6)])
    packed, size = pack(from_pixels(pixels)), np.tile([height, width], (6, 1))
    area, boxes, bad = measure(packed, size)
    codes = [{"size": [height, width], "counts": packed.row(index).tobytes()} for index in range(6)]
    assert bad == 6
    assert area.tolist() == official.area(codes).tolist() and boxes.tolist() == official.toBbox(codes).tolist()
    whole = Masks(starts=packed.offsets, codes=packed.values, sizes=size[:1])
    category = rng.integers(0, 2, 6).astype(np.int32)
    side = Side(np.array([0, 6]), category, np.arange(6), whole)
    found = mask_ious(side, side, np.full(6, crowd), same_category=False)
    assert found.tolist() == official.iou(codes, codes, [crowd] * 6).ravel().tolist()


@settings(max_examples=400)
@given(st.binary(max_size=12), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_a_code_is_accepted_only_if_its_runs_fill_the_image(code: bytes, height: int, width: int, near: bool) -> None:
    """pycocotools itself would read and write out of bounds on the others."""
    code = bytes(48 + byte % (8 if near else 64) for byte in code) if near else code
    runs = literal_runs(code)
    sound = runs is not None and min(runs, default=0) >= 0 and sum(runs) == height * width
    area, _, bad = measure(pack([code]), np.array([[height, width]]))
    assert (bad == 1) == sound
    if sound:
        assert runs is not None and area[0] == sum(runs[1::2])
    else:
        assert unsound(code, height, width).startswith("its ")


def literal_runs(code: bytes) -> list[int] | None:
    """The runs of a code, from the format's description; None where there is no reading."""
    runs: list[int] = []
    groups: list[int] = []
    for byte in code:
        if not 48 <= byte <= 111:
            return None
        groups.append(byte - 48)
        if groups[-1] & 32:
            continue
        if len(groups) > 6:
            return None
        value = sum((group & 31) << 5 * place for place, group in enumerate(groups))
        value -= (1 << 5 * len(groups)) if groups[-1] & 16 else 0
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        groups = []
    return None if groups else runs


@pytest.mark.parametrize("length", [1, 7, 300])
def test_long_runs_and_many_runs(length: int) -> None:
    """Runs of several characters: a stripe every second column of a large image."""
    pixels = np.zeros((1, length * 100, 24), bool)
    pixels[:, :, ::2] = True
    pixels[:, length:, 4] = False
    packed = pack(from_pixels(pixels))
    area, boxes, bad = measure(packed, np.array([[length * 100, 24]]))
    assert (bad, area[0], boxes[0].tolist()) == (1, pixels.sum(), [0, 0, 23, length * 100])


def test_no_masks_at_all() -> None:
    assert from_pixels(np.zeros((0, 4, 5), bool)) == []
    empty: Any = pack([])
    assert measure(empty, np.empty((0, 2), np.int64))[2] == 0


def test_mask_ious_follow_the_groups_of_the_boxes_matching() -> None:
    truth, detections = masked(11, n_images=5, most=30)
    assert truth.masks is not None and detections.masks is not None
    pairs = sum(
        np.count_nonzero(truth.category[slice(*truth.offsets[i : i + 2])] == category)
        for i in range(5)
        for category in detections.category[slice(*detections.offsets[i : i + 2])]
    )
    rows = [
        np.lexsort((np.arange(len(s.category)), s.category, np.repeat(np.arange(5), np.diff(s.offsets))))
        for s in (truth, detections)
    ]
    sides = [
        Side(s.offsets, s.category[order], order, s.masks) for s, order in zip((truth, detections), rows, strict=True)
    ]
    assert len(mask_ious(sides[1], sides[0], truth.crowd[rows[0]])) == pairs
