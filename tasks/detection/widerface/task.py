"""WIDER FACE as a task: data, result files and metrics wired together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    FloatArray,
    Predictions,
    Scoring,
    Statistics,
    Values,
)
from tasks.detection.base import DetectionTask
from tasks.detection.interface import PREDICTIONS
from tasks.detection.stored import check_stored
from tasks.detection.widerface.data import open_dataset
from tasks.detection.widerface.declaration import META
from tasks.detection.widerface.formats import descending, read_results, write_results
from tasks.detection.widerface.ground_truth import SETTINGS
from tasks.detection.widerface.metrics import (
    BINS,
    Int,
    Marks,
    average_precision,
    counts,
    match,
    precision_recall,
    score_bins,
    score_range,
)
from tasks.detection.widerface.tables import event_table

if TYPE_CHECKING:
    pass

CROWDED = 0.9
"""The part of all detections beyond which one of the steps of the scores is said to hold too many."""
BITS = {f"AP_{setting}": bit for bit, setting in enumerate(SETTINGS)}


class WiderFace(DetectionTask):
    """Face detection on WIDER FACE's validation images, or on one's own data in its format."""

    meta = META
    worst_title = "hard faces not found"

    def open(self, request: DataRequest) -> Dataset:
        """Read the ground truth and find the images."""
        return open_dataset(request, request.split or self.meta.splits[0], self)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.detection.widerface.sample import write_sample

        write_sample(directory)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read a folder or zip archive of text files."""
        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write a folder of text files, or a zip archive where `path` ends in ``.zip``."""
        write_results(predictions, dataset, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Match every image's detections, the highest score first, to its faces."""
        check_stored(predictions.table, dataset, PREDICTIONS, "WIDER FACE")
        boxes, scores = predictions.table.ragged("boxes_xywh"), predictions.table.ragged("scores").values
        image = np.repeat(np.arange(len(boxes)), np.diff(boxes.offsets))
        order = descending(scores, image)
        low, high = score_range(scores)
        faces, counted = dataset.truth.ragged("boxes_xywh"), dataset.truth.ragged("counted").values
        marks = match(
            boxes.offsets,
            boxes.values[order],
            score_bins(scores[order], low, high),
            faces.offsets,
            faces.values,
            counted,
        )
        rows = np.repeat(np.arange(len(faces)), np.diff(faces.offsets))
        totals = np.stack([np.bincount(rows, column, len(faces)) for column in counted.T], axis=1).astype(np.int64)
        return Statistics(
            table=to_table(dataset.ids, marks, totals),
            facts={"lowest_score": low, "highest_score": high},
            warnings=_warnings(scores[order], marks.bin, low, high),
        )

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The three numbers; None where no face counts."""
        marks, faces = from_table(statistics.table)
        return {name: average_precision(*_counts(marks, bit), int(faces[:, bit].sum())) for name, bit in BITS.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The three numbers of data in which every image stands as often as its weight says."""
        from tasks.detection.widerface.resampling import replicates

        return replicates(*from_table(statistics.table), weights, {name: BITS[name] for name in metrics})

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Which faces are missing."""
        return f"no face counts as {metric.removeprefix('AP_')} in these images"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Every event's counts, average precision and recall."""
        return (event_table(statistics.table.ids, *from_table(statistics.table)),)

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Precision over recall in the three settings; thresholds that no detection reaches have no precision."""
        marks, faces = from_table(statistics.table)
        curves = []
        for bit, setting in enumerate(SETTINGS):
            hits, proposals = _counts(marks, bit)
            total = int(faces[:, bit].sum())
            precision, recall = precision_recall(hits, proposals, total)
            kept = (proposals > 0) & (total > 0)
            curves.append(
                Curve(
                    name=setting, title=setting.capitalize(), group="Precision and recall at 1,000 thresholds",
                    x_label="recall", y_label="precision", x=recall[kept], y=precision[kept],
                )
            )  # fmt: skip
        return curves

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many hard faces no detection finds."""
        marks, faces = from_table(statistics.table)
        bit = SETTINGS.index("hard")
        found = np.concatenate([[0], np.cumsum(marks.hit >> bit & 1, dtype=np.int64)])[marks.offsets]
        missed: FloatArray = (faces[:, bit] - np.diff(found)).astype(np.float64)
        return missed

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "widerface_evaluate/evaluation.py of biubug6/Pytorch_Retinaface: three curves of 1,000 points and the three "
            "numbers equal to the last digit, on the validation set with 143,889 detections"
        )


def to_table(ids: tuple[str, ...], marks: Marks, faces: Int) -> Table:
    """The statistics as a table over images; `faces` is int64 (images, settings)."""
    columns = {name: Ragged(getattr(marks, name), marks.offsets) for name in ("bin", "proposal", "hit")}
    return Table(ids, {**columns, "faces": faces})


def from_table(table: Table) -> tuple[Marks, Int]:
    """Marks and numbers of faces from a table that `to_table` made."""
    columns = {name: table.ragged(name).values for name in ("bin", "proposal", "hit")}
    return Marks(offsets=table.ragged("bin").offsets, **columns), table.dense("faces")


def _counts(marks: Marks, bit: int) -> tuple[Int, Int]:
    """Hits and proposals that reach each threshold."""
    return counts(marks.bin, (marks.hit >> bit & 1) != 0), counts(marks.bin, (marks.proposal >> bit & 1) != 0)


def _warnings(scores: FloatArray, bins: NDArray[np.uint16], low: float, high: float) -> tuple[str, ...]:
    if not len(bins):
        return ("there are no detections at all: every average precision is 0",)
    if low == high:
        return (
            f"all scores are {low:g}: the official normalisation divides 0 by 0, no detection reaches a threshold, and "
            "every average precision is 0",
        )
    together = scores[bins == np.bincount(bins).argmax()]
    if len(together) > CROWDED * len(bins) and together.min() < together.max():
        return (
            f"{len(together)} of {len(bins)} detections fall into one of the {BINS} steps between the lowest score, {low:g}, and "
            f"the highest, {high:g}, and count as equal, as officially: is there an outlier among the scores?",
        )
    return ()
