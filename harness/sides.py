"""What stands on one side of a comparison: a record, or the runs of one method under several training seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

import msgspec

from harness.record import Metric, Record
from harness.store import Home

Stored = tuple[Record, Home]
"""A record and the home that keeps what lies beside it."""


@dataclass(frozen=True, slots=True)
class Side:
    """One record, or the runs of a seed group, from new to old: then the mean of their scores is compared."""

    runs: tuple[Stored, ...]

    @property
    def record(self) -> Record:
        """The record, of several the newest."""
        return self.runs[0][0]

    @property
    def ids(self) -> list[str]:
        """Ids of the records."""
        return [record.id for record, _ in self.runs]

    def metric(self, like: Metric) -> Metric | None:
        """The metric of that protocol and name, its value the mean over the runs; None where a run lacks it."""
        found = [metric for record, _ in self.runs if (metric := _same(like, record)) is not None]
        if len(found) < len(self.runs):
            return None
        return found[0] if len(found) == 1 else _mean(found)

    def spread(self, like: Metric) -> float | None:
        """The standard deviation of the metric over the runs, of a sample; None for one run or where a value is missing."""
        values = _values([_same(like, record) for record, _ in self.runs])
        return stdev(values) if len(values) == len(self.runs) > 1 else None


def _same(metric: Metric, record: Record) -> Metric | None:
    named = (one for one in record.metrics if (one.protocol, one.name) == (metric.protocol, metric.name))
    return next(named, None)


def _mean(metrics: Sequence[Metric]) -> Metric:
    values = _values(metrics)
    if len(values) == len(metrics):
        return msgspec.structs.replace(metrics[0], value=fmean(values), interval=None)
    return next(metric for metric in metrics if metric.value is None)


def _values(metrics: Iterable[Metric | None]) -> list[float]:
    return [metric.value for metric in metrics if metric is not None and metric.value is not None]


def method_key(record: Record) -> str:
    """What the runs of a seed group share: who hands them in, method, variant, stated settings, and how the metric is meant.

    A stranger's run under the same name must not move another's mean.
    """
    part, metric = record.submission, record.main
    kind = (metric.higher_is_better, metric.unit, metric.n) if metric else None
    stated = record.run.options.get("settings", {})
    identity = (record.seed_group, record.submitter, part.name, part.variant, stated, kind)
    return msgspec.json.encode(identity, order="sorted").decode()


def training(record: Record) -> str:
    """What tells one training from another: the weights, or without weights the answers."""
    answers = next((item.digest for item in record.artifacts if item.kind == "predictions"), record.id)
    return record.submission.weights.sha256 or answers
