"""Results of runs with resets; what is wrong in them is told by file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tracking_files import both, opened

from harness.errors import PredictionError
from harness.task import Scoring
from tasks.tracking.vot.task import vot2018

WriteRows = Callable[[Path, list[str]], Path]


def test_vot_results_are_found_in_baseline_alone(
    vot_truth: Path, vot_results: Path, tmp_path: Path, write: WriteRows
) -> None:
    task = vot2018()
    dataset = opened(task, vot_truth)
    write(vot_results / "unsupervised" / "bag" / "bag_001.txt", ["1,2,3,4"] * 12)
    predictions = both(task, dataset, vot_results, tmp_path / "r.zip")
    assert predictions.table.dense("repetitions").tolist() == [1, 1]
    codes = predictions.table.ragged("codes")
    assert codes.row(0).tolist() == [1, 4, 4, 4, 2, 0, 0, 0, 0, 1, 4, 4]


def test_all_repetitions_count(vot_truth: Path, vot_results: Path, write: WriteRows) -> None:
    """pysot would take one of two to fourteen files in silence."""
    task = vot2018()
    dataset = opened(task, vot_truth)
    for name in ("bag", "ball-1"):
        first = vot_results / "baseline" / name / f"{name}_001.txt"
        write(first.with_name(f"{name}_002.txt"), ["1", *[f"{i},5,9,9" for i in range(1, 12)]])
    predictions = task.read(vot_results, dataset)
    statistics = task.score(dataset, predictions, Scoring(protocol="pysot"))
    assert task.aggregate(statistics, "pysot")["lost_number"] == 0.5
    assert [table.name for table in task.tables(statistics, "pysot")] == ["tags", "sequences", "repetitions"]
    (vot_results / "baseline" / "bag" / "bag_002.txt").unlink()
    assert "sequences have 1 to 2 repetitions" in task.read(vot_results, dataset).warnings[0]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["1", *["1,2,3,4"] * 10], "bag_001.txt: has 11 lines for 12 frames"),
        (["1", "nan,2,3,4", *["1,2,3,4"] * 10], "line 2: the region is not a number"),
        (["1", "1,2,-3,4", *["1,2,3,4"] * 10], "line 2: the region has a negative width or height"),
        (["1", "1,2,3", *["1,2,3,4"] * 10], "line 2: has 3 numbers"),
        (["1", "5", *["1,2,3,4"] * 10], "line 2: has the code 5"),
        (["1,2,3,4", *["1,2,3,4"] * 11], "line 1: a region cannot come first"),
        (["1", "0", *["1,2,3,4"] * 10], r"line 2: 0 \(skipped\) cannot come after 1 \(started\)"),
        (["1", "2", *["1,2,3,4"] * 10], r"line 3: a region cannot come after 2 \(failed\)"),
    ],
)
def test_broken_vot_results_are_named(
    vot_truth: Path, vot_results: Path, write: WriteRows, lines: list[str], told: str
) -> None:
    write(vot_results / "baseline" / "bag" / "bag_001.txt", lines)
    with pytest.raises(PredictionError, match=told):
        vot2018().read(vot_results, opened(vot2018(), vot_truth))


def test_one_pass_results_are_no_vot_results(vot_truth: Path, vot_results: Path, write: WriteRows) -> None:
    for name in ("bag", "ball-1"):
        write(vot_results / "baseline" / name / f"{name}_001.txt", ["1,2,3,4"] * 12)
    with pytest.raises(PredictionError, match="holds one-pass results: no line says 1"):
        vot2018().read(vot_results, opened(vot2018(), vot_truth))


def test_a_run_that_misses_the_target_and_never_fails_is_one_pass(
    vot_truth: Path, vot_results: Path, write: WriteRows
) -> None:
    """The unsupervised experiment writes a 1 first, as a run with resets does; its failures would count as none."""
    task, dataset = vot2018(), opened(vot2018(), vot_truth)
    write(
        vot_results / "baseline" / "bag" / "bag_001.txt",
        ["1", *[f"{i},5,9,9" for i in range(1, 6)], *["30,20,5,5"] * 6],
    )
    with pytest.raises(
        PredictionError, match="holds one-pass results: 6 of 22 regions miss the target, but no line says 2"
    ):
        task.read(vot_results, dataset)
    write(vot_results / "baseline" / "bag" / "bag_001.txt", ["1", *[f"{i},5,9,9" for i in range(1, 12)]])
    assert len(task.read(vot_results, dataset).table) == 2


def test_missing_vot_sequences_are_named(vot_truth: Path, vot_results: Path) -> None:
    (vot_results / "baseline" / "ball-1" / "ball-1_001.txt").unlink()
    with pytest.raises(PredictionError, match=r"lacks the results of ball_1 \(1 of 2 sequences\)"):
        vot2018().read(vot_results, opened(vot2018(), vot_truth))


def test_a_score_is_absent_where_no_sequence_is_long_enough(vot_truth: Path, vot_results: Path) -> None:
    task = vot2018()
    dataset = opened(task, vot_truth)
    statistics = task.score(dataset, task.read(vot_results, dataset), Scoring(protocol="pysot"))
    found = task.aggregate(statistics, "pysot")
    assert found["EAO"] is None and found["lost_number"] == 1.0
    assert "no sequence is as long as the 100 to 356 frames" in task.undefined("EAO", statistics)
