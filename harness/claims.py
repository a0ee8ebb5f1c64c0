"""Papers' numbers against what was scored, measured and counted here: one verdict a claim, by the rule in CLAIMS.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.claim import Blocker, Claim
from harness.claim_metrics import COST_METRICS
from harness.printed import PERCENT, Printed, multiplier, otherwise, read_printed
from harness.record import Metric, Record

Verdict = Literal["reproduced", "refuted", "measured differently", "cannot tell yet"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "refuted", "measured differently", "cannot tell yet")
FRACTION = ("", "fraction")
POINTS = (*PERCENT, "points")
TOTALS = "totals as printed"
"""Where a relation stands that was worked out from the totals that its source prints."""
NARROW = ("bit_operations", "darts_mult_add")
"""Conventions of few papers: mixed with others, or cut off, they give a number by chance rather than by what was done."""
_ALWAYS = (1 + 1e-9, 1e-12)
"""Room for the last bit of a float: relative, absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A number of ours that a claim may be held against."""

    value: float
    unit: str = ""
    where: str = ""
    """The protocol or convention that it stands under."""
    differs: str = ""
    """What of it the claim states otherwise: protocol, convention, settings, machine; empty where nothing."""
    doubt: str = ""
    """Why it cannot refute, though it agrees in all that the claim states; empty where it can."""
    mixed: bool = False
    """Whether it is a relation of numbers under two conventions."""
    interval: tuple[float, float] | None = None
    record: Record | None = None
    metric: Metric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All evidence for one claim, the newest first, and why other records are none."""

    evidence: Sequence[Evidence] = ()
    hindered: Sequence[str] = ()

    def __add__(self, other: "Found") -> "Found":
        return Found(evidence=(*self.evidence, *other.evidence), hindered=(*self.hindered, *other.hindered))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One claim, what of ours it was held against, and the verdict."""

    claim: Claim
    verdict: Verdict
    reason: str
    """Why this verdict, as half a sentence."""
    ours: float | None = None
    """In the claim's unit."""
    difference: float | None = None
    """Ours minus printed, in the claim's unit; None for a range."""
    evidence: Evidence | None = None
    blocker: Blocker | None = None
    """The one thing that is missing; set where the verdict is ``cannot tell yet``."""

    @property
    def record(self) -> Record | None:
        """The record that the number is from."""
        return self.evidence.record if self.evidence else None

    @property
    def metric(self) -> Metric | None:
        """The record's metric that the number is, or is derived from."""
        return self.evidence.metric if self.evidence else None

    @property
    def direct(self) -> bool:
        """Whether ours is under the very protocol, convention and settings that the claim states."""
        return self.evidence is not None and not self.evidence.differs


def judge(claim: Claim, found: Found, blocker: Blocker) -> Comparison:
    """The verdict on one claim; `blocker` is what is missing where nothing of ours can be held against it."""
    printed = read_printed(claim.value)
    if printed is None:
        return Comparison(
            claim=claim, verdict="cannot tell yet", reason=f"'{claim.value}' is no number", blocker=blocker
        )
    same = [item for item in found.evidence if not item.differs]
    others = [item for item in found.evidence if item.differs]
    for item in same:
        if equal(claim, printed, item):
            return _made(claim, printed, item, "reproduced", _how_equal(claim))
    for item in same:
        if _inside(claim, printed, item):
            return _made(claim, printed, item, "reproduced", "inside the 95 % interval")
    giving = next((item for item in others if equal(claim, printed, item)), None)
    if giving is not None:
        return _made(claim, printed, giving, "measured differently", f"{giving.differs} gives the printed number")
    for item in (*same, *others):
        chance = (item.mixed and item.where != TOTALS) or (item.where in NARROW and bool(item.differs))
        how = "" if chance or claim.qualifier else _otherwise(claim, printed, item)
        if how:
            reason = f"{item.differs or 'ours'}, {how}, gives the printed number"
            return _made(claim, printed, item, "measured differently", reason)
    firm = next((item for item in same if not item.doubt), None)
    if firm is not None:
        reason = "nothing named here gives the printed number" if others else "ours differs beyond the printed digits"
        return _made(claim, printed, firm, "refuted", reason + _nearest(claim, printed, firm, others))
    if same:
        return _made(claim, printed, same[0], "measured differently", same[0].doubt)
    if others:
        return _made(claim, printed, others[0], "measured differently", f"ours is of {others[0].differs}")
    beside = [text for text in found.hindered[:1] if text != blocker.text]
    return Comparison(
        claim=claim, verdict="cannot tell yet", reason="; ".join([blocker.text, *beside]), blocker=blocker
    )


def _otherwise(claim: Claim, printed: Printed, item: Evidence) -> str:
    # One score of two decimals in ten ends in a zero that counts; totals of operations end in zeros that do not.
    return otherwise(printed, in_claims_unit(claim, item), zeros=claim.metric in COST_METRICS)


def in_claims_unit(claim: Claim, item: Evidence) -> float:
    """The value of `item` in the unit that the claim is printed in."""
    return _scaled(claim, item, item.value)


def _scaled(claim: Claim, item: Evidence, value: float) -> float:
    hundred = claim.unit in POINTS and item.unit in FRACTION
    return value * 100.0 if hundred else value / multiplier(claim.unit)


def same_unit(claim: Claim, unit: str) -> bool:
    """Whether a metric in `unit` can be put into the claim's unit."""
    return claim.unit in ("", unit) or (claim.unit in POINTS and unit in (*FRACTION, *PERCENT))


def equal(claim: Claim, printed: Printed, item: Evidence) -> bool:
    """Whether ours, rounded to the printed digits, is the printed number, or keeps the bound that the source states."""
    ours = in_claims_unit(claim, item)
    room = (printed.half * (2 if claim.qualifier == "about" else 1)) * _ALWAYS[0] + _ALWAYS[1]
    if claim.qualifier in ("at most", "less than", "up to"):
        return ours <= float(printed.high) + room
    if claim.qualifier in ("at least", "more than"):
        return ours >= float(printed.low) - room
    return float(printed.low) - room <= ours <= float(printed.high) + room


def _inside(claim: Claim, printed: Printed, item: Evidence) -> bool:
    if item.interval is None or printed.low != printed.high or claim.qualifier:
        return False
    low, high = (_scaled(claim, item, bound) for bound in item.interval)
    return low <= float(printed.low) <= high


def _how_equal(claim: Claim) -> str:
    return f"ours is {claim.qualifier} the printed number" if claim.qualifier else "equal to the printed digits"


def _nearest(claim: Claim, printed: Printed, firm: Evidence, others: Sequence[Evidence]) -> str:
    """Which one convention comes nearest to a printed number that nothing gives, where that is not `firm`."""

    def distance(item: Evidence) -> float:
        ours = in_claims_unit(claim, item)
        return max(float(printed.low) - ours, ours - float(printed.high), 0.0)

    nearest = min((firm, *(item for item in others if not item.mixed)), key=distance)
    if nearest is firm:
        return ""
    return f"; the nearest, {nearest.where}, gives {in_claims_unit(claim, nearest):.{printed.places + 1}f}"


def _made(claim: Claim, printed: Printed, item: Evidence, verdict: Verdict, reason: str) -> Comparison:
    ours = in_claims_unit(claim, item)
    difference = ours - float(printed.low) if printed.low == printed.high else None
    return Comparison(
        claim=claim, verdict=verdict, reason=reason, ours=ours, difference=difference, evidence=item
    )  # fmt: skip


def relative(claim: Claim, method: Found, baseline: Found) -> Found:
    """The evidence for a relation: every pair of a method's and its baseline's number that belong together."""
    pairs = [
        made
        for mine in method.evidence
        for theirs in baseline.evidence
        if _together(mine, theirs) and (made := _related(claim, mine, theirs))
    ]
    pairs.sort(key=lambda item: bool(item.differs) + (" for its baseline" in item.differs))
    hindered = [*method.hindered, *(f"of the baseline: {text}" for text in baseline.hindered)]
    return Found(evidence=pairs, hindered=hindered)


def _together(mine: Evidence, theirs: Evidence) -> bool:
    """Scores only of the same data under the same protocol and settings; counts in any conventions, which are named."""
    one, other = mine.record, theirs.record
    if one is None or other is None or mine.metric is None or theirs.metric is None:
        return True
    same_data = one.task.data_digest == other.task.data_digest and dict(one.settings) == dict(other.settings)
    return same_data and mine.metric.protocol == theirs.metric.protocol


def _related(claim: Claim, mine: Evidence, theirs: Evidence) -> Evidence | None:
    value = derive(claim.relation, *(_points(claim, item) for item in (mine, theirs)))
    if value is None:
        return None
    if mine.where == theirs.where:
        where, differs = mine.where, mine.differs or theirs.differs
    else:
        where = f"{mine.where} against {theirs.where}"
        mixed = f"{mine.where} for the method and {theirs.where} for its baseline"
        differs = mixed if mine.differs or theirs.differs else ""
    unit = "%" if claim.relation in ("reduction", "share") else claim.unit
    return replace(
        mine, value=value, unit=unit, where=where, differs=differs, mixed=mine.where != theirs.where,
        doubt=mine.doubt or theirs.doubt, interval=None,
    )  # fmt: skip


def _points(claim: Claim, item: Evidence) -> float:
    scaled = claim.relation in ("drop", "gain") and claim.unit in POINTS and item.unit in FRACTION
    return item.value * (100.0 if scaled else 1.0)


def derive(relation: str, mine: float, theirs: float) -> float | None:
    """A relation's number (`harness.claim.Relation`) from the method's value and its baseline's; None for a division by 0."""
    if relation in ("drop", "gain"):
        return theirs - mine if relation == "drop" else mine - theirs
    divisor = mine if relation == "ratio" else theirs
    if divisor == 0:
        return None
    quotient = (theirs if relation == "ratio" else mine) / divisor
    return {"ratio": quotient, "share": 100 * quotient}.get(relation, 100 * (1 - quotient))


def tally(comparisons: Iterable[Comparison]) -> dict[Verdict, int]:
    """How many claims got which verdict, every verdict listed."""
    given = [item.verdict for item in comparisons]
    return {verdict: given.count(verdict) for verdict in VERDICTS}
