"""A paper's numbers beside the records of a page: each once, the difference with more digits than were printed."""

from pathlib import Path

import msgspec
import pytest
from leaderboard_homes import CLAIM, record

from harness.manifest import Claim
from harness.record import Record
from harness.store import Home
from leaderboard.claims import compare, compare_all, compare_board, printed_difference


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Record:
    made = record(Home(tmp_path_factory.mktemp("home")), "alder", 1.2)
    assert made.main is not None and made.main.value == 0.8825
    return made


def claim(**changes: object) -> Claim:
    return msgspec.convert({**CLAIM, **changes}, Claim)


@pytest.mark.parametrize(
    ("value", "unit", "verdict", "difference"),
    [
        ("0.88", "", "reproduced", "+0.0025"),
        ("0.883", "", "reproduced", "-0.00050"),
        ("88.2", "%", "reproduced", "+0.050"),
        ("88.25", "%", "reproduced", "+0.0000"),
        ("86.8", "%", "reproduced", "+1.450"),
        ("92.1", "%", "measured differently", "-3.850"),
        ("0.7", "", "measured differently", "+0.182"),
    ],
)
def test_the_difference_has_two_digits_more(
    measured: Record, value: str, unit: str, verdict: str, difference: str
) -> None:
    found = compare(claim(value=value, unit=unit), [measured])
    assert (found.verdict, printed_difference(found)) == (verdict, difference)


def test_the_sample_is_never_held_against_a_paper(tmp_path: Path) -> None:
    sample = record(Home(tmp_path), "alder", 1.2, task__origin="sample")
    found = compare(claim(value="0.88"), [sample])
    assert "generated sample" in found.reason and found.difference is None


def test_each_claim_is_listed_once_beside_the_record_that_fits(tmp_path: Path) -> None:
    home = Home(tmp_path)
    claims = [{**CLAIM, "value": "0.88"}, {**CLAIM, "value": "0.5", "task": "other"}, {"broken": True}]
    fitting = record(home, "alder", 1.2, submission__claims=claims)
    sample = record(home, "alder", 1.2, submission__claims=claims, task__origin="sample", run__finished="2027-01-01")
    found = compare_all([sample, fitting])
    assert [(item.verdict, item.record.id if item.record else "") for item in found] == [
        ("reproduced", fitting.id),
        ("cannot tell yet", ""),
    ]
    assert found[1].reason == "there is no record of other val that fits"


def test_a_board_shows_a_claim_only_under_its_own_protocol_and_settings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stated = [{**CLAIM, "value": "0.5", "protocol": "top1/strict"}, {**CLAIM, "value": "0.88"}]
    found = compare_board(record(home, "alder", 1.2, submission__claims=stated))
    assert found is not None and found.claim.value == "0.88"
    assert compare_board(record(home, "alder", 1.2, submission__claims=stated[:1])) is None
    assert compare_board(record(home, "alder", 1.2, submission__claims=stated, settings={"flip": True})) is None
