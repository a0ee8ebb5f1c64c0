"""Ranks of speed and of energy: inside one host and condition, of what is stable, from the measurements' own intervals.

Measurements of two runs share no resamples, so that nothing is paired: two are told apart where their logarithms differ by
more than their standard errors explain, all pairs of a table at once (Bonferroni). What a host does from day to day is not
in an interval; only ``harness bench A --against B`` may say how many times faster.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, log, sqrt
from statistics import NormalDist

import msgspec
import numpy as np

from harness.paired import LEVEL, widened
from harness.record import Energy, Quantile, Record, Timing
from leaderboard.boards import RANKED_PROVENANCE, speed_flags
from leaderboard.entries import age_key
from leaderboard.ranks import RankRange, ranges_of

FEWEST_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A positive quantity, lower is better, with the standard error of its logarithm and how many parts tell that error."""

    record: Record
    value: float
    error: float
    parts: int


def speed_ranks(results: Sequence[tuple[Record, Timing]], span: str) -> dict[str, RankRange]:
    """Record id -> its range by the median of `span`, among the timings of one host and condition."""
    found = (_timed(record, timing, span) for record, timing in results if _comparable(record, timing.verdict, "speed"))
    return _ranges(seen for seen in found if seen)


def energy_ranks(results: Iterable[Record]) -> dict[str, RankRange]:
    """Record id -> its range by gross energy, among records of one host and condition whose counters cover the same."""
    groups: dict[Hashable, list[Seen]] = {}
    for record in results:
        energy = next(iter(record.measurements.energy), None)
        if energy is not None and _comparable(record, energy.verdict, "energy") and (seen := _spent(record, energy)):
            groups.setdefault((energy.source, energy.scope), []).append(seen)
    return {id: place for group in groups.values() for id, place in _ranges(group).items()}


def _comparable(record: Record, verdict: str, scope: str) -> bool:
    """Whether a measurement may be ranked: stable, of a method's own arithmetic and weights, by somebody who measured it."""
    vouched = record.provenance in RANKED_PROVENANCE and record.submission.weights.kind != "random"
    return verdict == "stable" and vouched and not speed_flags(record, scope)


def _timed(record: Record, timing: Timing, name: str) -> Seen | None:
    span = next((item for item in timing.spans if item.name == name), None)
    error = _log_error(span.p50) if span else None
    if span is None or span.p50.value is None or error is None or span.blocks < 2:
        return None
    return Seen(record, span.p50.value, error, span.blocks)


def _log_error(found: Quantile) -> float | None:
    """The standard error of the logarithm, from the 95 % interval; None where there is none that can be one."""
    value, low, high = found.value, found.low, found.high
    if value is None or low is None or high is None or not 0 < low <= value <= high or not isfinite(high):
        return None
    return (log(high) - log(low)) / (2 * NormalDist().inv_cdf(0.975))


def _spent(record: Record, energy: Energy) -> Seen | None:
    """From the spread of the windows, a share of their mean; facts of a stranger may be anything."""
    windows, spread = energy.facts.get("windows"), energy.facts.get("spread")
    if not isinstance(windows, list) or not isinstance(spread, int | float) or isinstance(spread, bool):
        return None
    value = energy.energy_j
    if value is None or not (0 < value < np.inf and 0 <= spread < np.inf) or len(windows) < FEWEST_WINDOWS:
        return None
    return Seen(record, value, spread / sqrt(len(windows)), len(windows))


def _ranges(found: Iterable[Seen]) -> dict[str, RankRange]:
    newest: dict[str, Seen] = {}
    for seen in sorted(found, key=lambda seen: age_key(seen.record)):
        newest[_method(seen.record)] = seen
    systems = sorted(newest.values(), key=lambda seen: seen.record.id)
    if len(systems) < 2:
        return {}
    logs = np.log(np.array([seen.value for seen in systems]))
    errors = np.array([seen.error for seen in systems])
    pairs = len(systems) * (len(systems) - 1) / 2
    critical = NormalDist().inv_cdf(1 - (1 - LEVEL) / (2 * pairs))
    wide = widened(np.array([critical]), min(seen.parts for seen in systems))[0]
    faster = logs[None, :] - logs[:, None] > wide * np.sqrt(errors[:, None] ** 2 + errors[None, :] ** 2)
    order = np.argsort(logs, kind="stable").tolist()
    places = ranges_of(faster, order, [None] * len(systems))
    return {seen.record.id: place for seen, place in zip(systems, places, strict=True)}


def _method(record: Record) -> str:
    """What is timed: one network is as fast under any training seed, and its newest timing counts."""
    part = record.submission
    identity = (record.submitter, part.name, part.variant, part.options, record.run.options.get("settings", {}))
    return msgspec.json.encode(identity, order="sorted").decode()
