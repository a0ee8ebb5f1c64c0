"""Rank ranges: systems that tie must not be separated by noise, and systems that differ must be."""

from pathlib import Path

import numpy as np
import pytest
from leaderboard_homes import digest, record

from harness.paired import differences
from harness.record import Weights
from harness.store import Home
from leaderboard.collect import collect
from leaderboard.grouping import group
from leaderboard.ranks import rank_ranges
from leaderboard.standings import Standings, standings

SYSTEMS, UNITS, RESAMPLES, TRIALS = 8, 40, 400, 1000


def simulate(rng: np.random.Generator, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and replicates of correlated systems on one draw of the units."""
    shared = rng.normal(size=UNITS)
    units = truth[:, None] + 0.8 * shared + 0.6 * rng.normal(size=(SYSTEMS, UNITS))
    weights = rng.multinomial(UNITS, np.full(UNITS, 1 / UNITS), size=RESAMPLES) / UNITS
    return units.mean(axis=1), units @ weights.T


@pytest.mark.parametrize(
    "truth", [np.zeros(SYSTEMS), np.repeat([0.0, 0.15], SYSTEMS // 2)], ids=["all tied", "two tied groups"]
)
def test_ranges_hold_together_on_ties(truth: np.ndarray) -> None:
    rng = np.random.default_rng(20)
    lowest = np.array([1 + (truth > value).sum() for value in truth])
    highest = np.array([SYSTEMS - (truth < value).sum() for value in truth])
    held = 0
    for _ in range(TRIALS):
        ranges = rank_ranges(*simulate(rng, truth), UNITS)
        held += all(r.best <= lo and hi <= r.worst for r, lo, hi in zip(ranges, lowest, highest, strict=True))
    assert held / TRIALS >= 0.93


def test_clear_differences_are_found() -> None:
    ranges = rank_ranges(*simulate(np.random.default_rng(3), np.arange(SYSTEMS) * 1.0), UNITS)
    assert [(r.best, r.worst, r.of) for r in ranges] == [(place, place, SYSTEMS) for place in range(SYSTEMS, 0, -1)]


def test_lower_is_better_turns_the_order_around() -> None:
    values, replicates = simulate(np.random.default_rng(3), np.arange(SYSTEMS) * 1.0)
    ranges = rank_ranges(values, replicates, UNITS, higher_is_better=False)
    assert [r.best for r in ranges] == list(range(1, SYSTEMS + 1))


def test_equal_answers_tie() -> None:
    values, replicates = simulate(np.random.default_rng(3), np.zeros(SYSTEMS))
    twice, both = np.array([values[0], values[0]]), np.stack([replicates[0], replicates[0]])
    assert [str(found) for found in rank_ranges(twice, both, UNITS)] == ["1–2 of 2", "1–2 of 2"]


def test_a_bias_of_the_resamples_separates_nobody() -> None:
    rng = np.random.default_rng(5)
    values = np.array([0.500, 0.501])
    noise = rng.normal(scale=0.01, size=(2, 1000))
    assert not differences(values, values[:, None] + noise + np.array([[0.05], [-0.05]]), 400).greater.any()


def board_standings(home: Home) -> Standings:
    collection = collect([home.path])
    (board,) = group(collection.current, collection.past)
    return standings(board)


def test_why_a_result_is_not_ranked(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ranked = [record(home, name, skill).id for name, skill in (("alder", 1.2), ("birch", 0.3))]
    reasons = {
        record(home, "paper", 2.0, provenance="reported").id: "reported",
        record(home, "disputed", 2.0, provenance="disputed").id: "disputed",
        record(home, "random", 2.0, submission__weights=Weights(kind="random")).id: "random weights",
        record(home, "part", 2.0, task__limit=100).id: "only 400 samples were taken",
        record(home, "plain", 2.0, artifacts=[]).id: "no replicate scores are kept",
        record(home, "unscored", 2.0, metrics=[]).id: "no score",
    }
    found = standings(group(collect([home.path]).current, [])[0])
    assert sorted(found.ranges) == sorted(ranked)
    assert dict(found.reasons) == reasons
    assert [str(found.ranges[id]) for id in ranked] == ["1 of 2", "2 of 2"]


def test_a_damaged_file_of_replicates_costs_the_rank(tmp_path: Path) -> None:
    home = Home(tmp_path)
    kept = [record(home, name, skill) for name, skill in (("alder", 1.2), ("birch", 0.3), ("cedar", 0.1))]
    path = next(item.path for item in kept[0].artifacts if item.kind == "replicates")
    (tmp_path / path).write_bytes(b"not an archive")
    other = next(item.path for item in kept[1].artifacts if item.kind == "replicates")
    (tmp_path / other).write_bytes(
        (tmp_path / next(i.path for i in kept[2].artifacts if i.kind == "replicates")).read_bytes()
    )
    found = board_standings(home)
    assert not found.ranges
    assert "the file is damaged" in found.reasons[kept[0].id]
    assert "not those that it was written with" in found.reasons[kept[1].id]


@pytest.mark.parametrize("before", ["2026-01-31T23:00:00-01:00", "2026-01-31", "zzzz", "", "2026-13-01T00:00:00"])
def test_one_system_counts_once(tmp_path: Path, before: str) -> None:
    home = Home(tmp_path)
    old = record(home, "alder", 1.1, run__finished=before)
    new = record(home, "alder", 1.2, run__finished="2026-02-01T00:00:01+00:00")
    other = record(home, "birch", 0.3)
    found = board_standings(home)
    assert sorted(found.ranges) == sorted([new.id, other.id])
    assert found.reasons[old.id] == f"the same system is counted once, with record {new.id}"


def test_a_run_under_another_stated_setting_is_another_system(tmp_path: Path) -> None:
    home = Home(tmp_path)
    whole = record(home, "alder", 1.1)
    cut = record(home, "alder", 1.2, run__options={"settings": {"cut": "640x512"}})
    assert sorted(board_standings(home).ranges) == sorted([whole.id, cut.id])


def test_few_units_have_no_rank(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ids = [record(home, name, 1.0, units=5, data=digest("five")).id for name in ("alder", "birch")]
    assert dict(board_standings(home).reasons) == dict.fromkeys(ids, "no interval: 5 images are fewer than 20")
