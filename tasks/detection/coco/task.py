"""COCO detection as a task: data, result files and metrics wired together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Ragged, Table
from harness.errors import UsageError
from harness.layout import find_root
from harness.task import (
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    MetricSpec,
    Predictions,
    Scoring,
    Statistics,
    Values,
)
from tasks.detection.answers import encode_answer, label_map
from tasks.detection.base import DetectionTask
from tasks.detection.coco.data import (
    has_masks,
    open_dataset,
    prediction_columns,
    to_detections,
    to_results,
    to_truth,
)
from tasks.detection.coco.declaration import META, recall_spec
from tasks.detection.coco.formats import read_results, write_results
from tasks.detection.coco.limits import parameters, parse_limits
from tasks.detection.coco.metrics import Float, Matches, Parameters, accumulate, match, summarize
from tasks.detection.coco.results import arrange
from tasks.detection.coco.tables import SIZES, category_table, missed, size_table
from tasks.detection.coco.tide import tide, tide_table

if TYPE_CHECKING:
    from harness.submission import Submission


class Coco(DetectionTask):
    """Detection boxes on COCO, or on one's own data in COCO's format."""

    meta = META

    def __init__(self) -> None:
        self._last: tuple[Table, tuple[Float, Float]] | None = None

    def open(self, request: DataRequest) -> Dataset:
        """Read the annotations and find the images."""
        split = request.split or self.meta.splits[0]
        root = None
        if request.data is not None:
            instances = Path("annotations", f"instances_{split}.json")
            root = find_root(request.data, lambda folder: (folder / instances).is_file(), self)
        return open_dataset(root, request, split)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.detection.coco.sample import write_sample

        write_sample(directory)

    def columns(self, dataset: Dataset) -> tuple[ColumnSpec, ...]:
        """Boxes, scores and categories; with ``iou_type=segm`` masks beside them."""
        return prediction_columns(dataset)

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks boxes, scores and labels, and turns labels into category ids by the names of the classes."""
        from tasks.detection.coco.mask_answers import encode_masks

        labels = label_map(submission.name, submission.classes, dataset)
        if not has_masks(dataset):
            return lambda answer, sample: encode_answer(answer, sample.id, labels)
        sizes = dict(zip(dataset.truth.ids, map(tuple, dataset.truth.dense("size").tolist()), strict=True))
        return lambda answer, sample: encode_masks(answer, sample.id, labels, sizes[sample.id])

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read a list of results, also compressed."""
        return arrange(read_results(path, with_masks=has_masks(dataset)), path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write a list of results, image after image."""
        write_results(path, to_results(predictions.table, dataset))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Match every image's detections to its annotations, at all thresholds and size ranges."""
        limits, categories = _limits(scoring), list(dataset.facts["categories"])
        chosen = parameters(limits)
        truth, detections = to_truth(dataset), to_detections(predictions.table, dataset)
        errors = tide(truth, detections, len(categories), chosen.limits[-1])
        return Statistics(
            table=to_table(dataset.ids, match(truth, detections, chosen)),
            facts={"categories": categories, "max_detections": limits, "tide": errors},
        )

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """COCO's twelve; the recalls are called after the limits on detections, if those were set."""
        declared = {spec.name: spec for spec in self.meta.metrics}
        metrics = parameters(_limits(scoring)).metrics
        return tuple(declared.get(metric.name) or recall_spec(metric.name) for metric in metrics)

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The twelve numbers; None where pycocotools says -1."""
        return summarize(*self._cells(statistics), parameters(statistics.facts["max_detections"]))

    def _cells(self, statistics: Statistics) -> tuple[Float, Float]:
        """Precision and recall of all cells; the last ones are kept, because score and tables both need them."""
        if self._last is None or self._last[0] is not statistics.table:
            chosen = parameters(statistics.facts["max_detections"])
            cells = accumulate(from_table(statistics.table), len(statistics.facts["categories"]), chosen)
            self._last = statistics.table, cells
        return self._last[1]

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The twelve numbers of data in which every image stands as often as its weight says."""
        from tasks.detection.coco.resampling import replicates

        chosen = parameters(statistics.facts["max_detections"])
        return replicates(from_table(statistics.table), len(statistics.facts["categories"]), chosen, weights, metrics)

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Which annotations are missing."""
        chosen = parameters(statistics.facts["max_detections"])
        area = next(item.area for item in chosen.metrics if item.name == metric)
        size = "" if area == 0 else f"{SIZES[area]} "
        return f"there is no {size}annotation that counts in these images"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Every category, every range of sizes, and every kind of error."""
        chosen, names = parameters(statistics.facts["max_detections"]), statistics.facts["categories"]
        matches, cells = from_table(statistics.table), self._cells(statistics)
        return (
            category_table(matches, *cells, chosen, names),
            size_table(matches, *cells, chosen),
            tide_table(statistics.facts["tide"]),
        )

    worst_title = "annotations not found at IoU 0.5"

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many annotations no detection finds at IoU 0.5."""
        return missed(from_table(statistics.table), 0, 0)

    def reference(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Values:
        """The twelve numbers from pycocotools itself."""
        from tasks.detection.coco.reference import aggregate

        if _limits(scoring) != 100:
            raise UsageError("--evaluator pycocotools gives -1 unless max_detections is 100: leave one of the two out")
        truth, detections = to_truth(dataset), to_detections(predictions.table, dataset)
        return aggregate(truth, detections, len(dataset.facts["categories"]), Parameters())

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "pycocotools 2.0.11: precision, recall, the twelve numbers and each category's AP equal to the last digit, "
            "boxes on cocoapi's fake results for 100 images of val2014, masks on that data's own masks moved at random, "
            "both on random data with ties, crowds, annotation id 0; tidecv 1.0.1: its errors on the same"
        )


def to_table(ids: tuple[str, ...], matches: Matches) -> Table:
    """The statistics as a table over images."""
    detections = {name: getattr(matches, name) for name in ("category", "score", "rank", "positive", "ignored")}
    truths = {name: getattr(matches, name) for name in ("truth_category", "truth_count")}
    return Table(
        ids,
        {name: Ragged(values, matches.offsets) for name, values in detections.items()}
        | {name: Ragged(values, matches.truth_offsets) for name, values in truths.items()},
    )


def from_table(table: Table) -> Matches:
    """The statistics of a table that `to_table` made."""
    columns: dict[str, Any] = {name: table.ragged(name).values for name in table.columns}
    return Matches(
        offsets=table.ragged("category").offsets, truth_offsets=table.ragged("truth_category").offsets, **columns
    )


def _limits(scoring: Scoring) -> int | str:
    return parse_limits(scoring.settings.get("max_detections", 100))
