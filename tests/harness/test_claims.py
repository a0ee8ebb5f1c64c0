"""A paper's number is held only against what it is about, is never called wrong for a rounding, and its verdict has a rule."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaderboard_homes import CLAIM, digest, record

from harness.claim import Blocker, Claim
from harness.claim_evidence import recorded, standing
from harness.claims import Comparison, Evidence, Found, derive, equal, judge
from harness.manifest import Manifest, Option, PublishedWeights, Variant
from harness.printed import read_printed
from harness.record import Record
from harness.store import Home

NOTHING = Blocker(missing="data", text="there is no record of it")
IDENTIFIED = Manifest(
    name="alder",
    title="t",
    interfaces=[],
    variants=[Variant(name="base", weights=PublishedWeights(sha256=digest("alder weights")))],
    options={"width": Option(default=64, title="w")},
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Record:
    made = record(Home(tmp_path_factory.mktemp("home")), "alder", 1.2)
    assert made.main is not None and made.main.value == 0.8825
    return made


def claim(**changes: object) -> Claim:
    return msgspec.convert({**CLAIM, "value": "0.88", **changes}, Claim)


def compare(stated: Claim, *records: Record, manifest: Manifest | None = IDENTIFIED) -> Comparison:
    return judge(stated, recorded(stated, records, manifest), NOTHING)


@pytest.mark.parametrize(
    ("value", "unit", "verdict", "reason"),
    [
        ("0.88", "", "reproduced", "equal to the printed digits"),
        ("0.883", "", "reproduced", "equal to the printed digits"),
        ("88.2", "%", "reproduced", "equal to the printed digits"),
        ("88.3", "%", "reproduced", "equal to the printed digits"),
        ("86.8", "%", "reproduced", "inside the 95 % interval"),
        ("92.1", "%", "refuted", "ours differs beyond the printed digits"),
        ("0.7", "", "refuted", "ours differs beyond the printed digits"),
    ],
)
def test_verdicts_of_a_full_record_with_the_authors_weights(
    measured: Record, value: str, unit: str, verdict: str, reason: str
) -> None:
    found = compare(claim(value=value, unit=unit), measured)
    assert (found.verdict, found.reason) == (verdict, reason)
    hundred = 100 if unit == "%" else 1
    assert found.ours == 0.8825 * hundred and found.difference == found.ours - float(value)


def test_weights_that_may_be_others_refute_nothing(measured: Record) -> None:
    other = msgspec.structs.replace(IDENTIFIED, variants=[Variant(name="base")])
    for manifest in (None, other):
        found = compare(claim(value="92.1", unit="%"), measured, manifest=manifest)
        assert found.verdict == "measured differently" and "not known to be the authors'" in found.reason
        assert compare(claim(), measured, manifest=manifest).verdict == "reproduced"


def test_a_source_that_states_no_protocol_is_not_refuted(measured: Record) -> None:
    assert compare(claim(protocol="unstated"), measured).verdict == "reproduced"
    found = compare(claim(protocol="unstated", value="0.93"), measured)
    assert (found.verdict, found.reason) == ("measured differently", "the source states no protocol")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "test"}, "the claim is about test, the record about val"),
        ({"variant": "large"}, "the claim is about the variant large"),
        ({"variant": "", "method": "teacher"}, "the claim is about teacher"),
        ({"metric": "top5"}, "the record has no top5"),
        ({"unit": "dB"}, "the claim is in dB"),
        ({"options": {"width": 32}}, "the record's option width is 64, the claim's 32"),
        ({"task": "answers"}, "there is no record of it"),
    ],
)
def test_what_is_about_something_else_says_so_and_names_what_is_missing(
    measured: Record, changes: dict[str, object], reason: str
) -> None:
    found = compare(claim(**changes), measured)
    assert found.verdict == "cannot tell yet" and reason in found.reason
    assert found.blocker == NOTHING and found.ours is None and found.difference is None


@pytest.mark.parametrize("value", ["about 80", "NaN", "inf", "1e99", ""])
def test_what_is_no_number_is_never_compared(measured: Record, value: str) -> None:
    found = compare(claim(value=value), measured)
    assert found.verdict == "cannot tell yet" and "is no number" in found.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task__origin": "sample"}, "generated sample"),
        ({"task__origin": "custom"}, "own data"),
        ({"task__limit": 400}, "a part of the samples"),
        ({"submission__weights": msgspec.json.decode(b'{"kind": "random"}')}, "random weights"),
    ],
)
def test_only_a_full_run_on_official_data_is_held_against_a_paper(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    if "submission__weights" in changes:
        from harness.record import Weights

        changes = {"submission__weights": Weights(kind="random")}
    found = compare(claim(), record(Home(tmp_path), "alder", 1.2, **changes))
    assert found.verdict == "cannot tell yet" and reason in found.reason


def test_another_protocol_that_gives_the_number_is_named(tmp_path: Path) -> None:
    other = record(Home(tmp_path), "alder", 1.2, protocol="top1/strict")
    found = compare(claim(), other)
    assert (found.verdict, found.reason) == (
        "measured differently",
        "the protocol top1/strict gives the printed number",
    )
    assert found.evidence is not None and found.evidence.where == "top1/strict" and not found.direct
    found = compare(claim(value="0.7"), other)
    assert (found.verdict, found.reason) == ("measured differently", "ours is of the protocol top1/strict")


def test_other_settings_that_give_the_number_are_named(tmp_path: Path) -> None:
    flipped = record(Home(tmp_path), "alder", 1.2, settings={"flip": True})
    assert compare(claim(settings={"flip": True}), flipped).verdict == "reproduced"
    found = compare(claim(), flipped)
    assert found.verdict == "measured differently" and "flip = True gives the printed number" in found.reason


def test_a_refutation_gives_way_to_a_protocol_that_gives_the_number(measured: Record, tmp_path: Path) -> None:
    other = record(Home(tmp_path), "alder", 0.3, protocol="top1/strict")
    assert other.main is not None and other.main.value is not None
    found = compare(claim(value=f"{other.main.value:.4f}"), measured, other)
    assert found.verdict == "measured differently" and found.record == other


def test_withdrawn_and_superseded_records_say_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    old = record(home, "alder", 1.2)
    new = record(home, "alder", 0.3, supersedes=[old.id], run__finished="2027-01-01T00:00:00+00:00")
    taken = record(home, "alder", 0.2)
    withdrawal = record(home, "alder", 0.2, kind="withdrawal", withdraws=[taken.id], metrics=[])
    stranger = record(home, "birch", 0.1, supersedes=[new.id])
    assert standing([old, new, taken, withdrawal, stranger]) == [new, stranger]


def test_the_newest_record_stands_first(tmp_path: Path) -> None:
    home = Home(tmp_path)
    moments = ("2026-01-01T00:00:00", "no date", "2027-01-01T00:00:00+02:00")
    made = [record(home, name, 1.2, run__finished=when) for name, when in zip("abc", moments, strict=True)]
    assert [item.submission.name for item in standing(made)] == ["c", "a", "b"]


# -- what a printed number is ------------------------------------------------------------------------------------------
@given(st.integers(-(10**6), 10**6), st.integers(0, 4), st.floats(-1.2, 1.2))
def test_equal_means_that_ours_rounds_to_the_printed_digits(digits: int, places: int, offset: float) -> None:
    """Against rounding in decimal arithmetic, where a tie may go either way."""
    text = f"{Decimal(digits).scaleb(-places):.{places}f}"
    ours = float(text) + offset * 10.0**-places
    step = Decimal(1).scaleb(-places)
    rounded = {Decimal(ours).quantize(step, rounding) for rounding in (ROUND_HALF_UP, ROUND_HALF_DOWN)}
    printed = read_printed(text)
    assert printed is not None
    if abs(abs(offset) - 0.5) > 1e-6:
        assert equal(claim(value=text), printed, Evidence(value=ours)) == (Decimal(text) in rounded)


@pytest.mark.parametrize(
    ("qualifier", "value", "ours", "agrees"),
    [
        ("about", "7", 7.9, True),
        ("about", "7", 8.1, False),
        ("at most", "24", 20.0, True),
        ("at most", "24", 24.6, False),
        ("up to", "7.13", 7.134, True),
        ("more than", "120", 151.0, True),
        ("more than", "120", 119.0, False),
        ("at least", "120", 119.6, True),
        ("", "315000 to 325000", 320000.0, True),
        ("", "315000 to 325000", 314999.0, False),
    ],
)
def test_bounds_and_ranges(qualifier: str, value: str, ours: float, agrees: bool) -> None:
    printed = read_printed(value)
    assert printed is not None
    assert equal(claim(value=value, qualifier=qualifier), printed, Evidence(value=ours)) == agrees


@pytest.mark.parametrize(
    ("text", "places"), [("47.0", 1), ("1,610", 0), ("32.124", 3), ("74 %", 0), ("0.50 to 1.25", 2), ("100000", 0)]
)
def test_the_printed_precision_is_kept(text: str, places: int) -> None:
    printed = read_printed(text)
    assert printed is not None and printed.places == places and printed.half == 0.5 * 10.0**-places


# -- relations ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("relation", "mine", "theirs", "number"),
    [
        ("reduction", 92.84, 252.89, 100 * (1 - 92.84 / 252.89)),
        ("share", 424.0, 423624.0, 100 * 424 / 423624),
        ("ratio", 20.0, 48.0, 2.4),
        ("drop", 92.2, 92.9, 92.9 - 92.2),
        ("gain", 92.9, 92.2, 92.9 - 92.2),
        ("ratio", 0.0, 1.0, None),
        ("reduction", 1.0, 0.0, None),
    ],
)
def test_a_relation_follows_from_two_numbers(relation: str, mine: float, theirs: float, number: float | None) -> None:
    assert derive(relation, mine, theirs) == number


def drop(**changes: object) -> Claim:
    stated = {"relation": "drop", "unit": "points", "variant": "small", "relative_to": "base", **changes}
    return claim(**stated)


def test_a_drop_is_taken_between_two_records_on_the_same_data(tmp_path: Path) -> None:
    home = Home(tmp_path)
    base = record(home, "alder", 1.2)
    small = record(home, "alder", 0.9, submission__variant="small")
    assert base.main and small.main and base.main.value and small.main.value
    points = 100 * (base.main.value - small.main.value)
    found = compare(drop(value=f"{points:.2f}"), base, small, manifest=None)
    assert found.verdict == "reproduced" and found.ours == pytest.approx(points, abs=1e-12)
    other = record(home, "alder", 0.9, submission__variant="small", data=digest("elsewhere"))
    assert compare(drop(value=f"{points:.2f}"), base, other, manifest=None).verdict == "cannot tell yet"
    alone = compare(drop(value="1.0"), small, manifest=None)
    assert "of the baseline: the claim is about the variant base" in "; ".join(
        recorded(drop(value="1.0"), [small]).hindered
    )
    assert alone.verdict == "cannot tell yet"


def test_an_error_is_a_hundred_less_the_accuracy_with_its_interval(measured: Record) -> None:
    assert compare(claim(relation="error", unit="%", value="11.75"), measured).verdict == "reproduced"
    found = compare(claim(relation="error", unit="%", value="13.2"), measured)
    assert (found.verdict, found.reason) == ("reproduced", "inside the 95 % interval")
    assert compare(claim(relation="error", unit="%", value="7.9"), measured).verdict == "refuted"


# -- costs -------------------------------------------------------------------------------------------------------------


# -- speeds ------------------------------------------------------------------------------------------------------------
def test_a_speed_counts_on_the_machine_that_the_source_names_and_never_refutes(tmp_path: Path) -> None:
    timed = record(Home(tmp_path), "alder", 1.2, latency=21.0)
    stated = {"metric": "latency_ms", "unit": "ms", "protocol": "unstated"}
    found = compare(claim(**stated, value="21", hardware="simulated host 1"), timed)
    assert found.verdict == "reproduced"
    found = compare(claim(**stated, value="340", hardware="simulated host 1"), timed)
    assert found.verdict == "measured differently" and "not known to be the same" in found.reason
    found = compare(claim(**stated, value="340", hardware="NVIDIA Tesla P100"), timed)
    assert found.verdict == "measured differently" and "p50 of forward on simulated host 1" in found.reason
    shaky = record(Home(tmp_path), "alder", 1.2, latency=21.0, stable=False)
    assert compare(claim(**stated, value="21"), shaky).verdict == "cannot tell yet"


def test_nothing_found_names_the_one_missing_thing() -> None:
    found = judge(claim(), Found(), NOTHING)
    assert (found.verdict, found.reason, found.blocker) == ("cannot tell yet", NOTHING.text, NOTHING)
