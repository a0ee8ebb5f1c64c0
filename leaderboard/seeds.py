"""Rows of a board: one result, or the runs of one seed group with their mean and how far they spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from harness.record import Record
from harness.sides import method_key
from leaderboard.boards import Board
from leaderboard.entries import Entry
from leaderboard.numbers import metric_cell, places_of, quiet
from leaderboard.table import Cell


@dataclass(frozen=True, slots=True)
class Line:
    """The results that one row shows, in the order of the board."""

    entries: tuple[Entry, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Their records."""
        return tuple(entry.record for entry in self.entries)

    @property
    def lead(self) -> Record:
        """The first record, whose other facts the row shows."""
        return self.entries[0].record


def lines(board: Board, entries: Sequence[Entry]) -> list[Line]:
    """The rows of a board, in the order of their first runs: groups that are ranked, then those that cannot be.

    A group is one submitter's: a stranger's run under the same name must not move another's mean.
    """
    ranked = {run.record.id: id for id, group in board.seed_groups.items() for run in group.runs}
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        record = entry.record
        alone = f"unranked {method_key(record)}" if record.seed_group else record.id
        groups.setdefault(ranked.get(record.id, alone), []).append(entry)
    return [Line(_led(id, found)) for id, found in groups.items()]


def _led(id: str, found: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(found, key=lambda entry: entry.record.id != id))


def mean_cell(records: Sequence[Record]) -> Cell:
    """The mean of the main metric over the runs, and their standard deviation."""
    found = [record.main for record in records]
    metrics = [metric for metric in found if metric is not None and metric.value is not None]
    values = [metric.value for metric in metrics if metric.value is not None]
    if len(values) < 2:
        return quiet(metric_cell(metrics[0] if metrics else None, "nothing was scored"))
    places, mean, spread = places_of(metrics[0]), fmean(values), stdev(values)
    return Cell(
        value=mean,
        text=f"{mean:.{places}f}",
        span=f"± {spread:.{places}f} over {len(values)} seeds",
    )
