"""If these fail, boxes without a centre stay or boxes with one go: what the paper is about."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from submissions.centernet.decode import REJECTED, DecodeSettings, at_cells, decode, keep_peaks  # noqa: E402
from submissions.centernet.network import Maps  # noqa: E402
from submissions.centernet.preprocess import Geometry  # noqa: E402
from submissions.centernet.triplets import central_region, keep_triplets, to_image  # noqa: E402

F = np.float32


def literal_triplets(pairs: np.ndarray, centres: np.ndarray) -> list[list[float]]:
    """Box by box and centre by centre; large boxes first, then by score."""
    kept: list[list[float]] = []
    for wanted_large in (True, False):
        for pair in pairs:
            left, top, right, bottom, score = pair[:5]
            large = (right - left) * (bottom - top) > 150 * 150
            if score == REJECTED or large != wanted_large:
                continue
            near, far, parts = (F(3), F(2), F(5)) if large else (F(2), F(1), F(3))
            for x, y, label, centre_score in centres:
                inside_x = (near * left + far * right) / parts < x < (far * left + near * right) / parts
                inside_y = (near * top + far * bottom) / parts < y < (far * top + near * bottom) / parts
                if label == pair[7] and inside_x and inside_y:
                    kept.append([*pair[:4], (score * F(2) + centre_score) / F(3), *pair[5:]])
                    break
    return sorted(kept, key=lambda row: -row[4])


@given(seed=st.integers(0, 100_000), scale=st.sampled_from([40, 150, 400]))
@settings(max_examples=60, deadline=None)
def test_triplets_are_exactly_the_literal_ones(seed: int, scale: int) -> None:
    random = np.random.default_rng(seed)
    corner = random.integers(0, scale, (30, 2))
    pairs = np.concatenate(
        [corner, corner + random.integers(1, scale, (30, 2)), random.random((30, 3)), random.integers(0, 2, (30, 1))], 1
    ).astype(np.float32)
    pairs[random.random(30) < 0.2, 4] = REJECTED
    centres = np.concatenate(
        [random.integers(0, 2 * scale, (40, 2)), random.integers(0, 2, (40, 1)), random.random((40, 1))], 1
    ).astype(np.float32)
    found = keep_triplets(pairs, centres)
    assert found.tolist() == [[float(v) for v in row] for row in literal_triplets(pairs, centres)]


@pytest.mark.parametrize(("side", "low", "high"), [(150.0, 50.0, 100.0), (150.5, 60.2, 90.3)])
def test_the_central_region_narrows_above_150_by_150(side: float, low: float, high: float) -> None:
    pairs = np.array([[0, 0, side, side, 0.5, 0.5, 0.5, 0]], dtype=np.float32)
    for offset, stays in ((low - 0.1, False), (low + 0.1, True), (high - 0.1, True), (high + 0.1, False)):
        centre = np.array([[offset, side / 2, 0, 0.8]], dtype=np.float32)
        found = keep_triplets(pairs, centre)
        assert len(found) == int(stays)
        if stays:
            assert found[0, 4] == (F(0.5) * 2 + F(0.8)) / 3


def test_a_centre_of_another_class_does_not_count() -> None:
    pairs = np.array([[0, 0, 30, 30, 0.5, 0.5, 0.5, 1]], dtype=np.float32)
    assert len(keep_triplets(pairs, np.array([[15, 15, 0, 0.9]], dtype=np.float32))) == 0
    assert len(keep_triplets(pairs, np.empty((0, 4), dtype=np.float32))) == 0


def test_central_region_of_a_box() -> None:
    low, high = central_region(np.array([[0, 30, 90, 60]], dtype=np.float32), 3)
    assert low.tolist() == [[30, 40]] and high.tolist() == [[60, 50]]


def test_cells_come_back_to_pixels_and_mirrored_boxes_to_their_place() -> None:
    geometry = Geometry(100, 90, 1.0, 128)
    ratio, (top, left) = F(32 / 127), geometry.border
    box = [10.0, 20.0, 40.0, 60.0]
    cells = [(box[0] + left) * ratio, (box[1] + top) * ratio, (box[2] + left) * ratio, (box[3] + top) * ratio]
    mirrored = [32 - cells[2], cells[1], 32 - cells[0], cells[3]]
    nothing = np.empty((0, 4), dtype=np.float32)
    for corners, flag in ((cells, False), (mirrored, True)):
        pairs, _ = to_image(
            np.array([[*corners, 0.5, 0.5, 0.5, 0]], dtype=np.float32), nothing, geometry, mirrored=flag
        )
        np.testing.assert_allclose(pairs[0, :4], box, atol=1e-4)
        assert pairs[0, 4] == F(0.5)


def test_boxes_that_leave_the_image_by_five_pixels_are_rejected_and_others_clipped() -> None:
    geometry = Geometry(100, 100, 1.0, 128)
    ratio, (top, left) = F(32 / 127), geometry.border
    rows = np.array([[-4, 5, 50, 50], [-6, 5, 50, 50], [5, 5, 104, 50], [5, 5, 50, 106]], dtype=np.float32)
    cells = (rows + np.array([left, top, left, top])) * ratio
    pairs = np.concatenate([cells, np.full((4, 4), 0.5)], axis=1).astype(np.float32)
    found, _ = to_image(pairs, np.empty((0, 4), dtype=np.float32), geometry, mirrored=False)
    assert (found[:, 4] == REJECTED).tolist() == [False, True, False, True]
    assert found[0, 0] == 0 and found[2, 2] == 100


def literal_decode(maps: Maps, top_k: int, distance: float) -> set[tuple[float, ...]]:
    """All acceptable pairs of the top_k corners of one image, by loops over cells."""
    points = []
    for heat, tag, offset in (
        (maps.top_left_heat, maps.top_left_tag, maps.top_left_offset),
        (maps.bottom_right_heat, maps.bottom_right_tag, maps.bottom_right_offset),
    ):
        scores = torch.sigmoid(heat)[0]
        classes, height, width = scores.shape
        found = []
        for c in range(classes):
            for y in range(height):
                for x in range(width):
                    around = scores[c, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
                    if scores[c, y, x] == around.max():
                        shift = offset[0, :, y, x]
                        place = (x + shift[0]).item(), (y + shift[1]).item()
                        found.append((scores[c, y, x].item(), c, *place, tag[0, 0, y, x].item()))
        points.append(sorted(found, reverse=True)[:top_k])
    return {
        (round(ax, 4), round(ay, 4), round(bx, 4), round(by, 4), round((a + b) / 2, 5), ac)
        for a, ac, ax, ay, at in points[0]
        for b, bc, bx, by, bt in points[1]
        if ac == bc and abs(at - bt) <= distance and bx >= ax and by >= ay
    }


@pytest.mark.parametrize("seed", range(8))
def test_decoding_finds_the_pairs_that_loops_find(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    channels = (2, 2, 2, 1, 1, 2, 2, 2)
    maps = Maps(*(torch.randn(1, c, 7, 9, generator=random) for c in channels))
    found = decode(maps, DecodeSettings(top_k=12, most_pairs=144))
    pairs = found.pairs[0][found.pairs[0, :, 4] > REJECTED]
    rounded = {(*(round(v, 4) for v in row[:4]), round(row[4], 5), int(row[7])) for row in pairs.tolist()}
    assert rounded == literal_decode(maps, 12, 0.5)
    assert (found.pairs[0, :-1, 4] >= found.pairs[0, 1:, 4]).all()
    assert (found.centres[0, :-1, 3] >= found.centres[0, 1:, 3]).all()


def test_only_peaks_stay_and_equal_neighbours_both() -> None:
    heat = torch.tensor([[[[1.0, 2.0, 2.0], [0.0, 1.0, 0.5], [3.0, 0.0, 0.0]]]])
    assert keep_peaks(heat, 3).tolist() == [[[[0, 2, 2], [0, 0, 0], [3, 0, 0]]]]


def test_values_are_taken_at_cells() -> None:
    maps = torch.arange(24.0).reshape(1, 2, 3, 4)
    assert at_cells(maps, torch.tensor([[5, 0]])).tolist() == [[[5, 17], [0, 12]]]
