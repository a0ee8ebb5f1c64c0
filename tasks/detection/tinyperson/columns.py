"""The sufficient statistics as the engine keeps them: one table over images."""

from typing import Any, Final

from harness.columns import Ragged, Table
from tasks.detection.coco.metrics import Matches
from tasks.detection.tinyperson.metrics import Outcomes

_SHARED: Final = ("category", "score", "rank")
_MARKS: Final = ("positive", "ignored")


def to_table(ids: tuple[str, ...], outcomes: Outcomes) -> Table:
    """The statistics as a table over images; columns of the miss rates begin with `miss_`."""
    precision, misses = outcomes.precision, outcomes.misses
    detections: dict[str, Any] = {name: getattr(precision, name) for name in (*_SHARED, *_MARKS)}
    detections |= {f"miss_{name}": getattr(misses, name) for name in _MARKS}
    detections["miss_kept"] = outcomes.kept
    truths = {
        "truth_category": precision.truth_category,
        "truth_count": precision.truth_count,
        "miss_truth_count": misses.truth_count,
    }
    return Table(
        ids,
        {name: Ragged(values, precision.offsets) for name, values in detections.items()}
        | {name: Ragged(values, precision.truth_offsets) for name, values in truths.items()},
    )


def from_table(table: Table) -> Outcomes:
    """The statistics of a table that `to_table` made."""

    def matches(prefix: str) -> Matches:
        own: dict[str, Any] = {name: table.ragged(prefix + name).values for name in (*_MARKS, "truth_count")}
        shared: dict[str, Any] = {name: table.ragged(name).values for name in (*_SHARED, "truth_category")}
        offsets, rows = table.ragged("category").offsets, table.ragged("truth_category").offsets
        return Matches(offsets=offsets, truth_offsets=rows, **shared, **own)

    return Outcomes(precision=matches(""), misses=matches("miss_"), kept=table.ragged("miss_kept").values)
