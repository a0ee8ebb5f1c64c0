"""What a task says beside its numbers, as it goes into the record: tables, the worst units, curves."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from harness.curves import check_curves
from harness.declaration import plural
from harness.errors import HarnessError
from harness.record import DetailTable
from harness.task import Curve, Statistics, Task, Units

WORST: Final = "worst"
"""The name of the table of worst units; a task's own tables have others."""
MOST_WORST: Final = 20


def tables(task: Task, statistics: Statistics, units: Units, protocol: str) -> list[DetailTable]:
    """The task's own tables and, where it has one, that of the worst units."""
    found = [
        DetailTable(
            name=table.name, title=table.title, columns=list(table.columns), rows=[list(row) for row in table.rows]
        )
        for table in task.tables(statistics, protocol)
    ]
    names = [table.name for table in found]
    if WORST in names or len(set(names)) < len(names):
        raise HarnessError(
            f"{task.meta.id} makes the tables {', '.join(names)}; their names must differ, and '{WORST}' is the engine's"
        )
    return [*found, *_worst(task, statistics, units, protocol)]


def _worst(task: Task, statistics: Statistics, units: Units, protocol: str) -> list[DetailTable]:
    """The units with the highest values above 0; which they are would tell private labels."""
    values = None if task.meta.private_labels else task.worst(statistics, protocol)
    if values is None:
        return []
    if values.dtype != np.float64 or values.shape != (len(units.ids),) or np.isposinf(values).any():
        raise HarnessError(f"{task.meta.id}: worst gives no finite float64 for each {task.meta.unit}")
    first = np.argsort(-values, kind="stable")[:MOST_WORST]
    rows = [[units.ids[i], _plain(float(values[i]))] for i in first if values[i] > 0]
    if not rows:
        return []
    title = f"Worst {plural(task.meta.unit)}: {task.worst_title}"
    return [DetailTable(name=WORST, title=title, columns=[task.meta.unit, task.worst_title], rows=rows)]


def _plain(value: float) -> int | float:
    """Counts as integers."""
    return int(value) if value.is_integer() else value


def curves(task: Task, statistics: Statistics, protocol: str) -> Sequence[Curve]:
    """The task's curves, if they are such; where labels are private none, since each point may tell one.

    Raises HarnessError for a defect of the task.
    """
    if task.meta.private_labels:
        return ()
    found = tuple(task.curves(statistics, protocol))
    try:
        check_curves(found)
    except ValueError as error:
        raise HarnessError(f"{task.meta.id} under {protocol}: {error}; this is a defect of the task") from None
    return found
