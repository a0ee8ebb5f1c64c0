"""A paper's number of parameters or operations is tried under every convention, and refuted only where none gives it."""

import msgspec
import pytest

from harness.claim import Blocker, Claim
from harness.claim_evidence import costs
from harness.claim_totals import related
from harness.claims import judge, relative
from harness.manifest import Manifest, Variant
from harness.record import Cost

NOTHING = Blocker(missing="data", text="there is no record of it")

PRUNED = Cost(parameters=499_720, macs=73_360_000, complete=True, views={"thop": 74_100_000, "hrank_params": 410_000})
DENSE = Cost(parameters=850_000, macs=125_490_000, complete=True, views={"thop": 126_560_000, "hrank_params": 850_000})


def cost_claim(**changes: object) -> Claim:
    stated = {"task": "cost", "metric": "operations", "unit": "M", "source": "README", "value": "73.36", **changes}
    return msgspec.convert(stated, Claim)


@pytest.mark.parametrize(
    ("changes", "verdict", "reason"),
    [
        ({}, "reproduced", "equal to the printed digits"),
        ({"value": "0.07", "unit": "G"}, "reproduced", "equal to the printed digits"),
        ({"value": "74.10"}, "measured differently", "the convention thop gives the printed number"),
        ({"value": "74.10", "convention": "thop"}, "reproduced", "equal to the printed digits"),
        (
            {"value": "92.84"},
            "refuted",
            "nothing named here gives the printed number; the nearest, thop, gives 74.100",
        ),
        ({"value": "74.09"}, "refuted", "nothing named here gives the printed number; the nearest, thop, gives 74.100"),
        (
            {"value": "73.365"},
            "refuted",
            "nothing named here gives the printed number",
        ),
        (
            {"value": "73.3", "unit": "M"},
            "measured differently",
            "ours, cut off after the printed digits, gives the printed number",
        ),
        (
            {"value": "73400", "unit": "K"},
            "measured differently",
            "ours, rounded before the last zeros, gives the printed number",
        ),
        (
            {"value": "73.40"},
            "measured differently",
            "ours, rounded before the last zeros, gives the printed number",
        ),
        (
            {"value": "73.00"},
            "refuted",
            "nothing named here gives the printed number",
        ),
        (
            {"metric": "parameters", "value": "0.49", "inferred": "a guess"},
            "measured differently",
            "ours, cut off after the printed digits, gives the printed number",
        ),
        ({"metric": "parameters", "value": "0.6", "inferred": "a guess"}, "measured differently", "a guess"),
        ({"metric": "parameters", "value": "0.50"}, "reproduced", "equal to the printed digits"),
        (
            {"metric": "parameters", "value": "0.41"},
            "measured differently",
            "the convention hrank_params gives the printed number",
        ),
        ({"convention": "a count of his own", "value": "9"}, "measured differently", "ours is of the convention macs"),
    ],
)
def test_costs_are_tried_under_every_convention(changes: dict[str, object], verdict: str, reason: str) -> None:
    stated = cost_claim(**changes)
    found = judge(stated, costs(stated, PRUNED), NOTHING)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_operations_between_what_tools_count_are_not_refuted() -> None:
    tools = msgspec.structs.replace(PRUNED, views={"thop_0.0.31": 74_100_000, "thop_0.1.1": 74_900_000})
    between = judge(cost_claim(value="74.50"), costs(cost_claim(value="74.50"), tools), NOTHING)
    assert between.verdict == "measured differently" and "between what macs and thop_0.1.1 give" in between.reason
    for changes in ({"value": "75.00"}, {"value": "73.20"}, {"value": "74.50", "convention": "macs"}):
        stated = cost_claim(**changes)
        assert judge(stated, costs(stated, tools), NOTHING).verdict == "refuted"


@pytest.mark.parametrize(
    ("total", "printed", "verdict"),
    [
        ("73", "42.1", "measured differently"),  # of 126; the numbers themselves give 41.96 %
        ("90", "42.1", "refuted"),  # a total that no count gives
        ("73", "45.0", "refuted"),
        ("73", "42.0634", "measured differently"),  # 42.06349, cut off
    ],
)
def test_a_percentage_may_follow_from_totals_as_printed(total: str, printed: str, verdict: str) -> None:
    dense = msgspec.structs.replace(DENSE, macs=126_400_000, views={})
    pruned = msgspec.structs.replace(PRUNED, macs=73_360_000, views={})
    stated = cost_claim(value=printed, unit="%", relation="reduction", variant="small", relative_to="base")
    names = [Variant(name="small"), Variant(name="base")]
    paper = Manifest(
        name="alder", title="t", interfaces=[], variants=names,
        claims=[stated, cost_claim(value=total, variant="small")],
    )  # fmt: skip
    found = judge(stated, related(stated, costs(stated, pruned), costs(stated, dense), paper), NOTHING)
    assert found.verdict == verdict
    assert ("the rounded totals 73 (macs) and 126 M (macs)" in found.reason) == (verdict == "measured differently")


def test_a_count_that_is_a_lower_bound_refutes_nothing() -> None:
    part = msgspec.structs.replace(PRUNED, complete=False)
    found = judge(cost_claim(value="92.84"), costs(cost_claim(), part), NOTHING)
    assert (found.verdict, found.reason) == ("measured differently", "our count is a lower bound")


@pytest.mark.parametrize(
    ("value", "changes", "verdict", "reason"),
    [
        ("41.5", {}, "reproduced", "equal to the printed digits"),
        ("42.0", {}, "measured differently", "thop for its baseline gives the printed number"),
        ("41.0", {}, "measured differently", "thop for the method and macs for its baseline gives the printed number"),
        ("41.0", {"convention": "thop", "relative_convention": "macs"}, "reproduced", "equal to the printed digits"),
        ("63.3", {}, "refuted", "nothing named here gives the printed number"),
    ],
)
def test_a_reduction_that_mixes_conventions_is_told(
    value: str, changes: dict[str, object], verdict: str, reason: str
) -> None:
    stated = cost_claim(value=value, unit="%", relation="reduction", **changes)
    theirs = msgspec.structs.replace(stated, convention=stated.relative_convention or stated.convention)
    pairs = relative(stated, costs(stated, PRUNED), costs(theirs, DENSE))
    found = judge(stated, pairs, NOTHING)
    assert found.verdict == verdict and reason in found.reason


def test_one_convention_for_both_goes_before_a_mixture() -> None:
    stated = cost_claim(unit="%", relation="reduction", value="41.5")
    pairs = relative(stated, costs(stated, PRUNED), costs(stated, DENSE)).evidence
    assert [item.where for item in pairs][:2] == ["macs", "thop"]
