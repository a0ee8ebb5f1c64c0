"""What is said beside the numbers: counts, and every parameter of the attack."""

from collections.abc import Mapping
from typing import Any, Final

from harness.task import DetailTable
from tasks.classification.robustness.blackbox.metrics import Columns

_Cell = str | int | float | bool | None
_FIRST: Final = ("attack", "form", "norm", "eps", "max_queries")


def count_table(columns: Columns) -> DetailTable:
    """Images and answers in numbers."""
    right, fell = columns["right"], columns["fell"]
    rows: list[tuple[_Cell, ...]] = [
        ("images", len(right)),
        ("answered rightly as they are, and attacked", int(right.sum())),
        ("of them fallen", int(fell.sum())),
        ("of them standing", int((right & ~fell).sum())),
        ("queries of the images that fell", int(columns["queries"][fell].sum())),
        ("queries of all images", int(columns["queries"].sum())),
        ("forward passes for the attack", int(columns["answers"].sum())),
    ]
    return DetailTable(name="counts", title="Images and queries", columns=("what", "count"), rows=tuple(rows))


def parameter_table(facts: Mapping[str, Any]) -> DetailTable:
    """Every parameter of the attack, and the seed."""
    # Stored facts come back in another order than they were noted in.
    ordered = [*(name for name in _FIRST if name in facts), *sorted(set(facts) - set(_FIRST))]
    rows = tuple((name, facts[name]) for name in ordered)
    return DetailTable(name="attack", title="The attack", columns=("parameter", "value"), rows=rows)
