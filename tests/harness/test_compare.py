"""``harness compare``: the differences that a record's neighbours show, from what is stored; refused where it means nothing."""

import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import msgspec
import numpy as np
import pytest
from command_line import Harness
from leaderboard_homes import DIGEST, UNITS, answers, digest, record

from harness.cli.main import main
from harness.columns import Table
from harness.contrast import contrasts
from harness.mcnemar import mcnemar
from harness.paired import differences
from harness.record import Flag, Record, Submitter, Weights, with_id
from harness.registry import find_task
from harness.sides import Side
from harness.statistics import resample_weights
from harness.store import Home
from leaderboard.collect import collect
from leaderboard.grouping import group
from leaderboard.standings import standings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def trio(home: Home) -> list[Record]:
    return [record(home, name, skill) for name, skill in (("alder", 1.2), ("birch", 1.1), ("cedar", 0.3))]


def alone(home: Home, *records: Record) -> list[Side]:
    """Every record on a side of its own."""
    return [Side(((one, home),)) for one in records]


def compare(home: Home, *references: str, capsys: pytest.CaptureFixture[str], status: int = 0) -> Any:
    assert main(["compare", *references, "--home", str(home.path), "--json"]) == status
    said = capsys.readouterr()
    return json.loads(said.out) if status == 0 else said.err.strip().removeprefix("harness: ")


def test_the_difference_is_that_of_the_stored_scores(home: Home) -> None:
    one, _, other = trio(home)
    [found, _] = contrasts(alone(home, one, other))
    [pair] = found.pairs
    right = [answers(name, skill) for name, skill in (("alder", 1.2), ("cedar", 0.3))]
    replicates = resample_weights(DIGEST, UNITS) @ (right[0] - right[1]) / UNITS
    assert pair.difference == right[0].mean() - right[1].mean()
    assert found.resamples == 1000 and pair.low is not None and pair.high is not None
    ends = np.quantile(replicates, [0.025, 0.975])
    assert pair.low == pytest.approx(ends[0], abs=0.01) and pair.high == pytest.approx(ends[1], abs=0.01)
    assert pair.p_value == 1 / 1001


def test_it_says_what_the_board_says(home: Home) -> None:
    records = trio(home)
    [found, _] = contrasts(alone(home, *records))
    [board] = group(collect([home.path]).current, [])
    ranges = standings(board).ranges
    better = [0, 0, 0]
    for pair in found.pairs:
        assert pair.low is not None and pair.high is not None
        if not pair.low <= 0 <= pair.high:
            better[pair.second if pair.low > 0 else pair.first] += 1
    assert [1 + count for count in better] == [ranges[one.id].best for one in records]


def test_many_are_corrected_together(home: Home) -> None:
    records = trio(home)
    two = contrasts(alone(home, *records[:2]))[0].pairs[0]
    three = contrasts(alone(home, *records))[0].pairs[0]
    assert two.low is not None and three.low is not None and two.p_value is not None and three.p_value is not None
    assert three.low < two.low and three.p_value >= two.p_value


@pytest.mark.parametrize("how", ["id", "beginning", "path", "name", "variant"])
def test_records_are_named_in_many_ways(home: Home, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, _ = trio(home)
    names = {
        "id": one.id, "beginning": one.id[:8], "path": str(home.record_path(one.id)), "name": "alder", "variant": "alder:base",
    }  # fmt: skip
    found = compare(home, names[how], other.id, capsys=capsys)
    assert [record["id"] for record in found["records"]] == [one.id, other.id]


def test_a_name_means_the_newest_result_that_stands(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    trio(home)
    new = record(home, "alder", 0.9, run__finished="2027-01-01T00:00:00Z")
    gone = record(home, "alder", 0.8, run__finished="2028-01-01T00:00:00Z")
    record(home, "alder", 0.8, kind="withdrawal", withdraws=[gone.id], metrics=[], artifacts=[])
    record(home, "alder", 0.5, data=digest("sample"), units=24, task__origin="sample")
    record(home, "birch", 0.5, data=digest("sample"), units=24, task__origin="sample")
    assert compare(home, "alder", "birch", capsys=capsys)["records"][0]["id"] == new.id


def seeded(home: Home, seed: int, skill: float, **changes: Any) -> Record:
    own = Weights(kind="file", sha256=digest(f"juniper, seed {seed}"), name=f"seed{seed}.safetensors")
    stated = {"submission__weights": own, "seed_group": "juniper", "run__finished": f"2026-03-0{seed}T10:00:00Z"}
    return record(home, "juniper", skill, **{**stated, **changes})


def test_a_name_means_every_run_of_its_seed_group_and_no_other(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    trio(home)
    runs = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6), (3, 0.4))]
    older = {"run__finished": "2026-01-01T10:00:00Z"}
    seeded(home, 4, 3.0, submitter=Submitter(name="M. Allow"), **older)
    seeded(home, 5, 3.0, provenance="disputed", **older)
    seeded(home, 6, 3.0, flags=[Flag(code="answers-change", text="it is random")], **older)
    seeded(home, 1, 0.9, **older)  # the same training once more
    found = compare(home, "juniper", "alder", capsys=capsys)
    assert found["records"][0]["runs"] == [run.id for run in runs[::-1]]


def test_the_mean_over_seeds_is_compared_as_on_the_board(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    one, *_ = trio(home)
    runs = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6), (3, 0.4))]
    found = compare(home, "juniper", "alder", capsys=capsys)
    assert found["records"][0]["runs"] == [run.id for run in runs[::-1]]
    main_metric = found["metrics"][0]
    values = [run.metrics[0].value or 0.0 for run in runs[::-1]]
    assert main_metric["values"] == [fmean(values), one.metrics[0].value]
    assert main_metric["spreads_over_seeds"] == [stdev(values), None]
    each = [resample_weights(DIGEST, UNITS) @ answers("juniper", skill) / UNITS for skill in (0.4, 0.6, 0.5)]
    alder = resample_weights(DIGEST, UNITS) @ answers("alder", 1.2) / UNITS
    scores = np.array([fmean(values), one.metrics[0].value])
    expected = differences(scores, np.stack([np.mean(each, axis=0), alder]), UNITS).interval(0, 1)
    assert (main_metric["pairs"][0]["low"], main_metric["pairs"][0]["high"]) == pytest.approx(expected)
    assert main(["compare", "juniper", "alder", "--home", str(home.path)]) == 0
    said = capsys.readouterr().out
    assert "mean of 3 training seeds" in said and " ± " in said and "no part of the intervals" in said


def test_an_id_names_one_run_of_a_seed_group(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    one, *_ = trio(home)
    run, _ = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6))]
    found = compare(home, run.id, one.id, capsys=capsys)
    assert found["records"][0]["runs"] == [run.id]
    assert found["metrics"][0]["values"][0] == run.metrics[0].value


def test_two_boards_are_a_question(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for data in (DIGEST, digest("other")):
        for name in ("alder", "birch"):
            record(home, name, 1.0, data=data)
    assert "the submissions share 2 boards" in compare(home, "alder", "birch", capsys=capsys, status=2)


@pytest.mark.parametrize("flag", ["split", "protocol"])
def test_one_of_several_boards_is_named(home: Home, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("one", "other"):
        changes: dict[str, Any] = {"protocol": value} if flag == "protocol" else {"task__split": value}
        for name in ("alder", "birch"):
            record(home, name, 1.0, **changes)
    assert "the submissions share 2 boards" in compare(home, "alder", "birch", capsys=capsys, status=2)
    assert compare(home, "alder", "birch", f"--{flag}", "other", capsys=capsys)[flag] == "other"
    said = compare(home, "alder", "birch", f"--{flag}", "none", capsys=capsys, status=2)
    assert "no record of none called 'alder'" in said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": digest("other")}, "different data"),
        ({"protocol": "top1-pessimistic"}, "different protocols"),
        ({"task__id": "answers"}, "different tasks"),
        ({"task__version": "2"}, "different versions of the task"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(
    home: Home, changes: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = record(home, "alder", 1.2), record(home, "birch", 1.1, **changes)
    said = compare(home, one.id, other.id, capsys=capsys, status=1)
    assert words in said and one.id in said and other.id in said and "\n" not in said


def test_settings_that_differ_are_told(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = record(home, "alder", 1.2), record(home, "alder", 1.3, settings={"test_time_augmentation": "flip"})
    assert compare(home, one.id, other.id, capsys=capsys)["settings_that_differ"] == ["test_time_augmentation"]
    assert main(["compare", one.id, other.id, "--home", str(home.path)]) == 0
    assert "note: the records differ in settings: test_time_augmentation" in capsys.readouterr().out


@pytest.mark.parametrize(
    "references", [["alder"], ["alder", "alder"], ["alder", "nobody"], ["alder", "./nothing.json"]]
)
def test_misuse_is_one_sentence(home: Home, references: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    trio(home)
    assert main(["compare", *references, "--home", str(home.path)]) in (1, 2)
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("harness: ") and len(said.err.splitlines()) == 1


def test_few_units_and_lost_replicates_leave_the_difference_alone(home: Home) -> None:
    few = [record(home, name, 1.0, units=5, data=digest("five")) for name in ("alder", "birch")]
    found = contrasts(alone(home, *few))[0]
    assert found.reason == "no interval: 5 images are fewer than 20" and found.pairs[0].p_value is None
    one, other, _ = trio(home)
    (home.path / next(item.path for item in one.artifacts if item.kind == "replicates")).write_bytes(b"")
    found = contrasts(alone(home, one, other))[0]
    assert "is damaged" in found.reason and found.pairs[0].difference is not None and found.pairs[0].low is None


def test_control_characters_of_a_name_do_not_reach_the_terminal(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = record(home, "alder", 1.2), record(home, "\x1b[31mbirch\u202e", 1.1)
    assert main(["compare", one.id, other.id, "--home", str(home.path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\u202e" not in out


# -- McNemar -----------------------------------------------------------------------------------------------------------
def classified(home: Home, name: str, seed: int, units: int = 60) -> Record:
    """A record of CIFAR-10 with the statistics of made-up answers, scored by the task itself."""
    task = find_task("cifar10")
    rng = np.random.default_rng(seed)
    better = rng.integers(0, 3, units).astype(np.int32)
    zero, nan = np.zeros(units, np.int32), np.full(units, np.nan)
    columns = {
        "predicted": zero, "better": better, "tied_before": zero, "tied": zero, "label": zero.astype(np.int64),
        "nll": nan, "confidence": nan, "depth": np.full(units, 10, np.int32),
    }  # fmt: skip
    made = record(home, name, 1.0, data=digest("pictures"), units=units, protocol="top-k", task__id="cifar10")
    stored = [item for item in made.artifacts if item.kind != "statistics"]
    value = float(100 * np.mean(better < 1))
    made = msgspec.structs.replace(
        made,
        artifacts=[*stored, home.write_statistics(Table(tuple(map(str, range(units))), columns))],
        metrics=[msgspec.structs.replace(made.metrics[0], value=value)],
        task=msgspec.structs.replace(made.task, version=task.meta.version),
    )
    made = with_id(made)
    home.write_record(made)
    return made


def test_top1_is_tested_by_mcnemar_and_corrected_by_holm(home: Home) -> None:
    records = [classified(home, name, seed) for name, seed in (("alder", 1), ("birch", 2), ("cedar", 3))]
    rows = [np.random.default_rng(seed).integers(0, 3, 60) < 1 for seed in (1, 2, 3)]
    [single] = contrasts(alone(home, *records[:2]))[0].pairs
    assert single.mcnemar == mcnemar(rows[0], rows[1])
    together = contrasts(alone(home, *records))[0].pairs
    plain = [mcnemar(rows[pair.first], rows[pair.second]) for pair in together]
    for pair, test in zip(together, plain, strict=True):
        assert pair.mcnemar is not None and pair.mcnemar.only_first == test.only_first
        assert test.p_value <= pair.mcnemar.p_value <= min(1.0, 3 * test.p_value)


def test_no_code_that_a_record_names_is_run(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "task.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    pair = [record(home, name, 1.0, task__id="./evil") for name in ("alder", "birch")]
    assert contrasts(alone(home, *pair))[0].pairs[0].mcnemar is None
    assert not (tmp_path / "ran").exists()


def test_neither_torch_nor_the_data_are_needed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    one, other, _ = trio(home)
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    harness = Harness(home=home.path, folder=tmp_path, environment={"PYTHONPATH": str(tmp_path)})
    done = harness("compare", one.id, other.id)
    assert done.status == 0 and "no difference shown" in done.out
