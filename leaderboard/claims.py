"""A paper's numbers beside a submission's records, for its page and the boards; the verdict is the engine's."""

from collections.abc import Iterable, Sequence

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


Printed = tuple[str, ...]
"""What is printed where: the same in every wording of a manifest."""


def _printed(claim: Claim) -> Printed:
    stated = (claim.task, claim.split, claim.metric, claim.value, claim.unit)
    return (*stated, claim.source, claim.table, claim.row, claim.column)


def compare_all(records: Iterable[Record], told: Sequence[Comparison] = ()) -> list[Comparison]:
    """Every distinct claim of a submission's records, beside the record that fits it best.

    `told` are the verdicts on its paper's claims, which know more than records do (counts that are kept, what the installed
    manifest says): a claim that is among them has that verdict, also where a record states it in an older wording.
    """
    listed = sorted(records, key=age_key, reverse=True)
    claims = {msgspec.json.encode(claim, order="sorted"): claim for record in listed for claim in claims_of(record)}
    here, known = {_printed(claim) for claim in claims.values()}, {_printed(item.claim) for item in told}
    followed = [item for item in told if _printed(item.claim) in here]
    return followed + [compare(claim, listed) for claim in claims.values() if _printed(claim) not in known]


def stated(item: Comparison) -> bytes:
    """All that a page says of a verdict, apart from its record."""
    record = item.record.id if item.record else ""
    return msgspec.json.encode([item.claim, item.verdict, item.reason, item.ours, item.difference, record, item.metric])


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
