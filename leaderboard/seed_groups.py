"""Which results are runs of one method under several training seeds: they are ranked together, by their mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from harness.sides import method_key, training
from leaderboard.entries import Entry, age_key


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """The runs of one method, which are ranked together by the mean of their scores."""

    listed: Entry
    """The newest run: it is ranked for all."""
    others: tuple[Entry, ...]
    """The other runs, from new to old; there is at least one."""

    @property
    def runs(self) -> tuple[Entry, ...]:
        """Every run."""
        return (self.listed, *self.others)

    @property
    def values(self) -> list[float]:
        """The runs' scores in the main metric."""
        found = (entry.record.main for entry in self.runs)
        return [metric.value for metric in found if metric is not None and metric.value is not None]

    @property
    def mean(self) -> float:
        """The mean score: what is ranked."""
        return fmean(self.values)

    @property
    def spread(self) -> float:
        """The standard deviation of the scores over the seeds, of a sample."""
        return stdev(self.values)


def find_groups(entries: Iterable[Entry]) -> dict[str, SeedGroup]:
    """Id of the listed run -> its group, of `entries` that may all be ranked on one board.

    A group is one submitter's, of one method, variant and stated settings. Runs with the same weights are one training:
    the newest counts. A single training is no group.
    """
    groups: dict[str, dict[str, Entry]] = {}
    for entry in sorted(entries, key=lambda entry: age_key(entry.record), reverse=True):
        if entry.record.seed_group:
            groups.setdefault(method_key(entry.record), {}).setdefault(training(entry.record), entry)
    runs = [tuple(group.values()) for group in groups.values() if len(group) > 1]
    return {first.record.id: SeedGroup(first, others) for first, *rest in runs if (others := tuple(rest))}


def listed_runs(groups: Mapping[str, SeedGroup]) -> dict[str, str]:
    """Id of a run that is ranked with its group -> id of the run that is ranked for all."""
    return {run.record.id: listed for listed, group in groups.items() for run in group.others}
