"""Which records replace which. A record of a stranger says so of any other; only some may."""

from collections.abc import Mapping, Set
from itertools import chain

from harness.record import Record
from leaderboard.boards import board_key
from leaderboard.entries import Entry, age_key

Claim = tuple[str, str]
"""The id of a record and that of one which it replaces."""


def replaced(entries: Mapping[str, Entry]) -> tuple[dict[str, str], dict[str, str]]:
    """Record id -> the record that supersedes it, and record id -> the record that withdraws it; of several the first.

    A claim counts if both records are of one submission by one submitter on one board, and the claiming one is as it
    was written. Where records replace each other in a circle, the one that was finished last stays.
    """
    owners = {id: _owner(entry.record) for id, entry in entries.items()}

    def allowed(by: str, target: str) -> bool:
        return target != by and not entries[by].altered and owners.get(target) == owners[by]

    superseded = [(id, to) for id, entry in entries.items() for to in entry.record.supersedes if allowed(id, to)]
    withdrawn = [(id, to) for id, entry in entries.items() for to in entry.record.withdraws if allowed(id, to)]
    broken = _backward_on_circles({*superseded, *withdrawn}, entries)
    return _first(superseded, broken), _first(withdrawn, broken)


def _owner(record: Record) -> tuple[object, ...]:
    return record.submission.name, record.submitter.name, record.submitter.team, board_key(record)


def _first(claims: list[Claim], broken: Set[Claim]) -> dict[str, str]:
    found: dict[str, str] = {}
    for by, target in claims:
        if (by, target) not in broken:
            found.setdefault(target, by)
    return found


def _backward_on_circles(claims: Set[Claim], entries: Mapping[str, Entry]) -> set[Claim]:
    """The claims of older records on newer ones that may close a circle; without them there is none."""
    ages = {id: age_key(entries[id].record) for id in set(chain.from_iterable(claims))}
    backward = {(by, target) for by, target in claims if ages[by] < ages[target]}
    if not backward:
        return set()
    left, before = set(claims), 0
    while len(left) != before:  # take away, again and again, records that nothing names or that name nothing
        before = len(left)
        inner = {by for by, _ in left} & {target for _, target in left}
        left = {(by, target) for by, target in left if by in inner and target in inner}
    return backward & left
