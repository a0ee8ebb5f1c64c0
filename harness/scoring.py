"""From predictions to metrics, intervals, tables and replicates; the engine's part of scoring."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from math import inf, isfinite
from typing import Final

import numpy as np

from harness import __version__, details
from harness.declaration import plural
from harness.errors import HarnessError, UsageError
from harness.options import RunOptions, parse_value
from harness.record import DetailTable, Evaluator, Interval, Metric
from harness.replicating import RESAMPLES, replicate
from harness.settings import known
from harness.statistics import MINIMUM_UNITS, interval, resample_weights
from harness.task import Curve, Dataset, FloatArray, MetricSpec, Predictions, Scoring, Statistics, Task, Units, Values

_ROUNDING: Final = 1e-9
"""How far beyond a metric's bounds a sum of rounded terms may come: VOC's eleven times 1 / 11 are 1.0000000000000002."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Everything that scoring gave."""

    metrics: list[Metric]
    tables: list[DetailTable]
    statistics: Statistics | None
    """None where the scores are withheld."""
    replicates: dict[str, FloatArray]
    curves: dict[str, Sequence[Curve]]
    """Protocol -> its curves, for every protocol that was computed."""
    evaluator: Evaluator
    warnings: list[str]


def data_digest(dataset: Dataset) -> str:
    """SHA-256 over (sample id, SHA-256 of its canonical truth), sorted by id, and the set's identity: what may be compared."""
    truth = dataset.truth
    lines = sorted(f"{id}\0{truth.row_digest(index)}\n" for index, id in enumerate(truth.ids))
    identity = json.dumps(dict(dataset.identity), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(("".join(lines) + identity).encode()).hexdigest()


def plan_scoring(task: Task, options: RunOptions) -> Scoring:
    """Protocol, settings and evaluator that the options choose; raises UsageError with the names there are."""
    meta = task.meta
    protocols = [protocol.id for protocol in meta.protocols]
    protocol = options.protocol or protocols[0]
    if protocol not in protocols:
        raise UsageError(f"{meta.id} has no protocol '{protocol}'; it has: {', '.join(protocols)}")
    evaluator = options.evaluator or meta.evaluators[0]
    if evaluator not in meta.evaluators:
        raise UsageError(f"{meta.id} has no evaluator '{evaluator}'; it has: {', '.join(meta.evaluators)}")
    settings: dict[str, str | int | float | bool] = {}
    for spec in known(meta.settings).values():
        if spec not in meta.settings and spec.name not in options.settings:
            continue
        stated = options.settings.get(spec.name, spec.default)
        value = spec.parse(stated) if spec.parse else parse_value(stated, spec.default, spec.name)
        if isinstance(value, float) and not isfinite(value):
            raise UsageError(f"--set {spec.name}={value}: it must be a finite number")
        if spec.choices and value not in spec.choices:
            raise UsageError(f"--set {spec.name}={value}: it must be one of {', '.join(map(str, spec.choices))}")
        settings[spec.name] = value
    return Scoring(protocol=protocol, settings=dict(task.settle(settings)), evaluator=evaluator)


def score_predictions(
    task: Task,
    dataset: Dataset,
    predictions: Predictions,
    scoring: Scoring,
    digest: str,
    *,
    intervals: bool,
    advance: Callable[[int], None] = lambda count: None,
) -> Scored:
    """Score; where another evaluator was asked for, its numbers stand in the record and ours must explain nothing away.

    `advance` is called with the number of resamples just scored: `RESAMPLES` under each of `protocols`.
    """
    statistics = task.score(dataset, predictions, scoring)
    units = task.units(dataset)
    if statistics.table.ids != units.ids:
        raise HarnessError(f"{task.meta.id} scored other units than its data set has; this is a defect of the task")
    computed = protocols(task, scoring)
    resampled = intervals and independent(units) >= MINIMUM_UNITS
    weights = resample_weights(digest, len(units.ids), RESAMPLES, units.clusters) if resampled else None
    metrics: list[Metric] = []
    replicates: dict[str, FloatArray] = {}
    for protocol in computed:
        values = _checked(task, protocol, scoring, task.aggregate(statistics, protocol))
        if scoring.evaluator != task.meta.evaluators[0] and protocol == scoring.protocol:
            values = task.reference(dataset, predictions, scoring)
        found: dict[str, FloatArray] = {}
        if weights is not None:
            names = [spec.name for spec in _specs(task, protocol, scoring) if _finite(values.get(spec.name))]
            found = replicate(task, statistics, protocol, values, names, weights, advance)
        replicates.update({f"{protocol}/{name}": column for name, column in found.items()})
        metrics += [
            _metric(task, statistics, units, protocol, spec, values, found, intervals)
            for spec in _specs(task, protocol, scoring)
        ]
    return Scored(
        metrics=metrics,
        tables=details.tables(task, statistics, units, scoring.protocol),
        statistics=statistics,
        replicates=replicates,
        curves={protocol: details.curves(task, statistics, protocol) for protocol in computed},
        evaluator=_evaluator(task, scoring),
        warnings=[*dataset.warnings, *predictions.warnings, *statistics.warnings],
    )


def withhold_scores(task: Task, dataset: Dataset, predictions: Predictions, scoring: Scoring, reason: str) -> Scored:
    """Every metric null for `reason`: of a run whose speed alone means something."""
    units = len(task.units(dataset).ids)
    return Scored(
        metrics=[
            Metric(
                name=spec.name, protocol=protocol, value=None, interval=None, n=units, reason=reason, unit=spec.unit,
                higher_is_better=spec.higher_is_better, decimals=spec.decimals, minor=spec.minor,
            )
            for protocol in protocols(task, scoring)
            for spec in _specs(task, protocol, scoring)
        ],
        tables=[],
        statistics=None,
        replicates={},
        curves={},
        evaluator=_evaluator(task, scoring),
        warnings=[*dataset.warnings, *predictions.warnings],
    )  # fmt: skip


def protocols(task: Task, scoring: Scoring) -> list[str]:
    """What is computed in one go: the protocol asked for, and those that the task computes beside it."""
    return [scoring.protocol, *task.meta.protocol(scoring.protocol).also]


def independent(units: Units) -> int:
    """How many things are drawn: the units, or their clusters."""
    return len(units.ids) if units.clusters is None else len(np.unique(units.clusters))


def _specs(task: Task, protocol: str, scoring: Scoring) -> tuple[MetricSpec, ...]:
    return task.metrics(replace(scoring, protocol=protocol))


def _finite(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _checked(task: Task, protocol: str, scoring: Scoring, values: Values) -> Values:
    """The values of `aggregate`, if they are what the task declares; a defect of the task is told, not recorded."""
    names = [spec.name for spec in _specs(task, protocol, scoring)]
    if len(set(names)) < len(names):
        raise HarnessError(f"{task.meta.id} declares two metrics of one name under {protocol}: {', '.join(names)}")
    for spec in _specs(task, protocol, scoring):
        if spec.name not in values:
            raise HarnessError(
                f"{task.meta.id}: aggregate gives no '{spec.name}' under {protocol}, which the task declares"
            )
        value = values[spec.name]
        low, high = (-inf if spec.least is None else spec.least), (inf if spec.most is None else spec.most)
        slack = _ROUNDING * max(1.0, abs(high if isfinite(high) else low))
        if value is not None and isfinite(value) and not low - slack <= value <= high + slack:
            raise HarnessError(
                f"{task.meta.id}: aggregate gives {spec.name} = {value}, which must lie in [{low}, {high}]"
            )
    return values


def _metric(
    task: Task,
    statistics: Statistics,
    units: Units,
    protocol: str,
    spec: MetricSpec,
    values: Values,
    found: Mapping[str, FloatArray],
    intervals: bool,
) -> Metric:
    value = values.get(spec.name)
    drawn = independent(units)
    estimated: Interval | None = None
    reason = ""
    if value is None:
        reason = task.undefined(spec.name, statistics)
    elif not isfinite(value):
        # JSON has no such number.
        value, reason = None, f"it is {value} on these samples"
    elif not intervals:
        reason = "no interval: it was not asked for"
    elif drawn < MINIMUM_UNITS:
        what = plural(task.meta.unit) if units.clusters is None else f"clusters of {plural(task.meta.unit)}"
        reason = f"no interval: {drawn} {what} are fewer than {MINIMUM_UNITS}"
    else:
        estimated, reason = _interval(value, found[spec.name], task.meta.unit, spec)
    return Metric(
        name=spec.name, protocol=protocol, value=value, reason=reason, unit=spec.unit, higher_is_better=spec.higher_is_better,
        decimals=spec.decimals, minor=spec.minor, n=len(units.ids), interval=estimated,
        facts={} if units.clusters is None else {"clusters": drawn},
    )  # fmt: skip


def _interval(value: float, replicates: FloatArray, unit: str, spec: MetricSpec) -> tuple[Interval | None, str]:
    kept = replicates[np.isfinite(replicates)]
    if len(kept) < 0.9 * len(replicates):
        return (
            None,
            f"no interval: the metric is undefined on {len(replicates) - len(kept)} of {len(replicates)} resamples",
        )
    found = interval(value, kept)
    method = f"{found.method}, {len(replicates)} resamples of the {plural(unit)}"
    # The value itself may lie beyond a bound by its rounding, and the interval holds the value.
    low = found.low if spec.least is None else max(found.low, min(spec.least, value))
    high = found.high if spec.most is None else min(found.high, max(spec.most, value))
    return Interval(low=low, high=high, level=found.level, method=method), ""


def _evaluator(task: Task, scoring: Scoring) -> Evaluator:
    if scoring.evaluator == task.meta.evaluators[0]:
        return Evaluator(name=scoring.evaluator, version=__version__, agrees_with=task.agreement())
    try:
        found = version(scoring.evaluator)
    except PackageNotFoundError:
        found = "unknown"
    return Evaluator(name=scoring.evaluator, version=found, agrees_with="")
