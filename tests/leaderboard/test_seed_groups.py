"""Runs of one method under several training seeds are ranked together, by their mean."""

from pathlib import Path
from statistics import fmean, stdev

import msgspec
import numpy as np
import pytest
from leaderboard_homes import answers, digest, record

from harness.paired import differences
from harness.record import Record, Submitter, Weights, with_id
from harness.statistics import resample_weights
from harness.store import Home
from leaderboard.boards import Board
from leaderboard.collect import collect
from leaderboard.compare_view import compare_view
from leaderboard.grouping import group
from leaderboard.standings import _replicates, standings


def seeded(home: Home, seed: int, skill: float, **changes: object) -> Record:
    """A run of the simulated method "juniper" whose training differs by its seed."""
    own = Weights(kind="file", sha256=digest(f"juniper, seed {seed}"), name=f"seed{seed}.safetensors")
    stated = {"submission__weights": own, "seed_group": "juniper", "run__finished": f"2026-03-0{seed}T10:00:00Z"}
    return record(home, "juniper", skill, **{**stated, **changes})


def board(home: Home) -> Board:
    collection = collect([home.path])
    [only] = group(collection.current, collection.past)
    return only


def test_a_seed_group_is_ranked_once_by_its_mean(tmp_path: Path) -> None:
    home = Home(tmp_path)
    runs = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6), (3, 0.4))]
    other = record(home, "birch", 1.4)
    found = board(home)
    [made] = found.seed_groups.values()
    values = [run.metrics[0].value or 0.0 for run in runs]
    assert made.mean == fmean(values[::-1]) and made.spread == stdev(values[::-1])
    ranked = standings(found)
    assert {id: str(place) for id, place in ranked.ranges.items()} == {runs[2].id: "2 of 2", other.id: "1 of 2"}
    assert all(ranked.has_rank(run.id) for run in runs)
    told = f"the runs of its seed group are ranked together, with record {runs[2].id}"
    assert dict(ranked.reasons) == {runs[0].id: told, runs[1].id: told}


def test_the_replicates_of_a_group_are_the_means_of_its_runs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    runs = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6))]
    found = board(home)
    data = runs[0].task.data_digest
    each = [resample_weights(data, 400) @ answers("juniper", skill) / 400 for skill in (0.5, 0.6)]
    [made] = found.seed_groups.values()
    assert np.array_equal(_replicates(found, made.listed), np.mean(each[::-1], axis=0))


@pytest.mark.parametrize(
    "stranger",
    [
        {"submitter": Submitter(name="M. Allow")},
        {"submission__variant": "large"},
        {"run__options": {"settings": {"cut": "640x512"}}},
        {"submission__name": "mallow"},
        {"seed_group": ""},
        {"seed_group": "another"},
        {"provenance": "disputed"},
        {"task__limit": 100},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_only_runs_of_one_method_that_may_be_ranked_are_a_group(tmp_path: Path, stranger: dict[str, object]) -> None:
    home = Home(tmp_path)
    seeded(home, 1, 0.5)
    seeded(home, 2, 0.6, **stranger)
    assert not board(home).seed_groups and len(board(home).entries) == 2


def test_the_same_training_twice_counts_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    seeded(home, 1, 0.5)
    seeded(home, 1, 0.7, run__finished="2026-03-09T10:00:00Z")
    assert not board(home).seed_groups
    seeded(home, 2, 0.6)
    [made] = board(home).seed_groups.values()
    assert len(made.runs) == 2


def test_a_run_whose_replicates_are_lost_costs_its_group_the_rank(tmp_path: Path) -> None:
    home = Home(tmp_path)
    runs = [seeded(home, seed, skill) for seed, skill in ((1, 0.5), (2, 0.6))]
    kept = [record(home, name, skill).id for name, skill in (("alder", 1.2), ("birch", 0.2))]
    (tmp_path / next(item.path for item in runs[0].artifacts if item.kind == "replicates")).unlink()
    found = standings(board(home))
    assert set(found.ranges) == set(kept)
    assert found.reasons[runs[1].id] == "its replicate scores are not in the home"


def pairs_of(home: Home) -> dict[tuple[str, str], tuple[object, object]]:
    """(pair, metric) -> interval of the difference on the comparing page."""
    found = board(home)
    made = compare_view(found, found.entries, standings(found))
    assert made is not None
    cells = [dict(zip((c.key for c in made[1][1].columns), row.cells, strict=True)) for row in made[1][1].rows]
    return {(str(c["pair"].value), str(c["metric"].value)): (c["difference"].low, c["difference"].high) for c in cells}


def test_the_comparing_page_takes_the_mean_of_a_group_as_its_rank_does(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for seed, skill in ((1, 0.2), (2, 1.6), (3, 0.9)):
        seeded(home, seed, skill)
    record(home, "birch", 0.9)
    found = board(home)
    made = compare_view(found, found.entries, standings(found))
    assert made is not None
    [group_] = found.seed_groups.values()
    row = next(row for row in made[1][0].rows if "juniper" in str(row.cells[0].value))
    score = row.cells[2]
    assert score.value == group_.mean and "over 3 seeds" in score.span and len(row.cells[-1].more) == 2
    ids = sorted(
        (group_.listed, *(e for e in found.entries if e.record.submission.name == "birch")), key=lambda e: e.record.id
    )
    values = np.array([group_.mean if e is group_.listed else e.record.metrics[0].value for e in ids], np.float64)
    expected = differences(values, np.stack([_replicates(found, e) for e in ids]), 400)
    [(low, high)] = [bounds for (_, metric), bounds in pairs_of(home).items() if metric == "top1"]
    assert sorted(map(abs, (low, high))) == pytest.approx(sorted(map(abs, expected.interval(0, 1))))  # type: ignore[arg-type]


def test_units_that_belong_together_count_as_one_on_the_comparing_page(tmp_path: Path) -> None:
    """Fewer things that are drawn make intervals wider there as they do in the ranks."""
    plain, clustered = Home(tmp_path / "plain"), Home(tmp_path / "clustered")
    for home, facts in ((plain, {}), (clustered, {"clusters": 21})):
        for name in ("alder", "birch"):
            made = record(home, name, 1.0)
            metric = msgspec.structs.replace(made.metrics[0], facts=facts)
            home.record_path(made.id).unlink()
            home.write_record(with_id(msgspec.structs.replace(made, metrics=[metric, *made.metrics[1:]])))
    [one], [other] = (
        [bounds for (_, metric), bounds in pairs_of(home).items() if metric == "top1"] for home in (plain, clustered)
    )
    assert other[1] - other[0] > one[1] - one[0]  # type: ignore[operator]
