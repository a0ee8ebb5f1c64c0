"""Pascal VOC detection as a task: data, result files and metrics wired together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    Predictions,
    Sample,
    Scoring,
    Statistics,
    Values,
)
from tasks.detection.answers import check_answer, label_map
from tasks.detection.base import DetectionTask
from tasks.detection.voc.data import open_dataset, to_detections, to_truth
from tasks.detection.voc.declaration import PREDICTIONS, meta
from tasks.detection.voc.details import class_curves, class_table
from tasks.detection.voc.formats import read_results, write_results
from tasks.detection.voc.metrics import Ranked, average_precisions, means
from tasks.detection.voc.resampling import Cells, cells, replicates
from tasks.detection.voc.rules import Rules, rules_of
from tasks.detection.voc.statistics import missed, ranked, to_table, truth_counts

if TYPE_CHECKING:
    from harness.submission import Submission

_FROM_CORNERS = np.array([1.0, 1.0, 0.0, 0.0])
"""From corners of pixels counted from 0 to pixels inside the box counted from 1, as Detectron2 converts them."""


class Voc(DetectionTask):
    """Boxes of twenty classes on Pascal VOC of one year, or of one's own classes in its layout."""

    worst_title = "objects not found at IoU 0.50"

    def __init__(self, year: int) -> None:
        self.meta = meta(year)
        self.year = year
        self._ranked: tuple[Table, Ranked] | None = None
        self._cells: tuple[Table, NDArray[np.uint16], Cells] | None = None

    def open(self, request: DataRequest) -> Dataset:
        """Read the annotations and find the images."""
        return open_dataset(self, self.year, request)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.detection.voc.sample import write_sample

        write_sample(directory, self.year, self.meta.splits[0])

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks boxes, scores and labels, and lays them out as class files have them."""
        labels = label_map(submission.name, submission.classes, dataset)

        def encode(answer: Any, sample: Sample) -> Row:
            boxes, scores, category = check_answer(answer, sample.id, labels, "boxes_xyxy")
            row = {"boxes_xyxy": boxes + _FROM_CORNERS, "scores": scores, "category_id": category}
            return {spec.name: spec.conform(row[spec.name]) for spec in PREDICTIONS}

        return encode

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read the class files in a folder or zip."""
        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write class files into a folder, or a zip where `path` ends in ``.zip``."""
        write_results(predictions.table, dataset, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Mark every detection as a true or a false positive at the protocol's thresholds."""
        categories = list(dataset.facts["categories"])
        rules = rules_of(scoring.protocol, self.year)
        truth, detections = to_truth(dataset.truth), to_detections(predictions.table, dataset)
        table = to_table(dataset.ids, truth, detections, rules, len(categories))
        return Statistics(table=table, facts={"categories": categories})

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The protocol's means over the classes that have objects that count."""
        rules = rules_of(protocol, self.year)
        return means(average_precisions(self._in_order(statistics), rules), rules)

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same of data in which every image stands as often as its weight says."""
        rules = rules_of(protocol, self.year)
        return replicates(self._cells_of(statistics, rules, weights), rules, metrics)

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why there is no number."""
        return "no class has an object in these images that counts"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Objects, detections and AP of every class."""
        rules = rules_of(protocol, self.year)
        return (class_table(statistics.table, self._in_order(statistics), statistics.facts["categories"], rules),)

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Every class's precision over recall at IoU 0.50."""
        return class_curves(self._in_order(statistics), statistics.facts["categories"])

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many objects that count no detection finds at IoU 0.50."""
        return missed(statistics.table)

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "py-faster-rcnn's voc_eval.py with a stable sort: AP of all 20 classes of VOC2007 test at IoU 0.50 and 0.75, "
            "11-point and area, equal to the last digit on 254,590 detections; all protocols on random data with ties, "
            "difficult objects and equal overlaps, against literal restatements"
        )

    def _in_order(self, statistics: Statistics) -> Ranked:
        """The ranked detections; the last ones are kept, because score, tables and curves all need them."""
        if self._ranked is None or self._ranked[0] is not statistics.table:
            self._ranked = statistics.table, ranked(statistics.table, len(statistics.facts["categories"]))
        return self._ranked[1]

    def _cells_of(self, statistics: Statistics, rules: Rules, weights: NDArray[np.uint16]) -> Cells:
        """The resampled curves; the last ones are kept, because two protocols read their AP off the same."""
        kept = self._cells
        if kept is not None and kept[0] is statistics.table and np.array_equal(kept[1], weights):
            return kept[2]
        found = cells(
            self._in_order(statistics), truth_counts(statistics.table, len(statistics.facts["categories"])), rules, weights
        )  # fmt: skip
        if len(weights) > 1:
            self._cells = statistics.table, weights, found
        return found


def voc2007() -> Voc:
    """The task `voc2007`."""
    return Voc(2007)


def voc2012() -> Voc:
    """The task `voc2012`."""
    return Voc(2012)
