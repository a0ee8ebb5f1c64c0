"""If these fail, a WIDER FACE score is not the official one, or its interval is another metric's."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wider_literal as literal
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns import Ragged, Table
from harness.task import DataRequest, Dataset, Predictions, Scoring, Statistics
from tasks.detection.widerface.metrics import THRESHOLDS, Marks, score_bins, score_range
from tasks.detection.widerface.resampling import replicates
from tasks.detection.widerface.task import BITS, WiderFace

GOLD = {"AP_easy": 0.9448373912694071, "AP_medium": 0.9244706568389409, "AP_hard": 0.8153250447873874}
SCORING = Scoring(protocol="widerface")

coordinates = st.integers(0, 12).map(float)
sizes = st.integers(0, 10).map(float)
halves = st.integers(0, 20).map(lambda value: value / 2)
scores = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.5005, 0.999, 1.0]), st.floats(-2, 2))
faces = st.tuples(coordinates, coordinates, st.integers(-2, 10).map(float), sizes)
detections = st.tuples(halves, halves, halves, halves)


@st.composite
def images(draw: st.DrawFn) -> literal.Image:
    """Few faces close together, so that overlaps are equal, faces are found twice and nothing is clear."""
    found = draw(st.lists(faces, max_size=4))
    # A detection often is one of the faces itself.
    boxes = draw(st.lists(st.one_of(detections, st.sampled_from(found)) if found else detections, max_size=6))
    boxes = [(x, y, abs(w), h) for x, y, w, h in boxes]
    numbers = st.frozensets(st.integers(0, len(found) - 1)) if found else st.just(frozenset[int]())
    return literal.Image(found, draw(st.tuples(numbers, numbers, numbers)), boxes, [draw(scores) for _ in boxes])


cases = st.lists(images(), min_size=1, max_size=4)


def as_dataset(case: list[literal.Image]) -> tuple[Dataset, Predictions]:
    ids = tuple(f"0--Event/{index}" for index in range(len(case)))

    def column(rows: list[object], shape: tuple[int, ...], dtype: str) -> Ragged:
        arrays = [np.array(row, dtype).reshape(-1, *shape) for row in rows]
        return Ragged(np.concatenate(arrays), np.cumsum([0, *map(len, arrays)], dtype=np.int64))

    counted = [[[n in chosen for chosen in image.counted] for n in range(len(image.faces))] for image in case]
    truth = {
        "boxes_xywh": column([image.faces for image in case], (4,), "f8"),
        "counted": column(list(counted), (3,), "?"),
    }
    answers = {
        "boxes_xywh": column([image.boxes for image in case], (4,), "f8"),
        "scores": column([image.scores for image in case], (), "f8"),
        "category_id": column([[1] * len(image.boxes) for image in case], (), "i8"),
    }
    facts = {"categories": ["face"], "category_ids": [1]}
    dataset = Dataset(split="val", ids=ids, truth=Table(ids, truth), load=None, facts=facts)
    return dataset, Predictions(table=Table(ids, answers))


def score(case: list[literal.Image]) -> Statistics:
    return WiderFace().score(*as_dataset(case), SCORING)


@given(cases)
@settings(max_examples=150)
def test_numbers_and_curves_are_those_of_the_description(case: list[literal.Image]) -> None:
    task, statistics = WiderFace(), score(case)
    found = task.aggregate(statistics, "widerface")
    curves = {curve.name: curve for curve in task.curves(statistics, "widerface")}
    for name, bit in BITS.items():
        precision, recall, total = literal.curve(case, bit)
        assert found[name] == (literal.average_precision(precision, recall) if total else None)
        defined = ~np.isnan(precision) & ~np.isnan(recall)
        curve = curves[name.removeprefix("AP_")]
        assert curve.y.tolist() == np.array(precision)[defined].tolist()
        assert curve.x.tolist() == np.array(recall)[defined].tolist()


@given(cases, st.data())
@settings(max_examples=80)
def test_a_resample_is_the_score_of_the_images_repeated(case: list[literal.Image], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 3), min_size=len(case), max_size=len(case)))
    rows = np.array([weights, [1] * len(case)], np.uint16)
    task, statistics = WiderFace(), score(case)
    found = task.replicates(statistics, "widerface", rows, list(BITS))
    whole = task.aggregate(statistics, "widerface")
    repeated = [image for image, times in zip(case, weights, strict=True) for _ in range(times)]
    for name, bit in BITS.items():
        # The range of the scores stays that of the whole set.
        precision, recall, total = literal.curve(repeated, bit, literal.score_range(case))
        expected = literal.average_precision(precision, recall) if total else np.nan
        assert np.array_equal(found[name], [expected, np.nan if whole[name] is None else whole[name]], equal_nan=True)


@given(st.lists(st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, 0.999, 0.001]), min_size=1))
def test_bins_are_the_first_thresholds_that_scores_reach(values: list[float]) -> None:
    low, high = score_range(np.array(values))
    bins = score_bins(np.array(values), low, high)
    for value, place in zip(values, bins.tolist(), strict=True):
        reached = [(value - low) / (high - low) >= threshold for threshold in THRESHOLDS] if high != low else [False]
        assert place == (reached.index(True) if any(reached) else 1000)


def test_thresholds_are_the_official_ones() -> None:
    assert THRESHOLDS.tolist() == [1 - t / 1000 for t in range(1, 1001)]


ONE = literal.Image([(0, 0, 10, 10)], (frozenset({0}),) * 3, [(0, 0, 10, 10)], [0.7])


@pytest.mark.parametrize(("height", "found"), [(4.0, 1.0), (3.0, 0.0)])
def test_half_an_overlap_is_enough_and_pixels_count_in_full(height: float, found: float) -> None:
    """10 x 10 pixels and 10 x 5 of them: exactly 0.5."""
    face, other = (0.0, 0.0, 9.0, 9.0), (0.0, 0.0, 9.0, height)
    case = literal.Image([face], (frozenset({0}),) * 3, [other, (90, 90, 1, 1)], [0.9, 0.1])
    assert WiderFace().aggregate(score([case]), "widerface") == dict.fromkeys(BITS, found)


def test_resamples_do_not_depend_on_how_many_there_are() -> None:
    stream = np.random.default_rng(5)
    marks = Marks(
        offsets=np.arange(0, 601, 20, dtype=np.int64),
        bin=stream.integers(0, 1001, 600).astype(np.uint16),
        proposal=np.full(600, 7, np.uint8),
        hit=np.where(stream.random(600) < 0.3, 7, 0).astype(np.uint8),
    )
    faces, weights = np.full((30, 3), 10), stream.integers(0, 4, (101, 30)).astype(np.uint16)
    whole = replicates(marks, faces, weights, BITS)
    single = [replicates(marks, faces, row[None], BITS)["AP_hard"][0] for row in weights]
    assert whole["AP_hard"].tolist() == single and len(set(single)) > 90


def test_counts_beyond_four_thousand_millions_are_exact() -> None:
    marks = Marks(
        offsets=np.array([0, 70_000], np.int64),
        bin=np.zeros(70_000, np.uint16),
        proposal=np.ones(70_000, np.uint8),
        hit=np.ones(70_000, np.uint8),
    )
    faces = np.array([[100_000, 0, 0]])
    found = replicates(marks, faces, np.array([[1], [65_535]], np.uint16), {"AP_easy": 0})["AP_easy"]
    assert found.tolist() == [0.7, 0.7]


def test_equal_scores_are_zero_divided_by_zero_and_say_so() -> None:
    statistics = score([ONE, ONE])
    assert WiderFace().aggregate(statistics, "widerface") == dict.fromkeys(BITS, 0.0)
    assert "divides 0 by 0" in statistics.warnings[0]
    assert not any(len(curve.x) for curve in WiderFace().curves(statistics, "widerface"))


def test_a_score_far_from_all_others_is_told() -> None:
    box, spread = (0.0, 0.0, 5.0, 5.0), np.linspace(0.1, 0.9, 30).tolist()
    for scores, told in (([*spread, 1e6], True), ([*spread, 1.0], False), ([0.5] * 30 + [1.0], False)):
        warnings = score([replace(ONE, boxes=[box] * len(scores), scores=scores)]).warnings
        assert bool(warnings) is told
        assert not told or "30 of 31 detections fall into one of the 1000 steps" in warnings[0]


def test_scores_of_zero_alone_are_divided_by_the_smallest_number_and_count() -> None:
    statistics = score([replace(ONE, scores=[0.0])])
    assert WiderFace().aggregate(statistics, "widerface") == dict.fromkeys(BITS, 1.0)
    assert not statistics.warnings


def test_scores_above_one_are_normalised_by_their_own_range() -> None:
    """A port that starts its search for the lowest score at 1 would give all of these the score 1."""
    miss = replace(ONE, boxes=[(50, 50, 5, 5)], scores=[40.0])
    statistics = score([replace(ONE, scores=[20.0]), miss])
    assert statistics.facts == {"lowest_score": 20.0, "highest_score": 40.0}
    assert statistics.table.ragged("bin").values.tolist() == [999, 0]


def test_nothing_detected_is_zero_and_nothing_to_detect_is_no_number() -> None:
    empty = score([replace(ONE, boxes=[], scores=[])])
    assert WiderFace().aggregate(empty, "widerface") == dict.fromkeys(BITS, 0.0)
    assert "no detections at all" in empty.warnings[0]
    nothing = score([replace(ONE, counted=(frozenset(), frozenset(), frozenset({0})))])
    values = WiderFace().aggregate(nothing, "widerface")
    assert values["AP_easy"] is None and values["AP_medium"] is None and values["AP_hard"] is not None
    assert "no face counts as easy" in WiderFace().undefined("AP_easy", nothing)


def test_detections_on_images_without_faces_are_no_false_positives() -> None:
    sure = literal.Image([], (frozenset(),) * 3, [(0, 0, 9, 9)] * 5, [0.99] * 5)
    low = replace(ONE, boxes=[*ONE.boxes, (40, 40, 4, 4)], scores=[0.7, 0.1])
    assert WiderFace().aggregate(score([low, sure]), "widerface") == dict.fromkeys(BITS, 1.0)


@pytest.fixture(scope="module")
def official(shared: Path) -> tuple[Dataset, Statistics]:
    task, folder = WiderFace(), shared / "data" / "widerface"
    dataset = task.open(DataRequest(data=folder, with_inputs=False))
    return dataset, task.score(dataset, task.read(folder / "predictions_ajmalrasi.zip", dataset), SCORING)


def test_the_official_numbers_and_curves_to_the_last_digit(official: tuple[Dataset, Statistics], shared: Path) -> None:
    dataset, statistics = official
    gold = json.loads((shared / "gold" / "detection.json").read_text())["widerface_val"]
    found = WiderFace().aggregate(statistics, "widerface")
    assert found == GOLD
    assert found == {f"AP_{key}": value for key, value in gold["submissions"]["ajmalrasi"]["AP"].items()}
    for curve in WiderFace().curves(statistics, "widerface"):
        expected = np.load(shared / "gold" / f"widerface_ajmalrasi_{curve.name}.npy")
        assert np.array_equal(np.stack([curve.y, curve.x], axis=1), expected)
    ones = np.ones((1, len(dataset.ids)), np.uint16)
    again = WiderFace().replicates(statistics, "widerface", ones, list(BITS))
    assert {name: values[0] for name, values in again.items()} == GOLD


def test_the_official_set_is_known_by_its_counts(official: tuple[Dataset, Statistics]) -> None:
    dataset, statistics = official
    assert not dataset.custom
    assert statistics.table.dense("faces").sum(axis=0).tolist() == [7211, 13319, 31958]
    (table,) = WiderFace().tables(statistics, "widerface")
    assert len(table.rows) == 61 and table.rows[2][0] == "2--Demonstration"
    assert sum(int(row[1] or 0) for row in table.rows) == 3226


def test_the_table_of_events_sums_up_and_worst_images_miss_most(official: tuple[Dataset, Statistics]) -> None:
    _, statistics = official
    (table,) = WiderFace().tables(statistics, "widerface")
    column = {name: [row[index] for row in table.rows] for index, name in enumerate(table.columns)}
    found = sum(r * n for r, n in zip(column["recall_hard"], column["faces_hard"], strict=True))
    missed = WiderFace().worst(statistics, "widerface")
    assert round(found) == 31958 - int(missed.sum())
    assert sum(column["detections"]) == 143889
    assert missed.min() == 0
