"""A paper's numbers beside the records of a page: each once, the difference with more digits than were printed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from leaderboard_homes import CLAIM, record
from leaderboard_reading import read

from harness.claims import Comparison
from harness.manifest import Claim
from harness.record import Flag, Record
from harness.registry import find_submission
from harness.store import Home
from leaderboard.boards import short_hash
from leaderboard.build import build_site
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


@pytest.mark.parametrize("provenance", ["reported", "disputed"])
def test_what_papers_report_and_what_is_disputed_reproduces_nothing(tmp_path: Path, provenance: str) -> None:
    found = compare(claim(value="0.88"), [record(Home(tmp_path), "alder", 1.2, provenance=provenance)])
    assert (found.verdict, found.record, found.difference) == ("cannot tell yet", None, None)


def test_a_flagged_result_is_no_evidence(tmp_path: Path) -> None:
    flags = [Flag(code="answers-change", text="two calls answer differently")]
    found = compare(claim(value="0.88"), [record(Home(tmp_path), "alder", 1.2, flags=flags)])
    assert found.verdict == "cannot tell yet" and "flagged" in found.reason


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


def test_a_claim_has_the_verdict_of_its_paper_also_in_an_older_wording(tmp_path: Path) -> None:
    home = Home(tmp_path)
    older, other = {**CLAIM, "value": "99.1", "unit": "%"}, {**CLAIM, "value": "86.8", "unit": "%"}
    measured = record(home, "alder", 1.2, submission__claims=[older, other])
    newer = claim(value="99.1", unit="%", note="said otherwise")
    told = Comparison(claim=newer, verdict="refuted", reason="counted")
    foreign = Comparison(claim=claim(value="12.3"), verdict="refuted", reason="no record states it")
    found = compare_all([measured], [foreign, told])
    assert [(item.claim.value, item.verdict) for item in found] == [("99.1", "refuted"), ("86.8", "reproduced")]


@pytest.mark.slow
def test_a_claim_has_one_verdict_in_the_terminal_and_on_both_pages(cli: Any, tmp_path: Path) -> None:
    """GhostNet's multiply-accumulates are settled by counts that a home keeps, which no record holds."""
    pytest.importorskip("torch")
    home = Home(tmp_path / "home")
    manifest = find_submission("ghostnet")[1]
    claims = [msgspec.to_builtins(item) for item in manifest.claims]
    made = record(home, "ghostnet", 1.2, submission__claims=claims, submission__arxiv="1911.11907")

    def built() -> dict[str, list[tuple[object, ...]]]:
        build_site([home.path], tmp_path / "site")
        pages = {
            kind: read(next((tmp_path / "site").glob(f"{kind}/{short_hash('ghostnet')}*/index.html"))) for kind in "ps"
        }
        return {
            kind: sorted(((row[3], row[4], row[5], row[6]) for row in page.tables["claims-table"]), key=str)
            for kind, page in pages.items()
        }

    uncounted = built()
    assert uncounted["p"] == uncounted["s"]
    told = json.loads(cli("paper", "ghostnet", "--cost", "--json", "--home", str(home.path)).out)["claims"]
    terminal = Counter((f"{item['value']} {item['unit']}".strip(), item["verdict"]) for item in told)
    pages = built()
    assert pages["p"] == pages["s"] != uncounted["s"], (
        "a count that was made since is no reason to leave a page as it was"
    )
    assert Counter((row[0], row[3]) for row in pages["s"]) == terminal
    assert terminal["142 M", "measured differently"] == 1, made.id


def test_a_board_shows_a_claim_only_under_its_own_protocol_and_settings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stated = [{**CLAIM, "value": "0.5", "protocol": "top1/strict"}, {**CLAIM, "value": "0.88"}]
    found = compare_board(record(home, "alder", 1.2, submission__claims=stated))
    assert found is not None and found.claim.value == "0.88"
    assert compare_board(record(home, "alder", 1.2, submission__claims=stated[:1])) is None
    assert compare_board(record(home, "alder", 1.2, submission__claims=stated, settings={"flip": True})) is None
