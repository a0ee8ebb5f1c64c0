"""What may stand in one table: results that share task, data, split, protocol, settings and metric, and no others."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leaderboard_homes import change, digest, full_home, host, record

from harness.record import Flag, Record, Weights, with_id
from harness.store import Home
from leaderboard.boards import board_key
from leaderboard.collect import collect
from leaderboard.entries import Entry
from leaderboard.grouping import group
from leaderboard.standings import standings

SPLITTING: dict[str, list[Any]] = {
    "task__id": ["questions", "answers"],
    "task__version": ["1", "2"],
    "task__split": ["val", "test"],
    "task__protocol": ["top1", "top1-pessimistic"],
    "task__main_metric": ["top1", "top1_error"],
    "task__data_digest": [digest("a"), digest("b")],
    "task__origin": ["official", "custom", "sample"],
    "settings": [
        {},
        {"attack": "linf", "eps": "2/255"},
        {"attack": "linf", "eps": "8/255"},
        {"attack": "l2", "eps": "8/255"},
        {"training": "transfer"},
        {"test_time_augmentation": "multi-scale"},
        {"test_time_augmentation": "flip"},
        {"precision": "float16"},
        {"adapted": True},
        {"steps": 1},
        {"steps": 1.0},
        {"steps": True},
        {"steps": "1"},
    ],
}
OTHER: dict[str, list[Any]] = {
    "submission__name": ["alder", "birch"],
    "submission__variant": ["base", "large"],
    "provenance": ["scored", "verified", "reported"],
    "submitter__name": ["A", "B"],
    "task__title": ["Simulated questions", "Buy this"],
    "seed_group": ["", "seeds"],
    "host": [None, host(2)],
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return record(Home(tmp_path_factory.mktemp("plain")), "alder", 1.0)


@settings(max_examples=50)
@given(data=st.data())
def test_results_share_a_table_exactly_where_they_share_the_key(plain: Record, data: st.DataObject) -> None:
    def drawn() -> tuple[dict[str, Any], Record]:
        key = {name: data.draw(st.sampled_from(values)) for name, values in SPLITTING.items()}
        rest = {name: data.draw(st.sampled_from(values)) for name, values in OTHER.items()}
        return key, with_id(change(plain, key | rest))

    records = [drawn() for _ in range(data.draw(st.integers(2, 6)))]
    entries = {made.id: Entry(made, Home(Path("absent"))) for _, made in records}
    boards = {entry.record.id: board for board in group(entries.values(), []) for entry in board.standing}
    assert boards.keys() == entries.keys()
    for (one, first), (other, second) in combinations(records, 2):
        same = repr(sorted(one.items())) == repr(sorted(other.items()))
        assert (boards[first.id].key.id == boards[second.id].key.id) == same


@pytest.mark.parametrize("name", SPLITTING)
def test_each_difference_alone_splits_a_table(plain: Record, name: str) -> None:
    keys = [board_key(change(plain, {name: value})) for value in SPLITTING[name]]
    assert len(set(keys)) == len({key.id for key in keys}) == len(SPLITTING[name])


def test_samples_stand_on_no_board_of_a_benchmark(tmp_path: Path) -> None:
    home = full_home(tmp_path)
    for board in group(collect([home.path]).current, []):
        assert len({entry.record.task.origin for entry in board.standing}) == 1
        assert board.section != "sample" or not standings(board).ranges


RANK_LESS: dict[str, dict[str, Any]] = {
    "reported": {"provenance": "reported"},
    "disputed": {"provenance": "disputed"},
    "a gate of robustness": {"flags": [Flag(code="gate", text="black-box attacks do better")]},
    "random weights": {"submission__weights": Weights(kind="random")},
    "partial": {"task__limit": 3},
    "the sample": {"task__origin": "sample"},
}


@pytest.mark.parametrize("kind", RANK_LESS)
def test_what_is_never_ranked_is_listed_with_its_reason(tmp_path: Path, kind: str) -> None:
    home = Home(tmp_path)
    for name, skill in (("alder", 1.2), ("birch", 0.3)):
        record(home, name, skill)
    odd = record(home, "mallow", 3.0, **RANK_LESS[kind])
    boards = group(collect([home.path]).current, [])
    board = next(one for one in boards if odd.id in {entry.record.id for entry in one.entries})
    found = standings(board)
    assert odd.id not in found.ranges and found.reasons[odd.id]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_results_that_are_not_ranked_move_no_rank(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    for index in range(data.draw(st.integers(2, 5))):
        record(home, f"method {index}", data.draw(st.floats(-1, 2)))
    [board] = group(collect([home.path]).current, [])
    before = dict(standings(board).ranges)
    kinds = [RANK_LESS[kind] for kind in ("reported", "disputed", "a gate of robustness", "partial")]
    for index, kind in enumerate(data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))):
        record(home, f"mallow {index}", data.draw(st.floats(-1, 2)), **kind)
    [board] = group(collect([home.path]).current, [])
    assert dict(standings(board).ranges) == before
