"""The standings of one board: who is ranked, in which range, and why others are not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.errors import RecordError
from harness.paired import drawn_units
from harness.record import Record
from leaderboard.boards import LARGEST_SCORE, Board, main_metric, why_unranked
from leaderboard.entries import Entry, age_key
from leaderboard.ranks import RankRange, rank_ranges
from leaderboard.seed_groups import listed_runs
from leaderboard.stored import stored_table

MetricKind = tuple[bool, str, int]
"""What the main metrics of one board must share: whether higher is better, the unit, how many units were resampled."""
FEWEST_RESAMPLES = 100
MOST_UNDEFINED = 0.1
"""A metric that is undefined on more of the resamples than this has no rank."""


@dataclass(frozen=True, slots=True)
class Standings:
    """Record id -> range of ranks, or the reason why it has none."""

    ranges: Mapping[str, RankRange]
    reasons: Mapping[str, str]
    same_as: Mapping[str, str] = field(default_factory=dict)
    """Id of a record that is not ranked by itself (a repeat, a further training seed) -> id of the one ranked for it."""

    def has_rank(self, id: str) -> bool:
        """Whether the answers of a record are ranked, with it or with the one that is listed in its place."""
        return self.same_as.get(id, id) in self.ranges

    @property
    def first(self) -> list[str]:
        """Ids of the systems that nothing was shown to beat."""
        return [id for id, found in self.ranges.items() if found.best == 1]


def standings(board: Board) -> Standings:
    """Rank the systems of a board by its main metric; every record gets a range or a reason."""
    reasons = {entry.record.id: why_unranked(entry) for entry in board.listed}
    reasons |= {id: f"the same answers are listed with record {listed}" for id, listed in board.same_as.items()}
    runs = listed_runs(board.seed_groups)
    reasons |= {id: f"the runs of its seed group are ranked together, with record {to}" for id, to in runs.items()}
    columns: dict[str, NDArray[np.float64]] = {}
    agreeing = _agreeing([entry for entry in board.entries if not reasons[entry.record.id]], reasons)
    for entry in _one_asystem_of(agreeing, reasons):
        try:
            columns[entry.record.id] = _replicates(board, entry)
        except RecordError as error:
            reasons[entry.record.id] = str(error)
    columns = _same_resamples(columns, reasons)
    ranges = _ranges(board, columns) if len(columns) > 1 else {}
    alone = (
        "a rank needs a second result"
        if len(columns) < 2
        else f"fewer than {FEWEST_RESAMPLES} resamples are defined for all"
    )
    reasons |= {id: alone for id in columns if id not in ranges}
    kept = {id: reason for id, reason in reasons.items() if reason and id not in ranges}
    return Standings(ranges, kept, board.listed_as)


def _agreeing(entries: list[Entry], reasons: dict[str, str]) -> list[Entry]:
    """Those whose metric is the one that most verified results have, else most results: direction, unit, resampled units.

    One record that says otherwise must not turn the others over.
    """
    stated = {
        entry.record.id: (metric.higher_is_better, metric.unit, metric.n)
        for entry in entries
        if (metric := main_metric(entry.record))
    }
    verified = Counter(stated[entry.record.id] for entry in entries if entry.record.provenance == "verified")
    votes = Counter(stated.values())
    usual = max(votes, key=lambda kind: (verified[kind], votes[kind], kind), default=(True, "", 0))
    reasons |= {id: _disagreement(kind, usual) for id, kind in stated.items() if kind != usual}
    return [entry for entry in entries if stated[entry.record.id] == usual]


def _disagreement(kind: MetricKind, usual: MetricKind) -> str:
    for index, what in enumerate(("that higher is better", "the unit", "the number of units")):
        if kind[index] != usual[index]:
            said, others = (
                f"'{value}'" if isinstance(value, str) else str(value) for value in (kind[index], usual[index])
            )
            return f"it states {what} as {said} where the others state {others}"
    raise AssertionError("the kinds are equal")


def _ranges(board: Board, columns: Mapping[str, NDArray[np.float64]]) -> dict[str, RankRange]:
    metrics = {entry.record.id: main_metric(entry.record) for entry in board.entries}
    chosen = [metrics[id] for id in columns]
    groups = board.seed_groups
    means = [
        groups[id].mean if id in groups else metric.value for id, metric in zip(columns, chosen, strict=True) if metric
    ]
    values = np.array(means, dtype=np.float64)
    stacked = np.stack(list(columns.values()))
    kept = stacked[:, np.isfinite(stacked).all(axis=0)]
    if kept.shape[1] < FEWEST_RESAMPLES:
        return {}
    [higher] = {metric.higher_is_better for metric in chosen if metric}
    units = min(drawn_units(metric) for metric in chosen if metric)
    return dict(zip(columns, rank_ranges(values, kept, units, higher_is_better=higher), strict=True))


def _same_resamples(columns: dict[str, NDArray[np.float64]], reasons: dict[str, str]) -> dict[str, NDArray[np.float64]]:
    """Drop columns that are not paired with the rest: another number of resamples than most have."""
    lengths = sorted(len(column) for column in columns.values())
    usual = max(lengths, key=lambda length: (lengths.count(length), length), default=0)
    for id, column in columns.items():
        if len(column) != usual:
            reasons[id] = f"it has {len(column)} resamples where the others have {usual}"
    return {id: column for id, column in columns.items() if len(column) == usual}


def _replicates(board: Board, entry: Entry) -> NDArray[np.float64]:
    """The replicate scores of a row: of a seed group the mean over its runs, which is what its score is."""
    group = board.seed_groups.get(entry.record.id)
    columns = [replicates_of(run) for run in (group.runs if group else (entry,))]
    if len({len(column) for column in columns}) > 1:
        raise RecordError("the runs of its seed group have different numbers of resamples")
    mean: NDArray[np.float64] = np.mean(columns, axis=0)
    return mean if group else columns[0]


def replicates_of(entry: Entry) -> NDArray[np.float64]:
    """The replicate scores of the board's metric, float64 (resamples,), NaN where undefined.

    Raises RecordError saying why there are none, whatever the file of a stranger holds.
    """
    record = entry.record
    table = stored_table(entry, "replicates", "its replicate scores")
    if table is None:
        raise RecordError("no replicate scores are kept")
    column = _column(table, f"{record.task.protocol}/{record.task.main_metric}")
    undefined = 1 - float(np.isfinite(column).mean()) if len(column) else 1.0
    if undefined > MOST_UNDEFINED:
        raise RecordError(f"the metric is undefined on {undefined:.0%} of the resamples")
    return column


def _column(table: Table, name: str) -> NDArray[np.float64]:
    column = table.columns.get(name)
    if column is None:
        raise RecordError("its replicate scores are not those that it was written with")
    if isinstance(column, Ragged) or column.dtype != np.float64 or column.shape != (len(table.ids),):
        raise RecordError("its replicate scores are not one float64 a resample")
    return np.where(np.abs(column) < LARGEST_SCORE, column, np.nan)


def _one_asystem_of(entries: list[Entry], reasons: dict[str, str]) -> list[Entry]:
    """The newest result of every system; older ones are not counted a second time."""
    newest: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: age_key(entry.record), reverse=True):
        chosen = newest.setdefault(system_of(entry.record), entry)
        if chosen is not entry:
            reasons[entry.record.id] = f"the same system is counted once, with record {chosen.record.id}"
    return sorted(newest.values(), key=lambda entry: entry.record.id)


def system_of(record: Record) -> str:
    """What makes two results the same system: method, variant, options and weights (or, without weights, the answers).

    The settings that the run stated count as options: on one board they are those that do not split it, and some change
    the answers (pieces of images). And who hands it in: a stranger's newer result of the same name must not take the
    rank of another's.
    """
    part = record.submission
    answers = next((item.digest for item in record.artifacts if item.kind == "predictions"), record.id)
    weights = part.weights.sha256 or answers
    stated = record.run.options.get("settings", {})
    identity: list[Any] = [record.submitter, part.name, part.variant, part.options, stated, weights]
    return msgspec.json.encode(identity, order="sorted").decode()
