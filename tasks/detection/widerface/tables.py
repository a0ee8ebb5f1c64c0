"""The table of WIDER FACE's events."""

import numpy as np

from harness.task import DetailTable
from tasks.detection.widerface.ground_truth import SETTINGS
from tasks.detection.widerface.metrics import Int, Marks, average_precision, counts

_Row = tuple[str | int | float | bool | None, ...]


def event_table(ids: tuple[str, ...], marks: Marks, faces: Int) -> DetailTable:
    """Images, faces, detections, average precision and the recall of all detections, for each event.

    `faces` is int64 (images, settings). Scores stay normalised over the whole set.
    """
    names, event = np.unique([id.partition("/")[0] for id in ids], return_inverse=True)
    of_detection = np.repeat(event, np.diff(marks.offsets))
    rows = []
    for index in sorted(range(len(names)), key=lambda index: _number(str(names[index]))):
        here = of_detection == index
        rows.append(_row(str(names[index]), marks, here, faces[event == index]))
    columns = ("event", "images", "detections", *(f"faces_{setting}" for setting in SETTINGS))
    scores = (*(f"AP_{setting}" for setting in SETTINGS), *(f"recall_{setting}" for setting in SETTINGS))
    return DetailTable(
        name="events",
        title="Per event (empty where no face of it counts)",
        columns=columns + scores,
        rows=tuple(rows),
    )


def _row(name: str, marks: Marks, here: "np.ndarray[tuple[int], np.dtype[np.bool_]]", faces: Int) -> _Row:
    totals = faces.sum(axis=0).tolist()
    bins, hit, proposal = marks.bin[here], marks.hit[here], marks.proposal[here]
    precisions: list[float | None] = []
    recalls: list[float | None] = []
    for bit, total in enumerate(totals):
        hits = counts(bins, (hit >> bit & 1) != 0)
        precisions.append(average_precision(hits, counts(bins, (proposal >> bit & 1) != 0), total))
        recalls.append(int(hits[-1]) / total if total else None)
    return (name, len(faces), int(here.sum()), *totals, *precisions, *recalls)


def _number(event: str) -> tuple[int, str]:
    """Events by their number, as officially numbered: 2--Demonstration before 10--People_Marching."""
    number = event.partition("--")[0]
    return (int(number) if number.isdigit() else 1 << 30), event
