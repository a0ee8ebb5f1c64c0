"""The Python interface: the same runs with keyword arguments, and a model that is an object."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.errors import HarnessError, PredictionError, SubmissionError, UsageError
from harness.registry import find_task
from harness.store import Home

QUIET: dict[str, Any] = {"log": False, "page": False, "measure": False}


class Mean:
    """The mean brightness against a threshold."""

    name = "mean"

    def __init__(self, threshold: float = 113) -> None:
        self.threshold = threshold
        self.seen: list[int] = []

    def prepare(self, sample: Any) -> Any:
        return sample.inputs["image"]

    def forward(self, inputs: Sequence[Any]) -> Sequence[float]:
        self.seen.append(len(inputs))
        return [float(np.mean(image)) for image in inputs]

    def finish(self, raw: float, sample: Any) -> Mapping[str, Any]:
        return {"label": int(raw > self.threshold)}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither data nor a tracking server are configured."""
    for name in ("HARNESS_DATA", "HARNESS_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield


def test_an_object_is_evaluated(tmp_path: Path, tiny: Path) -> None:
    record = harness.evaluate(str(tiny), Mean(), home=tmp_path / "home", **QUIET)
    assert record.submission.name == "mean" and record.provenance == "measured"
    assert record.main is not None and record.main.value == 1.0
    assert harness.evaluate(find_task(str(tiny)), Mean(), home=tmp_path / "home", **QUIET).id == record.id


def test_the_answers_of_an_object_are_never_taken_from_an_earlier_run(tmp_path: Path, tiny: Path) -> None:
    """Nothing identifies its weights: another threshold under the same code must be run."""
    first = harness.evaluate(str(tiny), Mean(113), home=tmp_path / "home", **QUIET)
    second = harness.evaluate(str(tiny), Mean(255), home=tmp_path / "home", **QUIET)
    assert (first.metrics[0].value, second.metrics[0].value) == (1.0, 0.5)
    assert len(list((tmp_path / "home" / "records").iterdir())) == 2


def test_an_object_is_measured(tmp_path: Path, tiny: Path) -> None:
    record = harness.evaluate(
        str(tiny), Mean(), home=tmp_path / "home", log=False, page=False, measure_s=0.2, batch_size=5
    )
    assert record.measurements.latency[0].outputs_equal is True
    assert record.measurements.latency[0].batch_size == record.run.batch_size == 5


def test_every_batch_has_its_full_size(tmp_path: Path, tiny: Path) -> None:
    method = Mean()
    harness.evaluate(str(tiny), method, home=tmp_path / "home", batch_size=7, **QUIET)
    assert method.seen == [7, 7, 7, 7]


@pytest.mark.parametrize(
    ("name", "answer", "error", "words"),
    [
        ("finish", lambda raw, sample: {"label": np.nan}, PredictionError, "mean, image 000: label has dtype float64"),
        ("finish", lambda raw, sample: {"label": np.zeros(2, int)}, PredictionError, r"label has shape \(2,\)"),
        ("finish", lambda raw, sample: {"label": "bright"}, PredictionError, "label has dtype <U6, expected int64"),
        ("forward", lambda inputs: [0.0], PredictionError, "forward gave 1 outputs for 4 inputs"),
        ("forward", lambda inputs: 3, SubmissionError, r"mean failed on 000 to 003: TypeError"),
    ],
)
def test_wrong_answers_of_an_object_are_a_sentence(
    tmp_path: Path, tiny: Path, name: str, answer: Any, error: type[HarnessError], words: str
) -> None:
    method = Mean()
    setattr(method, name, answer)
    with pytest.raises(error, match=words):
        harness.evaluate(str(tiny), method, home=tmp_path / "home", batch_size=4, **QUIET)
    assert not (tmp_path / "home" / "records").exists()


def test_an_object_without_the_methods_is_refused(tmp_path: Path, tiny: Path) -> None:
    with pytest.raises(SubmissionError, match="object lacks prepare, forward, finish; tiny asks for"):
        harness.evaluate(str(tiny), object(), home=tmp_path / "home", **QUIET)


def test_settings_that_nothing_reads_are_refused(tmp_path: Path, tiny: Path) -> None:
    with pytest.raises(UsageError, match="--set colour: neither tiny nor mean has it"):
        harness.evaluate(str(tiny), Mean(), home=tmp_path / "home", settings={"colour": "red"}, **QUIET)


def test_an_answer_may_have_settings_of_its_own(tmp_path: Path, tiny: Path) -> None:
    method = Mean()
    method.settings = {"test_time_augmentation": "flip", "training": "supervised"}  # type: ignore[attr-defined]
    record = harness.evaluate(str(tiny), method, home=tmp_path / "home", **QUIET)
    assert record.settings == {"test_time_augmentation": "flip"}


def test_score_and_verify_return_records(tmp_path: Path, tiny: Path) -> None:
    find_task(str(tiny)).write_sample(tmp_path / "data")
    record = harness.score(str(tiny), tmp_path / "data" / "labels.csv", data=tmp_path / "data", home=tmp_path / "home")
    assert record.provenance == "scored" and record.main is not None and record.main.value == 1.0
    assert harness.verify(record.id, tmp_path / "home").provenance == "verified"
    with pytest.raises(UsageError, match="there is no such file or folder of predictions"):
        harness.score(str(tiny), tmp_path / "none.csv", data=tmp_path / "data", home=tmp_path / "home")
    with pytest.raises(UsageError, match="there is no task 'coccco'"):
        harness.score("coccco", tmp_path / "none.csv", data=tmp_path / "data", home=tmp_path / "home")


def test_records_are_a_table(tmp_path: Path, tiny: Path) -> None:
    pytest.importorskip("pandas")
    from harness.api import COLUMNS

    empty = harness.records(tmp_path / "home")
    assert list(empty.columns) == list(COLUMNS) and len(empty) == 0
    record = harness.evaluate(str(tiny), Mean(), home=tmp_path / "home", **QUIET)
    path = Home(tmp_path / "home").record_path("damaged")
    path.write_text("{")
    table = harness.records(tmp_path / "home")
    assert list(table.columns) == list(COLUMNS) and len(table) == 1
    row = table.iloc[0]
    assert (row["record"], row["metric"], row["value"], row["n"]) == (record.id, "top1", 1.0, 24)
    assert row["low"] == record.metrics[0].interval.low  # type: ignore[union-attr]


def test_a_name_that_the_package_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'evalute'"):
        harness.evalute  # noqa: B018
