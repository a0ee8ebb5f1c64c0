"""Percentages that were worked out from totals as printed: 45.5 % less is 2.23 of 4.09 billion, each rounded before."""

from harness.claim import Claim
from harness.claims import NARROW, TOTALS, Evidence, Found, derive, equal, relative
from harness.manifest import Manifest
from harness.printed import Printed, multiplier, read_printed

_DERIVED = ("reduction", "share", "ratio")


def related(claim: Claim, method: Found, baseline: Found, manifest: Manifest | None) -> Found:
    """All evidence for a relation: from the numbers themselves, then from the totals that the source prints of them."""
    found = relative(claim, method, baseline)
    total = _total(claim, manifest) if claim.relation in _DERIVED else None
    printed = read_printed(total.value) if total else None
    if total is None or printed is None or printed.low != printed.high:
        return found
    # A total that none of our counts gives says nothing about what follows from it.
    giving = next((item for item in method.evidence if equal(total, printed, item)), None)
    return found if giving is None else found + _from_total(claim, giving, total, printed, baseline)


def _total(claim: Claim, manifest: Manifest | None) -> Claim | None:
    """The source's own number of the method, of which `claim` is a relation."""

    def network(item: Claim) -> tuple[object, ...]:
        return (item.variant, dict(item.options), item.metric)

    stated = manifest.claims if manifest is not None and claim.variant else []
    return next((item for item in stated if not item.relation and network(item) == network(claim)), None)


def _from_total(claim: Claim, giving: Evidence, total: Claim, printed: Printed, baseline: Found) -> Found:
    fitting = [item for item in baseline.evidence if item.where == giving.where or item.where not in NARROW]
    return Found(evidence=[made for item in fitting if (made := _pair(claim, giving, item, total, printed))])


def _pair(claim: Claim, mine: Evidence, theirs: Evidence, total: Claim, printed: Printed) -> Evidence | None:
    rounded = round(theirs.value / multiplier(total.unit), printed.places)
    value = derive(claim.relation, float(printed.low), rounded)
    if value is None:
        return None
    percent = claim.relation in ("reduction", "share")
    totals = f"{printed.low} ({mine.where}) and {rounded:.{printed.places}f} {total.unit} ({theirs.where})"
    return Evidence(
        value=value, unit="%" if percent else claim.unit, where=TOTALS, mixed=True,
        differs=f"working it out from the rounded totals {totals}", doubt=mine.doubt or theirs.doubt, record=mine.record,
    )  # fmt: skip
