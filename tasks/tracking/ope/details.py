"""Tables and curves of a one-pass benchmark, from the counts of its sequences."""

from collections.abc import Mapping, Sequence

import numpy as np

from harness.task import Curve, DetailTable
from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.ope.metrics import Counts, curve_rows, scores
from tasks.tracking.ope.rules import NORMALIZED, PRECISION_PIXELS, Rules

_SHOWN = ("AUC", "success50", "precision20")


def select(counts: Counts, indices: Sequence[int]) -> Counts:
    """The counts of some sequences, in the order given."""
    chosen = np.array(indices, np.int64)
    return Counts(
        success=counts.success[chosen],
        precision=counts.precision[chosen],
        normalized=counts.normalized[chosen],
        frames=counts.frames[chosen],
    )


def ordered(ids: Sequence[str], counts: Counts, rules: Rules) -> Counts:
    """The counts in the order in which the evaluator adds them up."""
    return select(counts, sorted(range(len(ids)), key=lambda i: ids[i])) if rules.by_name else counts


def tables(
    benchmark: Benchmark, ids: Sequence[str], counts: Counts, attributes: Mapping[str, Sequence[str]], rules: Rules
) -> list[DetailTable]:
    """Per attribute, where the benchmark has any, and per sequence."""
    shown = (*_SHOWN, "normalized_precision") if benchmark.normalized else _SHOWN
    found = []
    if benchmark.attributes:
        found.append(_attribute_table(benchmark, ids, counts, attributes, rules))
    rows = []
    for i, id in enumerate(ids):
        values = scores(select(counts, [i]), rules)
        rows.append((id, int(counts.frames[i]), *(_cell(values[name]) for name in shown)))
    found.append(
        DetailTable(name="sequences", title="Per sequence", columns=("sequence", "frames", *shown), rows=tuple(rows))
    )
    return found


def _attribute_table(
    benchmark: Benchmark, ids: Sequence[str], counts: Counts, attributes: Mapping[str, Sequence[str]], rules: Rules
) -> DetailTable:
    rows: list[tuple[str | int | float | None, ...]] = []
    for short, title in benchmark.attributes.items():
        members = [i for i, id in enumerate(ids) if short in attributes.get(id, ())]
        if not attributes:
            rows.append((short, title, None, None, None, None))
            continue
        subset = ordered([ids[i] for i in members], select(counts, members), rules)
        values = scores(subset, rules)
        rows.append((short, title, len(members), *(_cell(values[name]) for name in _SHOWN)))
    known = sum(id in attributes for id in ids)
    return DetailTable(
        name="attributes",
        title=f"Per attribute (the annotations of {known} of {len(ids)} sequences state them)",
        columns=("attribute", "title", "sequences", *_SHOWN),
        rows=tuple(rows),
    )


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else value


def curves(benchmark: Benchmark, counts: Counts, rules: Rules) -> list[Curve]:
    """The mean success and precision curves of the sequences that count."""
    found = [
        _curve("success", "success", "overlap threshold", "Success", rules.thresholds(), counts.success, counts, rules),
        _curve("precision", "precision", "distance of the centres in pixels", "Precision", PRECISION_PIXELS,
               counts.precision, counts, rules),
    ]  # fmt: skip
    if benchmark.normalized:
        found.append(
            _curve("normalized_precision", "normalised precision", "distance of the centres in sides of the box",
                   "Normalised precision", NORMALIZED, counts.normalized, counts, rules)
        )  # fmt: skip
    return [curve for curve in found if len(curve.x)]


def _curve(
    name: str, title: str, x_label: str, group: str, x: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    passed: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", counts: Counts, rules: Rules,
) -> Curve:  # fmt: skip
    rows = curve_rows(passed, counts.frames, rules)
    mean = rows.mean(axis=0) if len(rows) else np.empty(0)
    return Curve(
        name=name, title=title, x_label=x_label, y_label="share of the frames", x=x[: len(mean)], y=mean, group=group
    )
