"""The engine's part of scoring: digests of data, values that do not exist, intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.columns import Table
from harness.dataset import Dataset, Predictions, Statistics
from harness.errors import HarnessError, UsageError
from harness.options import RunOptions
from harness.registry import find_task
from harness.scoring import Scored, data_digest, plan_scoring, score_predictions
from harness.settings import GENERAL
from harness.statistics import resample_weights
from harness.task import DataRequest, Scoring, SettingSpec, Task, Units


@pytest.fixture
def task(tiny: Path) -> Task:
    return find_task(str(tiny))


@pytest.fixture
def dataset(task: Task, tmp_path: Path) -> Dataset:
    task.write_sample(tmp_path)
    return task.open(DataRequest(data=tmp_path))


def scored(task: Task, dataset: Dataset, *, intervals: bool = True) -> Scored:
    labels = np.zeros(len(dataset.ids), np.int64)
    predictions = Predictions(table=Table(dataset.ids, {"label": labels}))
    return score_predictions(
        task, dataset, predictions, Scoring(protocol="tiny"), data_digest(dataset), intervals=intervals
    )


# -- the data digest ---------------------------------------------------------------------------------------------------
@given(st.permutations(range(8)))
def test_the_data_digest_does_not_depend_on_the_order(order: list[int]) -> None:
    ids = tuple("abcdefgh")
    truth = Table(ids, {"label": np.arange(8)})
    whole = Dataset(split="s", ids=ids, truth=truth, load=None)
    shuffled = replace(whole, ids=tuple(ids[i] for i in order), truth=truth.take(order))
    assert data_digest(shuffled) == data_digest(whole)


def test_the_data_digest_sees_labels_ids_and_what_belongs_to_the_whole_set() -> None:
    ids = tuple("abcd")
    whole = Dataset(split="s", ids=ids, truth=Table(ids, {"label": np.arange(4)}), load=None)
    swapped = replace(whole, truth=Table(ids, {"label": np.array([1, 0, 2, 3])}))
    renamed = replace(whole, truth=Table(tuple("abce"), {"label": np.arange(4)}))
    found = [whole, swapped, renamed, whole.take([0, 1]), replace(whole, identity={"classes": ["x"]})]
    assert len({data_digest(one) for one in found}) == len(found)
    assert data_digest(replace(whole, facts={"classes": ["x"]}, split="t")) == data_digest(whole)


# -- values ------------------------------------------------------------------------------------------------------------
def odd(task: Task, value: Any, replicates: Any = None) -> Task:
    """The task with another value of its metric."""

    class Odd(type(task)):  # type: ignore[misc]
        def aggregate(self, statistics: Statistics, protocol: str) -> Mapping[str, float | None]:
            return {"top1": value}

        def replicates(self, statistics: Any, protocol: str, weights: Any, names: Sequence[str]) -> Any:
            return {name: np.full(len(weights), 0.5) if replicates is None else replicates(weights) for name in names}

    return Odd()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("inf"), "it is inf on these samples"),
        (float("nan"), "it is nan on these samples"),
        (np.float64("-inf"), "it is -inf on these samples"),
        (None, "it is undefined on these samples"),
    ],
)
def test_a_value_that_does_not_exist_is_null_with_a_reason(
    task: Task, dataset: Dataset, value: Any, reason: str
) -> None:
    found = scored(odd(task, value), dataset)
    assert (found.metrics[0].value, found.metrics[0].interval, found.metrics[0].reason) == (None, None, reason)
    assert found.replicates == {}


def test_an_interval_needs_a_value_on_nearly_all_resamples(task: Task, dataset: Dataset) -> None:
    weights = resample_weights(data_digest(dataset), len(dataset.ids))
    for lost in (150, 100):
        undefined = {row.tobytes() for row in weights[-lost:]}

        def replicates(block: Any, undefined: set[bytes] = undefined) -> Any:
            return np.array([np.nan if row.tobytes() in undefined else 0.5 for row in block])

        found = scored(odd(task, 0.5, replicates), dataset).metrics[0]
        assert (found.interval is None) == (lost == 150)
        words = "no interval: the metric is undefined on 150 of 1000 resamples"
        assert found.reason == (words if lost == 150 else "")


def test_replicates_are_asked_for_in_blocks_and_put_together(task: Task, dataset: Dataset) -> None:
    blocks, counts = [], []

    def replicates(block: Any) -> Any:
        blocks.append(block)
        return 0.5 + 1e-3 * (block @ np.arange(len(dataset.ids), dtype=np.float64) - 276) / 1000

    chosen, digest = odd(task, 0.5, replicates), data_digest(dataset)
    labels = Predictions(table=Table(dataset.ids, {"label": np.zeros(len(dataset.ids), np.int64)}))
    how = Scoring(protocol="tiny")
    found = score_predictions(chosen, dataset, labels, how, digest, intervals=True, advance=counts.append)
    weights = resample_weights(digest, len(dataset.ids))
    assert [len(block) for block in blocks] == [1, 250, 250, 250, 250] and counts == [250] * 4
    assert np.array_equal(np.concatenate(blocks[1:]), weights)
    assert np.array_equal(found.replicates["tiny/top1"], replicates(weights))


@pytest.mark.parametrize("column", [np.full(1000, 0.5), np.full((250, 1), 0.5), np.full(250, 0.5, np.float32)])
def test_replicates_of_another_shape_are_a_defect_of_the_task(task: Task, dataset: Dataset, column: Any) -> None:
    given = odd(task, 0.5, lambda block: column if len(block) > 1 else np.array([0.5]))
    with pytest.raises(HarnessError, match="for top1, not one float64 for each of 250 resamples"):
        scored(given, dataset)


def test_fewer_than_twenty_units_have_no_interval(task: Task, dataset: Dataset) -> None:
    assert scored(task, dataset.take(range(19))).metrics[0].interval is None
    assert scored(task, dataset.take(range(20))).metrics[0].interval is not None
    assert scored(task, dataset, intervals=False).metrics[0].reason == "no interval: it was not asked for"


def test_clusters_and_not_their_members_are_what_an_interval_needs(task: Task, dataset: Dataset) -> None:
    class Clustered(type(task)):  # type: ignore[misc]
        def units(self, dataset: Dataset) -> Units:
            return Units(ids=dataset.ids, clusters=np.arange(len(dataset.ids)) // 2)

    metric = scored(Clustered(), dataset).metrics[0]
    assert metric.interval is None and metric.reason == "no interval: 12 clusters of images are fewer than 20"
    assert metric.n == 24 and metric.facts == {"clusters": 12}


def test_what_contradicts_a_task_s_own_declaration_is_told(task: Task, dataset: Dataset) -> None:
    with pytest.raises(HarnessError, match=r"top1 = 50\.0, which must lie in"):
        scored(odd(task, 50.0), dataset)
    with pytest.raises(HarnessError, match=r"with every image counted once, but aggregate gives 0\.25"):
        scored(odd(task, 0.25), dataset)


def test_a_value_beyond_its_bound_by_the_rounding_of_a_sum_is_kept_and_inside_its_interval(
    task: Task, dataset: Dataset
) -> None:
    most = float(next(spec.most for spec in task.meta.metrics if spec.name == "top1"))
    over = float(np.nextafter(most, np.inf))
    metric = scored(odd(task, over, lambda weights: np.full(len(weights), over)), dataset).metrics[0]
    assert metric.value == over and metric.interval.low <= over <= metric.interval.high


def test_a_task_that_scores_other_units_is_told(task: Task, dataset: Dataset) -> None:
    class Lost(type(task)):  # type: ignore[misc]
        def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
            return Statistics(table=super().score(dataset, predictions, scoring).table.take(range(3)))

    with pytest.raises(
        HarnessError, match="tiny scored other units than its data set has; this is a defect of the task"
    ):
        scored(Lost(), dataset)


# -- settings ----------------------------------------------------------------------------------------------------------
def with_settings(task: Task, *specs: SettingSpec) -> Task:
    class Chosen(type(task)):  # type: ignore[misc]
        meta = replace(task.meta, settings=specs)

    return Chosen()


ATTACK = SettingSpec(name="attack", title="t", default="none", choices=("none", "fgsm"))
BUDGET = SettingSpec(name="budget", title="t", default=0.5)


def test_settings_are_the_tasks_own_and_what_was_stated(task: Task) -> None:
    chosen = with_settings(task, ATTACK, BUDGET)
    assert plan_scoring(chosen, RunOptions(task="x")).settings == {"attack": "none", "budget": 0.5}
    options = RunOptions(task="x", settings={"attack": "fgsm", "training": "transfer"})
    assert plan_scoring(chosen, options).settings == {"attack": "fgsm", "budget": 0.5, "training": "transfer"}
    assert {spec.name for spec in GENERAL} & set(plan_scoring(task, RunOptions(task="x")).settings) == set()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("attack", "pgd", "--set attack=pgd: it must be one of none, fgsm"),
        ("budget", "much", "--set budget=much: expected a float such as 0.5"),
        ("budget", "nan", "--set budget=nan: expected a float such as 0.5"),
        ("budget", float("nan"), "--set budget=nan: it must be a finite number"),
    ],
)
def test_a_setting_of_another_kind_is_misuse(task: Task, name: str, value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan_scoring(with_settings(task, ATTACK, BUDGET), RunOptions(task="x", settings={name: value}))
