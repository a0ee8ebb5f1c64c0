"""A paper's numbers beside a submission's records, for its page and the boards; the verdict is the engine's."""

from collections.abc import Iterable

import msgspec

from harness.claim import Blocker
from harness.claim_evidence import recorded
from harness.claims import Comparison, judge
from harness.manifest import Claim
from harness.printed import read_printed
from harness.record import Record
from leaderboard.entries import age_key


def claims_of(record: Record) -> list[Claim]:
    """The claims that a record carries; those that are no claims of this schema are left out."""
    found = []
    for stated in record.submission.claims:
        try:
            found.append(msgspec.convert(stated, Claim))
        except msgspec.ValidationError:
            continue
    return found


def compare_all(records: Iterable[Record]) -> list[Comparison]:
    """Every distinct claim of a submission's records, beside the record that fits it best."""
    listed = sorted(records, key=age_key, reverse=True)
    claims = {msgspec.json.encode(claim, order="sorted"): claim for record in listed for claim in claims_of(record)}
    return [compare(claim, listed) for claim in claims.values()]


def compare(claim: Claim, records: list[Record]) -> Comparison:
    """The verdict on a claim from these records, the newest first."""
    place = " ".join(filter(None, [claim.task, claim.split]))
    return judge(
        claim, recorded(claim, records), Blocker(missing="data", text=f"there is no record of {place} that fits")
    )


def compare_board(record: Record) -> Comparison | None:
    """The claim about a record's main metric that can be compared with it, or None."""
    about_main = (claim for claim in claims_of(record) if claim.metric == record.task.main_metric)
    found = [compare(claim, [record]) for claim in about_main if claim.task == record.task.id]
    return next((item for item in found if item.direct and item.difference is not None), None)


def printed_difference(comparison: Comparison) -> str:
    """The difference with two digits more than the claim was printed with; empty where there is none."""
    printed = read_printed(comparison.claim.value)
    if comparison.difference is None or printed is None:
        return ""
    return f"{comparison.difference:+.{printed.places + 2}f}"
