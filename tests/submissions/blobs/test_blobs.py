"""If these fail, the detector without weights misses blobs, misjudges their sizes, or does not run on the samples."""

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.task import Sample
from submissions.blobs.model import BlobDetector, Settings
from submissions.blobs.peaks import local_maxima, suppressed
from submissions.blobs.scale_space import WIDTH, levels

PLAIN: dict[str, Any] = {
    "channels": "colour", "aspect": 1.0, "smallest": 3.0, "largest": 200.0, "steps": 3, "overlap": 0.5, "most": 20,
}  # fmt: skip


def answer(image: np.ndarray[Any, Any], **options: Any) -> dict[str, Any]:
    detector = BlobDetector(Settings(**{**PLAIN, **options}), ["blob"])
    sample = Sample("one", {"image": image})
    return detector.finish(detector.forward([detector.prepare(sample)])[0], sample)


def disc(x: float, y: float, across: float, aspect: float = 1.0, colour: tuple[int, ...] = (200, 90, 60)) -> Any:
    rows, columns = np.mgrid[:150, :180] + 0.5
    inside = ((columns - x) / across) ** 2 + ((rows - y) / (across * aspect)) ** 2 <= 0.25
    return np.where(inside[:, :, None], colour, (50, 80, 90)).astype(np.uint8)


def iou(one: Any, other: Any) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.clip(high - low, 0, None)))
    return shared / (float(np.prod(one[2:] - one[:2])) + float(np.prod(other[2:] - other[:2])) - shared)


def share_of_smaller(one: Any, other: Any) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    return float(np.prod(np.clip(high - low, 0, None))) / min(float(np.prod(box[2:] - box[:2])) for box in (one, other))


@settings(max_examples=25)
@given(st.floats(60, 120), st.floats(60, 90), st.floats(6, 80), st.sampled_from([1.0, 1.35]))
def test_the_best_box_is_the_discs(x: float, y: float, across: float, aspect: float) -> None:
    found = answer(disc(x, y, across, aspect), aspect=aspect)
    expected = np.array([x - across / 2, y - across * aspect / 2, x + across / 2, y + across * aspect / 2])
    assert iou(found["boxes_xyxy"][0], expected) > 0.7
    assert (np.diff(found["scores"]) <= 0).all() and set(found["labels"].tolist()) == {0}


def test_the_width_is_where_the_contrast_in_the_middle_is_the_largest() -> None:
    across = 40.0
    image = disc(90, 75, across).astype(np.float64).transpose(2, 0, 1)[:1] / 255
    found = [
        (level.contrast[0][75 // level.cell, 90 // level.cell], level.sigma) for level in levels(image, 10, 140, 24, 1)
    ]
    assert math.isclose(max(found)[1], across / WIDTH, rel_tol=0.04)


@pytest.mark.parametrize(("colour", "seen"), [((200, 90, 60), True), ((20, 90, 200), False)])
def test_only_warm_centres_are_faces(colour: tuple[int, int, int], seen: bool) -> None:
    boxes = answer(disc(90, 75, 30, colour=colour), channels="warmth")["boxes_xyxy"]
    centre = np.array([75, 60, 105, 90])
    assert any(iou(box, centre) > 0.5 for box in boxes) == seen


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 200), (64, 64)])
def test_images_without_anything_have_no_answer(size: tuple[int, int]) -> None:
    found = answer(np.full((*size, 3), 77, np.uint8))
    # Rounding of the transform may leave contrasts of 1e-16.
    assert found["boxes_xyxy"].shape == (len(found["scores"]), 4) and (found["scores"] < 1e-12).all()


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4, st.integers(0, 5)), max_size=12), st.sampled_from([0.0, 0.3, 0.5]))
def test_suppression_is_greedy(rows: list[tuple[int, ...]], overlap: float) -> None:
    boxes = np.array([(x, y, x + w + 1, y + h + 1) for x, y, w, h, _ in rows], np.float64).reshape(-1, 4)
    scores = np.array([row[4] for row in rows], np.float64)
    kept: list[int] = []
    for index in sorted(range(len(rows)), key=lambda k: -scores[k]):
        if all(share_of_smaller(boxes[index], boxes[k]) <= overlap for k in kept):
            kept.append(index)
    assert suppressed(boxes, scores, overlap, 100).tolist() == kept
    assert suppressed(boxes, scores, overlap, 2).tolist() == kept[:2]


def test_a_plateau_of_equal_cells_is_a_maximum_in_each() -> None:
    rows, columns = local_maxima(np.array([[0.0, 2, 2], [0, 1, 1], [3, 1, 0]]))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (0, 2), (2, 0)]


@pytest.mark.parametrize(
    "wrong", [{"channels": "grey"}, {"steps": 0}, {"smallest": 0.0}, {"overlap": 2.0}, {"most": 0}]
)
def test_options_with_which_nothing_can_be_sought(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="blobs"):
        Settings(**{**PLAIN, **wrong})


def test_it_needs_no_torch() -> None:
    code = "import submissions.blobs.model, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("task", "variant", "metric", "least"),
    [
        ("fddb", "face", "TPR_disc_1000", 0.9),
        ("widerface", "face", "AP_hard", 0.4),
        pytest.param("tinyperson", "person", "AP25_tiny", 0.5, marks=pytest.mark.slow),
    ],
)
def test_it_finds_a_good_part_of_the_samples(
    cli: Callable[..., Any], task: str, variant: str, metric: str, least: float
) -> None:
    options = ("--data", "sample", "--no-measure", "--no-interval", "--json")
    record = cli("eval", "--task", task, "--submission", "blobs", *options).json()
    assert record["submission"]["variant"] == variant
    assert {found["name"]: found["value"] for found in record["metrics"]}[metric] > least
