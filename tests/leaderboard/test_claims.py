"""A paper's number is compared only with what it is about, and never called wrong for a rounding."""

from pathlib import Path

import msgspec
import pytest
from leaderboard_homes import CLAIM, record

from harness.manifest import Claim
from harness.record import Record
from harness.store import Home
from leaderboard.claims import compare, compare_all, printed_difference


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
        ("0.88", "", "equal to the printed digits", "+0.0025"),
        ("0.883", "", "equal to the printed digits", "-0.00050"),
        ("88.2", "%", "equal to the printed digits", "+0.050"),
        ("88.3", "%", "equal to the printed digits", "-0.050"),
        ("88.25", "%", "equal to the printed digits", "+0.0000"),
        ("86.8", "%", "inside the interval", "+1.450"),
        ("92.1", "%", "below the claim", "-3.850"),
        ("0.7", "", "above the claim", "+0.182"),
    ],
)
def test_verdicts(measured: Record, value: str, unit: str, verdict: str, difference: str) -> None:
    found = compare(claim(value=value, unit=unit), measured)
    assert (found.verdict, printed_difference(found)) == (verdict, difference)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "test"}, "the claim is about test"),
        ({"variant": "large"}, "the claim is about the variant large"),
        ({"variant": "", "method": "teacher"}, "the claim is about teacher"),
        ({"protocol": "unstated"}, "the source does not state its protocol"),
        ({"settings": {"test_time_augmentation": "flip"}}, "its settings are others"),
        ({"relative_to": "ResNet-50"}, "the claim is relative to ResNet-50"),
        ({"metric": "top5"}, "the record has no top5"),
        ({"value": "about 80"}, "is no number"),
        ({"value": "NaN"}, "is no number"),
        ({"unit": "dB"}, "the claim is in dB"),
    ],
)
def test_what_is_not_comparable_says_why(measured: Record, changes: dict[str, object], reason: str) -> None:
    found = compare(claim(**{"value": "0.88", "unit": "", **changes}), measured)
    assert found.verdict == "not comparable" and reason in found.reason and found.difference is None


def test_the_sample_is_never_held_against_a_paper(tmp_path: Path) -> None:
    sample = record(Home(tmp_path), "alder", 1.2, task__origin="sample")
    assert "generated sample" in compare(claim(value="0.88"), sample).reason


def test_each_claim_is_listed_once_beside_the_record_that_fits(tmp_path: Path) -> None:
    home = Home(tmp_path)
    claims = [{**CLAIM, "value": "0.88"}, {**CLAIM, "value": "0.5", "task": "other"}, {"broken": True}]
    fitting = record(home, "alder", 1.2, submission__claims=claims)
    sample = record(home, "alder", 1.2, submission__claims=claims, task__origin="sample", run__finished="2027-01-01")
    found = compare_all([sample, fitting])
    assert [(item.verdict, item.record.id if item.record else "") for item in found] == [
        ("equal to the printed digits", fitting.id),
        ("not run", ""),
    ]
