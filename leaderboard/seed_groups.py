"""Which results are runs of one method under several training seeds: they are ranked together, by their mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

import msgspec

from harness.record import Record
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


def training(record: Record) -> str:
    """What tells one training from another: the weights, or without weights the answers."""
    answers = next((item.digest for item in record.artifacts if item.kind == "predictions"), record.id)
    return record.submission.weights.sha256 or answers


def listed_runs(groups: Mapping[str, SeedGroup]) -> dict[str, str]:
    """Id of a run that is ranked with its group -> id of the run that is ranked for all."""
    return {run.record.id: listed for listed, group in groups.items() for run in group.others}


def method_key(record: Record) -> str:
    """What the runs of a group share: who hands them in, method, variant, stated settings, and how the metric is meant."""
    part, metric = record.submission, record.main
    kind = (metric.higher_is_better, metric.unit, metric.n) if metric else None
    identity = (record.seed_group, record.submitter, part.name, part.variant, _stated(record), kind)
    return msgspec.json.encode(identity, order="sorted").decode()


def _stated(record: Record) -> object:
    return record.run.options.get("settings", {})
