"""TinyPerson's numbers against its evaluators' rules word for word, and against their own numbers on real data."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tinyperson_cases as cases
import tinyperson_literal as rules
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.task import DataRequest, Dataset, Predictions, Scoring, Statistics
from tasks.detection.coco.metrics import aggregate
from tasks.detection.coco.resampling import replicates as precision_replicates
from tasks.detection.tinyperson.data import to_detections, to_truth
from tasks.detection.tinyperson.declaration import MISS_RATES
from tasks.detection.tinyperson.metrics import match, parameters
from tasks.detection.tinyperson.miss_rate import SETUPS, fppi_points, log_average, recalls, replicates
from tasks.detection.tinyperson.task import TinyPerson

VARIANTS = {"tinybenchmark-200": "tinybenchmark_maxDets200", "tov-1000": "tov_mmdet_maxDets1000"}


@pytest.fixture(scope="module")
def task() -> TinyPerson:
    return TinyPerson()


@pytest.fixture(scope="module")
def real(task: TinyPerson, shared: Path) -> tuple[Dataset, Predictions]:
    """A real detector's faces on 404 images of WIDER FACE, in TinyPerson's form."""
    archive = shared / "data" / "tinyperson" / "wider_every8_as_coco.zip"
    dataset = task.open(DataRequest(annotations=archive, with_inputs=False))
    return dataset, task.read(archive, dataset)


@pytest.fixture(scope="module")
def gold(shared: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "gold" / "detection.json").read_text())
    found: dict[str, Any] = document["tinyperson_protocol_on_wider_every8"]
    return found


@pytest.fixture(scope="module")
def statistics(task: TinyPerson, real: tuple[Dataset, Predictions]) -> Statistics:
    return task.score(*real, Scoring(protocol="tinybenchmark-200"))


@pytest.mark.parametrize("protocol", VARIANTS)
def test_the_42_official_numbers(
    task: TinyPerson, statistics: Statistics, gold: dict[str, Any], protocol: str
) -> None:  # fmt: skip
    values = dict(task.aggregate(statistics, protocol))
    official = gold["AP"][VARIANTS[protocol]]["stats"]
    assert {name: values.pop(name) for name in list(values)[:42]} == {
        name.replace("@0.", ""): value for name, value in official.items()
    }
    assert len(values) == 18


def test_the_42_official_numbers_without_iod(real: tuple[Dataset, Predictions], gold: dict[str, Any]) -> None:
    ids = np.array(real[0].facts["category_ids"], np.int64)
    outcomes = match(to_truth(real[0].truth, ids), to_detections(real[1].table, real[0]), use_iod=False)
    found = list(aggregate(outcomes.precision, 1, parameters(200)).values())
    assert found == gold["AP"]["maxDets200_without_iod"]["stats_in_order"]


@pytest.mark.parametrize("protocol", VARIANTS)
def test_the_official_miss_rates_to_the_last_digit(
    task: TinyPerson, statistics: Statistics, gold: dict[str, Any], protocol: str
) -> None:
    values = task.aggregate(statistics, protocol)
    rows = gold["MR"]["rows"]
    assert len(rows) == 18
    for row in rows:
        assert values[f"MR{round(100 * row['iou'])}_{row['setup'].lower()}"] == row["MR"]
    table = {(row[0], row[1]): list(row[3:]) for row in task.tables(statistics, protocol)[1].rows}
    assert table == {(row["setup"].lower(), row["iou"]): row["miss_at_fppi"] for row in rows}


@settings(max_examples=80)
@given(cases.images(), st.sampled_from([1, 3, 200]), st.booleans())
def test_average_precision_follows_the_rules_word_for_word(found: list[cases.Image], limit: int, use_iod: bool) -> None:
    outcomes = match(*cases.columns(found), use_iod=use_iod)
    assert aggregate(outcomes.precision, len(cases.CATEGORIES), parameters(limit)) == rules.average_precision(
        found, cases.CATEGORIES, limit, use_iod
    )


@settings(max_examples=80)
@given(cases.images(most=3))
def test_miss_rates_follow_the_rules_word_for_word(found: list[cases.Image]) -> None:
    outcomes = match(*cases.columns(found))
    ones = np.ones((1, len(found)), np.uint16)
    official = rules.misses(found, cases.CATEGORIES, fppi_points().tolist())
    rates = replicates(outcomes, len(cases.CATEGORIES), MISS_RATES, ones)
    for setup, names in enumerate(MISS_RATES):
        recall = recalls(outcomes, setup, len(cases.CATEGORIES), len(names), ones)[0]
        for t, name in enumerate(names):
            there = [row for row in recall[t].T.tolist() if row[0] > -1]
            assert there == official[name]
            missed = 1 - np.array(there)
            with np.errstate(divide="ignore"):
                expected = np.exp(np.mean(np.log(missed))) if there else np.nan
            np.testing.assert_allclose(rates[name][0], expected, rtol=1e-14)


@settings(max_examples=40)
@given(cases.images(), st.data())
def test_a_resample_is_the_score_of_data_with_that_many_copies(found: list[cases.Image], data: st.DataObject) -> None:
    weights = np.array(
        data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * len(found)), min_size=1, max_size=3)), np.uint16
    )
    outcomes, n = match(*cases.columns(found)), len(cases.CATEGORIES)
    precision = precision_replicates(outcomes.precision, n, parameters(3), weights)
    rates = replicates(outcomes, n, MISS_RATES, weights)
    for b, row in enumerate(weights.tolist()):
        copies = [image for image, count in zip(found, row, strict=True) for _ in range(count)]
        again = match(*cases.columns(copies))
        expected = aggregate(again.precision, n, parameters(3))
        assert {name: None if np.isnan(value[b]) else value[b] for name, value in precision.items()} == expected
        ones = np.ones((1, len(copies)), np.uint16)
        for name, value in replicates(again, n, MISS_RATES, ones).items():
            np.testing.assert_array_equal(rates[name][b], value[0])


def one(box: tuple[float, ...], **said: Any) -> cases.Entry:
    said = {"area": box[2] * box[3], "iscrowd": 0, "ignore": False, "uncertain": False, "id": 1, **said}
    return {"bbox": box, "category_id": 1, **said}


def test_a_region_must_cover_more_than_half_by_the_formula_or_reach_the_threshold() -> None:
    detection = {"bbox": (0.0, 0.0, 8.0, 4.0), "category_id": 1, "score": 0.9}
    for area, excused in ((16.0, False), (16.5, True)):
        # Half of the detection is covered: 0.5 / 1.5 * (1 + 16 / 32) is 0.5 exactly, which is not enough at IoU 0.75.
        outcomes = match(*cases.columns([([one((0.0, 0.0, 4.0, 4.0), ignore=True, area=area)], [detection])]))
        assert outcomes.misses.ignored[0, list(SETUPS).index("all")] == (0b111 if excused else 0b011)


def test_what_is_covered_at_the_threshold_by_the_formula_does_not_count() -> None:
    detection = {"bbox": (0.0, 0.0, 16.0, 4.0), "category_id": 1, "score": 0.9}
    overlap, threshold = 8 / 64, 0.25
    assert overlap / (1 + overlap) * (1 + 80 / 64) == threshold
    for area, ignored in ((80.0, 0b001), (79.0, 0b000)):
        outcomes = match(*cases.columns([([one((0.0, 0.0, 2.0, 4.0), ignore=True, area=area)], [detection])]))
        assert outcomes.precision.ignored[0, 0] == ignored


def test_the_first_false_positive_wraps_round_to_the_last_recall() -> None:
    wrong = {"bbox": (50.0, 50.0, 4.0, 4.0), "score": 0.9, "category_id": 1}
    right = {"bbox": (0.0, 0.0, 4.0, 4.0), "score": 0.8, "category_id": 1}
    outcomes = match(*cases.columns([([one((0.0, 0.0, 4.0, 4.0))], [wrong, right])]))
    recall = recalls(outcomes, list(SETUPS).index("all"), 2, 3, np.ones((1, 1), np.uint16))[0, 1, :, 0].tolist()
    # One false positive in one image is a rate of 1: at the rates below it, the recall is that of the whole list.
    assert recall == [1.0] * 9


def test_one_recall_of_1_makes_the_miss_rate_0() -> None:
    recall = np.full((1, 9, 1), 0.5)
    recall[0, 8] = 1
    assert log_average(recall).tolist() == [0.0]


def test_a_row_of_ones_is_the_score_itself(task: TinyPerson, statistics: Statistics) -> None:
    values = task.aggregate(statistics, "tov-1000")
    ones = np.ones((1, len(statistics.table)), np.uint16)
    found = task.replicates(statistics, "tov-1000", ones, list(values))
    assert {name: float(column[0]) for name, column in found.items()} == dict(values)
