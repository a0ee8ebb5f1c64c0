"""``harness compare``: what stored replicates and statistics say about the differences of records; no model runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.errors import HarnessError, RecordError, UsageError
from harness.mcnemar import McNemar, holm, mcnemar
from harness.paired import differences, drawn_units
from harness.predictions import load_table
from harness.record import Metric, Record
from harness.registry import find_task, task_names
from harness.sides import Side
from harness.statistics import MINIMUM_UNITS
from harness.store import Home
from harness.summary import headlines
from harness.task import Task
from harness.text import clean

MOST_UNDEFINED = 0.1
"""A metric that is undefined on more of the resamples than this is not tested."""
LARGEST_SCORE = 1e100
"""Beyond this a score counts as undefined: its square would overflow."""
MUST_AGREE = (("id", "tasks"), ("version", "versions of the task"), ("data_digest", "data"), ("protocol", "protocols"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One record against another; `first` and `second` number them. The p-values are adjusted for all pairs."""

    first: int
    second: int
    difference: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    mcnemar: McNemar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One metric of all sides and the differences of all pairs."""

    metrics: tuple[Metric, ...]
    spreads: tuple[float | None, ...]
    """Standard deviations over the training seeds; None for single records."""
    pairs: tuple[Pair, ...]
    resamples: int = 0
    reason: str = ""
    """Why there are no intervals and p-values; empty where there are."""


def contrasts(sides: Sequence[Side]) -> list[Contrast]:
    """Every metric to be read first that all sides have; raises RecordError where they cannot be compared."""
    check_comparable(sides)
    replicates = [[_replicates(*run) for run in side.runs] for side in sides]
    # Seeds of one side answer differently: no unit is right or wrong for the method as a whole.
    right = [_right(*side.runs[0]) if len(side.runs) == 1 else {} for side in sides]
    found = []
    for metric in headlines(sides[0].record):
        metrics = tuple(same for side in sides if (same := side.metric(metric)) is not None)
        if len(metrics) == len(sides):
            spreads = tuple(side.spread(metric) for side in sides)
            hits = [rows.get((metric.protocol, metric.name)) for rows in right]
            found.append(_contrast(metrics, spreads, replicates, hits))
    if not found:
        raise RecordError("the records have no metric in common that could be compared")
    return found


def check_comparable(sides: Sequence[Side]) -> None:
    """Raise RecordError with one sentence for records whose difference would mean nothing, UsageError for too few."""
    if len(sides) < 2:
        raise UsageError("one record alone cannot be compared; name at least two")
    records = [record for side in sides for record, _ in side.runs]
    ids = [record.id for record in records]
    if len(set(ids)) < len(ids):
        raise UsageError("a record is named twice, and does not differ from itself; name different ones")
    first = records[0].task
    for other in records[1:]:
        for field, what in MUST_AGREE:
            one, two = getattr(first, field), getattr(other.task, field)
            if one != two:
                named = f"{ids[0]} ({clean(one, 16)}) and {other.id} ({clean(two, 16)})"
                raise RecordError(f"records {named} are of different {what}: their difference would say nothing")


def settings_that_differ(records: Sequence[Record]) -> list[str]:
    """Names of the settings in which the records are not alike."""
    names = sorted({name for record in records for name in record.settings})
    return [name for name in names if len({repr(record.settings.get(name)) for record in records}) > 1]


def _contrast(
    metrics: tuple[Metric, ...],
    spreads: tuple[float | None, ...],
    replicates: Sequence[Sequence[Table | str]],
    right: Sequence[NDArray[np.bool_] | None],
) -> Contrast:
    pairs = list(combinations(range(len(metrics)), 2))
    plain = [Pair(first=i, second=j, difference=_minus(metrics[i].value, metrics[j].value)) for i, j in pairs]
    try:
        columns = _columns(metrics, replicates)
    except RecordError as error:
        return Contrast(metrics=metrics, spreads=spreads, pairs=tuple(plain), reason=str(error))
    values = np.array([metric.value for metric in metrics], np.float64)
    found = differences(values, columns, min(map(drawn_units, metrics)))
    tests = _mcnemar(pairs, right)
    tested = []
    for (i, j), pair, test in zip(pairs, plain, tests, strict=True):
        low, high = found.interval(i, j)
        p_value = found.p_value(i, j)
        tested.append(
            Pair(first=i, second=j, difference=pair.difference, low=low, high=high, p_value=p_value, mcnemar=test)
        )
    return Contrast(metrics=metrics, spreads=spreads, pairs=tuple(tested), resamples=columns.shape[1])


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _columns(metrics: Sequence[Metric], replicates: Sequence[Sequence[Table | str]]) -> NDArray[np.float64]:
    """The metric on the same resamples of every side, (sides, resamples); raises RecordError saying why there is none."""
    found = []
    for metric, tables in zip(metrics, replicates, strict=True):
        if metric.value is None:
            raise RecordError(metric.reason or "one record has no value")
        if not abs(metric.value) < LARGEST_SCORE:
            raise RecordError(f"no score of a benchmark is beyond {LARGEST_SCORE:.0e}")
        if metric.higher_is_better != metrics[0].higher_is_better or metric.unit != metrics[0].unit:
            raise RecordError("the records do not mean the same number by it")
        if drawn_units(metric) < MINIMUM_UNITS:
            raise RecordError(metric.reason or f"{drawn_units(metric)} units are fewer than {MINIMUM_UNITS}")
        found.append([_column(metric, table) for table in tables])
    if len({len(column) for runs in found for column in runs}) > 1:
        raise RecordError("the records keep different numbers of resamples")
    stacked = np.stack([np.mean(runs, axis=0) for runs in found])
    kept = stacked[:, np.isfinite(stacked).all(axis=0)]
    if kept.shape[1] < (1 - MOST_UNDEFINED) * stacked.shape[1] or not kept.size:
        raise RecordError(f"it is undefined on {stacked.shape[1] - kept.shape[1]} of {stacked.shape[1]} resamples")
    return kept


def _column(metric: Metric, table: Table | str) -> NDArray[np.float64]:
    """The scores of one record on the resamples, NaN where undefined."""
    if isinstance(table, str):
        raise RecordError(table)
    column = table.columns.get(f"{metric.protocol}/{metric.name}")
    if column is None or isinstance(column, Ragged) or column.dtype != np.float64 or column.ndim != 1:
        raise RecordError(metric.reason or "one record keeps no replicate scores of it")
    return np.where(np.abs(column) < LARGEST_SCORE, column, np.nan)


def _mcnemar(pairs: Sequence[tuple[int, int]], right: Sequence[NDArray[np.bool_] | None]) -> list[McNemar | None]:
    rows = [row for row in right if row is not None]
    if len(rows) < len(right) or len({len(row) for row in rows}) > 1:
        return [None] * len(pairs)
    found = [mcnemar(rows[i], rows[j]) for i, j in pairs]
    adjusted = holm([test.p_value for test in found])
    return [McNemar(test.only_first, test.only_second, p) for test, p in zip(found, adjusted, strict=True)]


def _replicates(record: Record, home: Home) -> Table | str:
    """The replicate scores of a record, or why there are none."""
    try:
        return stored_table(record, home, "replicates")
    except RecordError as error:
        return str(error)


def _right(record: Record, home: Home) -> Mapping[tuple[str, str], NDArray[np.bool_]]:
    """(Protocol, metric) -> which units were answered right, where the task can tell."""
    if record.task.id not in task_names():
        # A record may name a folder, and importing that would run a stranger's code.
        return {}
    try:
        task = find_task(record.task.id)
        if task.meta.version != record.task.version or type(task).right is Task.right:
            return {}
        found = task.right(stored_table(record, home, "statistics"), record.task.protocol)
    except (HarnessError, KeyError, TypeError, ValueError):
        return {}
    return {(record.task.protocol, name): rows for name, rows in found.items()}


def stored_table(record: Record, home: Home, kind: str) -> Table:
    """The table of `kind` that lies beside a record; raises RecordError where it is not what the record was written with."""
    artifact = next((item for item in record.artifacts if item.kind == kind), None)
    if artifact is None:
        raise RecordError(f"record {record.id} keeps no {kind}")
    table = load_table(home.artifact(artifact))
    if table.digest() != artifact.digest:
        raise RecordError(f"the {kind} of record {record.id} are not those that it was written with")
    return table
