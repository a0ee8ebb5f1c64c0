"""A paper's number beside a record's: what may be compared, the difference, and a verdict in neutral words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from harness.manifest import Claim
from harness.record import Metric, Record
from leaderboard.entries import age_key

PERCENT = ("%", "percent")
FRACTION = ("", "fraction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One claim, and the record that it is compared with, if any."""

    claim: Claim
    verdict: str
    """`equal to the printed digits`, `inside the interval`, `above`, `below`, `not comparable`, `not run`."""
    reason: str = ""
    record: Record | None = None
    metric: Metric | None = None
    measured: float | None = None
    """The record's value in the claim's unit."""
    difference: float | None = None
    """Measured minus printed, in the claim's unit."""


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
    return [_best(claim, listed) for claim in claims.values()]


def compare_board(record: Record) -> Comparison | None:
    """The claim about a record's main metric that can be compared with it, or None."""
    found = [compare(claim, record) for claim in claims_of(record) if claim.metric == record.task.main_metric]
    return next((item for item in found if item.difference is not None), None)


def _best(claim: Claim, records: list[Record]) -> Comparison:
    found = [compare(claim, record) for record in records if _is_about(claim, record)]
    comparable = [item for item in found if item.difference is not None]
    if found:
        return comparable[0] if comparable else found[0]
    about = " ".join(filter(None, [claim.task, claim.split]))
    return Comparison(claim=claim, verdict="not run", reason=f"there is no record of {about}")


def _is_about(claim: Claim, record: Record) -> bool:
    """Whether both are about one task and split; one's own data may be any split, and is refused with a reason."""
    same = claim.split in ("", record.task.split) or record.task.origin == "custom"
    return record.task.id == claim.task and same


def compare(claim: Claim, record: Record) -> Comparison:
    """Compare, or say what stands in the way."""
    metric = next((m for m in record.metrics if m.name == claim.metric and m.protocol == claim.protocol), None)
    printed = _number(claim.value)
    reason = _obstacle(claim, record, metric, printed)
    if reason or metric is None or metric.value is None or printed is None:
        return Comparison(claim=claim, verdict="not comparable", reason=reason, record=record)
    scale = 100.0 if claim.unit in PERCENT and metric.unit in FRACTION else 1.0
    measured = metric.value * scale
    difference = measured - float(printed)
    verdict = _verdict(printed, difference, metric, scale)
    return Comparison(
        claim=claim, verdict=verdict, record=record, metric=metric, measured=measured, difference=difference
    )


def _obstacle(claim: Claim, record: Record, metric: Metric | None, printed: Decimal | None) -> str:
    """Why a claim and a record cannot be compared, the weightiest reason first; empty where they can."""
    task, part = record.task, record.submission
    wanted: Mapping[str, Any] = claim.settings
    obstacles = (
        (claim.split not in ("", task.split), f"the claim is about {claim.split}, the record about {task.split}"),
        (
            task.origin != "official",
            f"the record is of the {'generated sample' if task.origin == 'sample' else 'user’s own data'}",
        ),
        (task.limit is not None, "the record is of a part of the samples"),
        (part.weights.kind == "random", "the record is of random weights"),
        (
            claim.variant not in ("", part.variant),
            f"the claim is about the variant {claim.variant}, the record about {part.variant or 'no named one'}",
        ),
        (bool(claim.method and not claim.variant), f"the claim is about {claim.method}, which is no variant here"),
        (bool(claim.relative_to or claim.baseline), f"the claim is relative to {claim.relative_to or claim.baseline}"),
        (claim.protocol == "unstated", "the source does not state its protocol"),
        (metric is None, f"the record has no {claim.metric} under {claim.protocol}"),
        (metric is not None and metric.value is None, metric.reason if metric else ""),
        (dict(wanted) != dict(record.settings), "its settings are others"),
        (printed is None, f"'{claim.value}' is no number"),
        (
            metric is not None and not _same_unit(claim.unit, metric.unit),
            f"the claim is in {claim.unit}, the record in {metric.unit if metric else ''}",
        ),
    )
    return next((text or "there is no value" for hindered, text in obstacles if hindered), "")


def _same_unit(claimed: str, measured: str) -> bool:
    return claimed in ("", measured) or (claimed in PERCENT and measured in (*FRACTION, *PERCENT))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip().rstrip("%").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _verdict(printed: Decimal, difference: float, metric: Metric, scale: float) -> str:
    exponent = printed.as_tuple().exponent
    assert isinstance(exponent, int)
    if abs(difference) <= 0.5 * 10.0**exponent * (1 + 1e-9):
        return "equal to the printed digits"
    if metric.interval and metric.interval.low * scale <= float(printed) <= metric.interval.high * scale:
        return "inside the interval"
    return "above the claim" if difference > 0 else "below the claim"


def printed_difference(comparison: Comparison) -> str:
    """The difference with two digits more than the claim was printed with; empty where there is none."""
    printed = _number(comparison.claim.value)
    if comparison.difference is None or printed is None:
        return ""
    exponent = printed.as_tuple().exponent
    places = max(0, -exponent) + 2 if isinstance(exponent, int) else 2
    return f"{comparison.difference:+.{places}f}"
