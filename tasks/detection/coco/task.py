"""COCO detection as a task: data, result files and metrics wired together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
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
    Task,
    Values,
)
from tasks.detection.answers import encode_answer, label_map, unknown_classes
from tasks.detection.coco.data import open_dataset, to_detections, to_results, to_truth
from tasks.detection.coco.declaration import META
from tasks.detection.coco.formats import read_results, write_results
from tasks.detection.coco.metrics import (
    COCO_METRICS,
    Float,
    Matches,
    Metric,
    Parameters,
    accumulate,
    match,
    mean_of,
    summarize,
)
from tasks.detection.coco.results import arrange

if TYPE_CHECKING:
    from harness.submission import Submission

_SIZES: Final = ("", "small", "medium", "large")


class Coco(Task):
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

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks boxes, scores and labels, and turns labels into category ids by the names of the classes."""
        labels = label_map(submission.name, submission.classes, dataset)
        return lambda answer, sample: encode_answer(answer, sample.id, labels)

    def notes(self, submission: "Submission", dataset: Dataset) -> Sequence[str]:
        """Classes of the submission that the data set does not have: their detections are left out."""
        return unknown_classes(submission.name, submission.classes, dataset)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read a list of results, also compressed."""
        return arrange(read_results(path), path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write a list of results, image after image."""
        write_results(path, to_results(predictions.table))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Match every image's detections to its annotations, at all thresholds and size ranges."""
        limit = int(scoring.settings.get("max_detections", 100))
        category_ids = np.array(dataset.facts["category_ids"], np.int64)
        truth, detections = to_truth(dataset.truth, category_ids), to_detections(predictions.table, category_ids)
        matches = match(truth, detections, parameters(limit))
        return Statistics(
            table=to_table(dataset.ids, matches),
            facts={"categories": list(dataset.facts["categories"]), "max_detections": limit},
        )

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """COCO's twelve; AR100 is called after the limit on detections, if that was set."""
        limit = int(scoring.settings.get("max_detections", 100))
        names = [metric.name for metric in parameters(limit).metrics]
        return tuple(_renamed(spec, name, limit) for spec, name in zip(self.meta.metrics, names, strict=True))

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
        return f"there is no {_SIZES[area]} annotation that counts in these images".replace("  ", " ")

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Every category's AP at all thresholds, at 0.5 and at 0.75, and its recall."""
        chosen, names = parameters(statistics.facts["max_detections"]), statistics.facts["categories"]
        matches, (precision, recall) = from_table(statistics.table), self._cells(statistics)
        shown = [metric for metric in chosen.metrics if metric.area == 0 and metric.limit == -1]
        counts = np.bincount(matches.truth_category, weights=matches.truth_count[:, 0], minlength=len(names))
        rows = []
        for k, name in enumerate(names):
            cells = precision[:, :, k : k + 1], recall[:, k : k + 1]
            rows.append((name, int(counts[k]), *(mean_of(metric, *cells, chosen) for metric in shown)))
        columns = ("category", "annotations", *(metric.name for metric in shown))
        return (
            DetailTable(
                name="categories",
                title="Per category (empty where no annotation of it counts)",
                columns=columns,
                rows=tuple(rows),
            ),
        )

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many annotations no detection finds at IoU 0.5."""
        matches = from_table(statistics.table)
        found = _sum_rows((matches.positive[:, 0] & 1).astype(np.float64), matches.offsets)
        missed: FloatArray = _sum_rows(matches.truth_count[:, 0].astype(np.float64), matches.truth_offsets) - found
        return missed

    def reference(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Values:
        """The twelve numbers from pycocotools itself."""
        from tasks.detection.coco.reference import aggregate

        if scoring.settings.get("max_detections", 100) != 100:
            raise UsageError("--evaluator pycocotools gives -1 unless max_detections is 100: leave one of the two out")
        category_ids = np.array(dataset.facts["category_ids"], np.int64)
        truth, detections = to_truth(dataset.truth, category_ids), to_detections(predictions.table, category_ids)
        return aggregate(truth, detections, len(category_ids), Parameters())

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "pycocotools 2.0.11: precision, recall, the twelve numbers and each category's AP equal to the last digit, "
            "on cocoapi's fake results for 100 images of val2014 and on random data with ties, crowds, annotation id 0"
        )


def parameters(max_detections: int) -> Parameters:
    """COCO's parameters with another limit on detections per image and category; raises UsageError below 11.

    pycocotools answers -1 for AP under other limits; here AP and the recalls by size are those at the limit.
    """
    if max_detections < 11:
        raise UsageError(
            f"--set max_detections={max_detections}: it must be at least 11, because AR10 is reported beside it"
        )
    metrics = tuple(
        Metric(name=f"AR{max_detections}", kind="recall") if metric.name == "AR100" else metric
        for metric in COCO_METRICS
    )
    return Parameters(limits=(1, 10, max_detections), metrics=metrics)


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


def _renamed(spec: MetricSpec, name: str, limit: int) -> MetricSpec:
    if spec.name == name:
        return spec
    return replace(spec, name=name, title=spec.title.replace("100", str(limit)))


def _sum_rows(values: FloatArray, offsets: NDArray[np.int64]) -> FloatArray:
    sums: FloatArray = np.diff(np.concatenate([[0.0], np.cumsum(values)])[offsets])
    return sums
