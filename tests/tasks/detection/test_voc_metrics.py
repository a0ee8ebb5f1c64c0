"""If these fail, VOC's scores or their intervals are not what the evaluators that people compare with would say."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voc_cases import Case, literal_aps, literal_metrics, random_case, repeated

from harness.task import DataRequest, Scoring, Statistics
from tasks.detection.average_precision import RECALLS, area, eleven_point
from tasks.detection.voc.metrics import Detections, Truth, printed
from tasks.detection.voc.resampling import cells
from tasks.detection.voc.rules import rules_of
from tasks.detection.voc.statistics import ranked, to_table, truth_counts
from tasks.detection.voc.task import Voc

SEEDS = st.integers(0, 2**32 - 1)
PROTOCOLS = "voc2007/11-point", "voc2012/area", "mmdet", "detectron2"
VARIANTS = st.tuples(st.sampled_from(PROTOCOLS), st.sampled_from([2007, 2012]))


def columns(case: Case) -> tuple[Truth, Detections]:
    """The case as the metrics take it: image after image, each class's places in its file kept."""
    rows = [
        (image, k, place, score, box)
        for k, lines in enumerate(case.lines)
        for place, (image, score, box) in enumerate(lines)
    ]
    rows.sort(key=lambda row: row[0])
    objects = [item for found in case.objects for item in found]
    images = range(len(case.objects) + 1)
    return (
        Truth(
            offsets=np.cumsum([0, *map(len, case.objects)]).astype(np.int64),
            category=np.array([k for k, _, _ in objects], np.int32),
            boxes_xyxy=np.array([box for _, box, _ in objects], np.float64).reshape(-1, 4),
            difficult=np.array([flag for _, _, flag in objects], np.bool_),
        ),
        Detections(
            offsets=np.searchsorted([row[0] for row in rows], images).astype(np.int64),
            category=np.array([row[1] for row in rows], np.int32),
            boxes_xyxy=np.array([row[4] for row in rows], np.float64).reshape(-1, 4),
            scores=np.array([row[3] for row in rows], np.float64),
            order=np.array([row[2] for row in rows], np.int64),
        ),
    )


def statistics(case: Case, protocol: str, year: int) -> Statistics:
    ids = [f"{image:06d}" for image in range(len(case.objects))]
    table = to_table(ids, *columns(case), rules_of(protocol, year), len(case.lines))
    return Statistics(table=table, facts={"categories": [f"class {k}" for k in range(len(case.lines))]})


@settings(max_examples=400, deadline=None)
@given(SEEDS, VARIANTS, st.integers(0, 9), st.integers(1, 4))
def test_every_protocol_is_its_restatement(seed: int, variant: tuple[str, int], most: int, n_categories: int) -> None:
    case = random_case(seed, n_categories=n_categories, most=most)
    protocol, year = variant
    task, found = Voc(year), statistics(case, protocol, year)
    assert task.aggregate(found, protocol) == literal_metrics(case, protocol, year)
    rows = [row for row in task.tables(found, protocol)[0].rows if row[1]]
    aps = np.array(literal_aps(case, protocol, year), np.float64)
    wanted = [0, 5] if protocol == "detectron2" else [0, 1]
    assert [row[-2:] for row in rows] == [tuple(aps[wanted, k]) for k in range(len(rows))]


@settings(max_examples=200, deadline=None)
@given(SEEDS, VARIANTS, st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_a_replicate_is_the_score_of_data_with_repeated_images(
    seed: int, variant: tuple[str, int], drawn: list[int]
) -> None:
    case, (protocol, year) = random_case(seed), variant
    task = Voc(year)
    names = [metric.name for metric in task.metrics(Scoring(protocol=protocol))]
    weights = np.array([drawn, [1] * 4, drawn[::-1]], np.uint16)
    found = task.replicates(statistics(case, protocol, year), protocol, weights, names)
    for b, row in enumerate(weights.tolist()):
        expected = literal_metrics(repeated(case, row), protocol, year)
        for name in names:
            value = expected[name]
            assert found[name][b] == value if value is not None else np.isnan(found[name][b]), (name, b)


def test_a_heavily_drawn_image_and_one_thread_more_move_no_digit() -> None:
    case, rules = random_case(7, most=14), rules_of("voc2012/area", 2012)
    weights = np.array([[0, 700, 3, 0], [1, 1, 1, 1]] * 70, np.uint16)
    task, found = Voc(2012), statistics(case, "voc2012/area", 2012)
    many = task.replicates(found, "voc2012/area", weights, ["mAP"])["mAP"]
    assert many[0] == literal_metrics(repeated(case, [0, 700, 3, 0]), "voc2012/area", 2012)["mAP"]
    again = [cells(ranked(found.table, 2), truth_counts(found.table, 2), rules, weights, threads) for threads in (1, 3)]
    assert again[0].area.tobytes() == again[1].area.tobytes()
    assert again[0].interpolated.tobytes() == again[1].interpolated.tobytes()


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.floats(-3000, 3000), max_size=8),
    st.sampled_from([1, 3]),
)
def test_rounded_numbers_are_those_that_are_printed(values: list[float], decimals: int) -> None:
    values += [0.0005, 0.0015, 0.25, 0.35, -0.05, 2.675, 1000.05, 0.5 * 10**-decimals]
    expected = [float(f"{value:.{decimals}f}") for value in values]
    assert printed(np.array(values), decimals).tobytes() == np.array(expected).tobytes()


def test_the_eleven_recalls_are_those_of_the_reference() -> None:
    assert list(RECALLS) == np.arange(0.0, 1.1, 0.1).tolist()
    assert len(RECALLS) == 11


def test_average_precision_of_nothing_is_0() -> None:
    nothing = np.empty(0)
    assert (eleven_point(nothing, nothing), area(nothing, nothing)) == (0.0, 0.0)


@pytest.fixture(scope="module")
def official(shared: Path) -> tuple[Voc, Statistics, dict[str, dict[str, dict[str, float]]]]:
    """VOC2007 test scored once, and the reference evaluator's numbers."""
    task, folder = Voc(2007), shared / "data" / "voc2007"
    dataset = task.open(DataRequest(annotations=folder / "ground_truth_test.json.zip", with_inputs=False))
    assert (dataset.split, dataset.custom, len(dataset.ids)) == ("test", False, 4952)
    predictions = task.read(folder / "comp4_det_test.zip", dataset)
    gold = json.loads((shared / "gold" / "detection.json").read_text())["voc2007_test"]["stable_sort"]
    return task, task.score(dataset, predictions, Scoring(protocol="voc2007/11-point")), gold


@pytest.mark.parametrize(("protocol", "key"), [("voc2007/11-point", "voc07_11point"), ("voc2012/area", "voc10_area")])
def test_voc2007_is_the_reference_evaluators_score(
    official: tuple[Voc, Statistics, dict[str, dict[str, dict[str, float]]]], protocol: str, key: str
) -> None:
    task, found, gold = official
    mean = gold["mean"]
    assert task.aggregate(found, protocol) == {"mAP": mean[f"{key}@0.50"], "mAP75": mean[f"{key}@0.75"]}
    per_class = gold["per_class"]
    assert task.tables(found, protocol)[0].columns == ("class", "objects", "difficult", "detections", "AP", "AP75")
    rows = {row[0]: row[3:] for row in task.tables(found, protocol)[0].rows}
    assert rows == {name: (one["n_dets"], one[f"{key}@0.50"], one[f"{key}@0.75"]) for name, one in per_class.items()}
    ones = task.replicates(found, protocol, np.ones((1, 4952), np.uint16), ["mAP", "mAP75"])
    assert {name: values[0] for name, values in ones.items()} == task.aggregate(found, protocol)


def test_the_official_score_is_the_one_in_the_readme(
    official: tuple[Voc, Statistics, dict[str, dict[str, dict[str, float]]]],
) -> None:
    task, found, _ = official
    assert task.aggregate(found, "voc2007/11-point")["mAP"] == 0.5397437852438501
    objects = [row[1:3] for row in task.tables(found, "voc2007/11-point")[0].rows]
    assert (sum(n for n, _ in objects), sum(n for _, n in objects)) == (12032, 2944)


def test_the_worst_images_and_the_curves_belong_to_the_score(
    official: tuple[Voc, Statistics, dict[str, dict[str, dict[str, float]]]],
) -> None:
    task, found, gold = official
    missed = task.worst(found, "voc2007/11-point")
    hits = found.table.ragged("hit").values & 1
    assert missed.sum() == 12032 - hits.sum()
    assert missed.min() == 0
    curves = {curve.name: curve for curve in task.curves(found, "voc2012/area")}
    assert list(curves) == list(gold["per_class"])
    for name, curve in curves.items():
        under = float(np.sum(np.diff(curve.x) * curve.y[1:]))
        assert under == pytest.approx(gold["per_class"][name]["voc10_area@0.50"], abs=1e-12)
