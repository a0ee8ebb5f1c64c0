"""What papers claim stands on the board of the benchmark that it is about: after the results, unranked, its gaps named."""

from itertools import product
from pathlib import Path
from typing import Any

from leaderboard_homes import digest, record
from leaderboard_reading import page_of, read

from harness.record import Metric, Record, Source
from harness.store import Home
from leaderboard.boards import Board
from leaderboard.build import build_site
from leaderboard.collect import collect
from leaderboard.grouping import group
from leaderboard.standings import standings


def claim(home: Home, name: str, value: float, **changes: Any) -> Record:
    """A number that a paper reports: no data digest, and no protocol unless `changes` name one."""
    protocol = changes.pop("protocol", "unstated")
    metric = Metric(
        name="top1", protocol=protocol, value=value, interval=None, n=0, reason="the paper states the number alone"
    )
    stated = {"provenance": "reported", "artifacts": [], "metrics": [metric], "task__data_digest": "", "host": None}
    source = Source(paper="A paper", arxiv="1904.08189", place="Table 2, row base", url="")
    return record(home, name, 0.0, protocol=protocol, **{**stated, "source": source, **changes})


def boards(home: Home) -> list[Board]:
    found = collect([home.path])
    return group(found.current, found.past)


def listed(board: Board) -> set[str]:
    return {entry.record.submission.name for entry in board.listed}


def test_a_claim_is_listed_on_the_boards_that_it_may_be_about_and_moves_no_rank(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for protocol, name in product(("top1", "other"), ("alder", "birch", "cedar")):
        record(home, name, len(name) / 5, protocol=protocol)
    before = {board.key: dict(standings(board).ranges) for board in boards(home)}
    open_, closed = claim(home, "oak", 99.0), claim(home, "pine", 98.0, protocol="other")
    after = boards(home)
    assert {board.key: dict(standings(board).ranges) for board in after} == before
    named = {board.key.protocol: board for board in after}
    assert "oak" in listed(named["top1"]) and "oak" in listed(named["other"])
    assert "pine" not in listed(named["top1"]) and "pine" in listed(named["other"])
    for board in after:
        assert standings(board).reasons[open_.id] == "reported, protocol unstated"
    assert standings(named["other"]).reasons[closed.id] == "reported"
    owners = [board for board in after if open_.id in {entry.record.id for entry in board.standing}]
    assert len(owners) == 1  # its page belongs to one board


def test_only_results_of_the_benchmark_itself_draw_claims(tmp_path: Path) -> None:
    home = Home(tmp_path)
    elsewhere: list[dict[str, Any]] = [
        {"task__origin": "sample"}, {"task__origin": "custom"}, {"task__limit": 30}, {"task__split": "test"},
        {"task__id": "answers"}, {"settings": {"test_time_augmentation": "flip"}}, {"task__main_metric": "top5"},
    ]  # fmt: skip
    for changes in elsewhere:
        record(home, "alder", 1.0, data=digest(str(changes)), **changes)
    claim(home, "oak", 99.0)
    alone = [board for board in boards(home) if "oak" in listed(board)]
    assert [listed(board) for board in alone] == [{"oak"}]
    assert alone[0].section == "official"


def test_claims_without_results_share_the_board_of_those_that_say_more(tmp_path: Path) -> None:
    home = Home(tmp_path)
    claim(home, "oak", 99.0, protocol="top1")
    claim(home, "pine", 98.0)
    claim(home, "yew", 97.0, task__split="unstated")
    claim(home, "rowan", 96.0, settings={"test_time_augmentation": "flip"})
    found = {frozenset(listed(board)): board for board in boards(home)}
    assert set(found) == {frozenset({"oak", "pine", "yew"}), frozenset({"rowan"})}
    reasons = standings(found[frozenset({"oak", "pine", "yew"})]).reasons
    assert sorted(reasons.values()) == [
        "reported",
        "reported, protocol and split unstated",
        "reported, protocol unstated",
    ]


def test_a_superseded_claim_stays_in_the_history_of_its_board(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record(home, "alder", 1.0)
    old = claim(home, "oak", 99.0)
    claim(home, "oak", 98.0, supersedes=[old.id])
    [board] = boards(home)
    assert [entry.record.id for entry in board.past] == [old.id]


def test_the_page_lists_claims_last_with_their_place_and_what_they_leave_open(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for name, skill in (("alder", 1.2), ("zelkova", 0.3)):
        record(home, name, skill)
    made = claim(home, "birch", 99.0)
    build_site([home.path], tmp_path / "site")
    page = read(page_of(tmp_path / "site", "Simulated questions, val"))
    rows = page.tables["results-table"]
    assert [row[1].split(" ")[0] for row in rows] == ["alder", "zelkova", "birch"]
    assert rows[-1][0] is None and "reported" in rows[-1]
    for said in ("reported, protocol unstated", "Table 2, row base", "Papers report 1 more."):
        assert said in page.text
    assert (tmp_path / "site" / "r" / made.id / "index.html").is_file()
    index = read(tmp_path / "site" / "index.html").text
    assert "2 ranked, 1 reported" in index


def test_a_claim_that_a_record_changes_is_seen_in_every_table_that_lists_it(tmp_path: Path) -> None:
    home, out = Home(tmp_path / "home"), tmp_path / "site"
    for protocol in ("top1", "other"):
        record(home, "alder", 1.2, protocol=protocol)
    build_site([home.path], out)
    claim(home, "birch", 99.0)
    build_site([home.path], out)
    pages = [path for path in out.glob("b/*/index.html") if "birch" in path.read_text()]
    assert len(pages) == 2
