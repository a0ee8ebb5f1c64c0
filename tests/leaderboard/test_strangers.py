"""One record must not move the others: what it says of them counts only where it may, and never turns a board over."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from leaderboard_homes import digest, record
from leaderboard_reading import read

from harness.record import Metric, Record, Submitter, with_id
from harness.store import Home
from leaderboard.boards import Board
from leaderboard.build import build_site
from leaderboard.collect import Collection, collect
from leaderboard.grouping import group
from leaderboard.standings import standings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def both(home: Home) -> tuple[Record, Record]:
    return record(home, "alder", 1.2), record(home, "birch", 0.3)


def found(home: Home) -> Collection:
    return collect([home.path])


def board(home: Home) -> Board:
    collection = found(home)
    (only,) = group(collection.current, collection.past)
    return only


def rewritten(home: Home, made: Record, **changes: Any) -> Record:
    """The record with fields that its id may or may not cover replaced, under the id that follows."""
    home.record_path(made.id).unlink()
    made = with_id(msgspec.structs.replace(made, **changes))
    home.write_record(made)
    return made


@pytest.mark.parametrize("verb", ["supersedes", "withdraws"])
@pytest.mark.parametrize(
    "stranger",
    [
        {"submission__name": "mallow"},
        {"submitter": Submitter(name="M. Allow")},
        {"submitter": Submitter(name="A. Tester", team="Others")},
        {"task__id": "answers"},
        {"task__version": "2"},
        {"data": digest("other")},
        {"settings": {"attack": "linf"}},
    ],
    ids=["submission", "submitter", "team", "task", "version", "data", "settings"],
)
def test_only_the_same_submission_of_the_same_submitter_on_the_same_board_replaces(
    home: Home, verb: str, stranger: dict[str, Any]
) -> None:
    ids = [made.id for made in both(home)]
    record(home, "alder", 1.25, **{verb: ids}, **stranger)
    collection = found(home)
    assert not collection.superseded and not collection.withdrawn


@pytest.mark.parametrize("verb", ["supersedes", "withdraws"])
def test_an_altered_record_replaces_nothing(home: Home, verb: str) -> None:
    honest, _ = both(home)
    own = record(home, "alder", 1.25)
    better = [msgspec.structs.replace(own.metrics[0], value=0.999), *own.metrics[1:]]
    home.write_record(msgspec.structs.replace(own, metrics=better, **{verb: [honest.id]}))
    assert not found(home).superseded and not found(home).withdrawn


def test_of_records_that_replace_each_other_the_last_stays(home: Home) -> None:
    made = [record(home, "alder", 1.0 + i / 10, run__finished=f"2026-03-0{i + 1}T10:00:00Z") for i in range(4)]
    ids = [one.id for one in made]
    for i, one in enumerate(made[:3]):  # each the next, and the last the first: a circle of three
        home.write_record(msgspec.structs.replace(one, supersedes=[ids[(i + 1) % 3], one.id]))
    assert found(home).superseded == {ids[0]: ids[2]}
    home.write_record(msgspec.structs.replace(made[3], supersedes=ids, run=made[0].run))
    assert ids[2] in found(home).superseded and ids[3] not in found(home).superseded


def test_of_two_at_one_moment_one_stays(home: Home) -> None:
    pair = [record(home, "alder", skill) for skill in (1.1, 1.2)]
    for one, other in (pair, pair[::-1]):
        home.write_record(msgspec.structs.replace(one, supersedes=[other.id]))
    assert [entry.record.id for entry in found(home).current] == [max(one.id for one in pair)]


def test_an_older_record_may_replace_where_nothing_comes_back(home: Home) -> None:
    reported = record(home, "alder", 1.1, run__finished="")
    corrected = record(home, "alder", 1.2, run__finished="", supersedes=[reported.id])
    assert found(home).superseded == {reported.id: corrected.id}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("higher_is_better", False, "it states that higher is better as False where the others state True"),
        ("unit", "%", "it states the unit as '%' where the others state ''"),
        ("n", 20, "it states the number of units as 20 where the others state 400"),
        ("n", 10**18, f"it states {10**18} resampled units"),
        ("n", -5, "it states -5 resampled units"),
    ],
)
@pytest.mark.parametrize("skill", [2.0, -1.0])
def test_a_record_that_disagrees_is_listed_and_turns_nothing_over(
    home: Home, field: str, value: Any, reason: str, skill: float
) -> None:
    good, bad = both(home)
    odd = record(home, "mallow", skill)
    odd = rewritten(home, odd, metrics=[msgspec.structs.replace(odd.metrics[0], **{field: value}), *odd.metrics[1:]])
    ranked = standings(board(home))
    assert {id: str(rank) for id, rank in ranked.ranges.items()} == {good.id: "1 of 2", bad.id: "2 of 2"}
    assert dict(ranked.reasons) == {odd.id: reason}
    build_site([home.path], home.path.parent / "site")
    assert odd.id in (home.path.parent / "site" / "records.csv").read_text()


def test_a_newer_result_of_a_stranger_takes_nobodys_rank(home: Home) -> None:
    honest, other = both(home)
    copy = record(home, "alder", -1.0, submitter=Submitter(name="M. Allow"), run__finished="9999-01-01T00:00:00Z")
    assert set(standings(board(home)).ranges) == {honest.id, other.id, copy.id}


def test_a_verified_result_outweighs_many(home: Home) -> None:
    honest = record(home, "alder", 1.2, provenance="verified")
    flipped = [
        rewritten(home, made, metrics=[msgspec.structs.replace(made.metrics[0], higher_is_better=False)])
        for made in (record(home, f"mallow {i}", 0.1 * i) for i in range(3))
    ]
    reasons = standings(board(home)).reasons
    assert reasons[honest.id] == "a rank needs a second result"
    assert all("where the others state True" in reasons[made.id] for made in flipped)


def test_a_record_hides_itself_alone_and_names_no_board_of_others(home: Home) -> None:
    kept = both(home)
    hidden = record(home, "mallow", 2.0, task__hidden=True)
    titled = [record(home, f"mallow {i}", 0.1 * i, task__title=f"Buy this {i}", task__notice="Gone") for i in range(5)]
    report = build_site([home.path], home.path.parent / "site")
    index = read(report.index).text
    assert report.boards == 1 and report.records == 7 and report.hidden == 0
    assert not (report.index.parent / "r" / hidden.id).exists() and len(kept) + len(titled) == 7
    assert "Simulated questions, val" in index and "Buy this" not in index


def test_numbers_that_no_float_holds_stop_no_build(home: Home) -> None:
    both(home)
    odd = record(home, "mallow", 2.0, latency=4.0)
    huge = 10**400
    cost = msgspec.structs.replace(odd.measurements.cost, parameters=huge, macs=-huge, operations={"conv": huge})
    rewritten(
        home,
        odd,
        metrics=[*odd.metrics, Metric(name="huge", protocol="top1", value=1e308, interval=None, n=huge, decimals=huge)],
        measurements=msgspec.structs.replace(odd.measurements, cost=cost, peak_memory_bytes=huge),
    )
    report = build_site([home.path], home.path.parent / "site")
    assert (report.records, report.rejected) == (2, 1)
    assert "it holds an integer of more than" in read(report.index).text


@pytest.mark.parametrize("value", [1e308, -1e308])
def test_a_score_that_no_benchmark_gives_stops_no_build_and_has_no_rank(home: Home, value: float) -> None:
    kept = both(home)
    odd = record(home, "mallow", 2.0)
    metrics = [msgspec.structs.replace(metric, value=value) for metric in odd.metrics]
    made = rewritten(home, odd, metrics=metrics)
    places = standings(board(home))
    assert set(places.ranges) == {one.id for one in kept}
    assert places.reasons[made.id] == "no score of a benchmark is beyond 1e+100"
    assert build_site([home.path], home.path.parent / "site").records == 3
