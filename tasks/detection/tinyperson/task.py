"""TinyPerson as a task: data, result files and metrics wired together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import UsageError
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    FloatArray,
    Predictions,
    Row,
    RunContext,
    Sample,
    Scoring,
    Sink,
    Statistics,
    Values,
)
from tasks.detection.base import DetectionTask
from tasks.detection.coco.data import to_results
from tasks.detection.coco.formats import read_results, write_results
from tasks.detection.coco.metrics import Float, Parameters, accumulate, summarize
from tasks.detection.coco.results import arrange
from tasks.detection.tinyperson.columns import from_table, to_table
from tasks.detection.tinyperson.data import open_dataset, to_detections, to_truth
from tasks.detection.tinyperson.declaration import LIMITS, META, MISS_RATES
from tasks.detection.tinyperson.details import curves, miss_table, missed_tiny, size_table
from tasks.detection.tinyperson.metrics import Outcomes, match, parameters
from tasks.detection.tinyperson.miss_rate import replicates

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.submission import Submission


class TinyPerson(DetectionTask):
    """Tiny persons on TinyPerson's test set, or on one's own data in its format."""

    meta = META
    worst_title = "tiny annotations not found"

    def __init__(self) -> None:
        self._last: tuple[Table, str, tuple[Float, Float]] | None = None

    def open(self, request: DataRequest) -> Dataset:
        """Read the annotations and find the images."""
        return open_dataset(request, request.split or self.meta.splits[0], self)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.detection.tinyperson.sample import write_sample

        write_sample(directory)

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Answer whole images, or, where it is set, pieces of them."""
        if "sub_images" in dataset.facts:
            raise UsageError("--sub-images says what a results file is for; a live run cuts with --cut 640x512")
        if "cut" not in dataset.facts:
            return super().predict(submission, dataset, sink, run)
        from tasks.detection.tinyperson.live import predict_pieces

        return predict_pieces(submission, dataset, sink, run, self.encoder(submission, dataset))

    def answers(
        self, submission: "Submission", dataset: Dataset, samples: Sequence[Sample], size: int
    ) -> Sequence[Row]:
        """Some images answered anew, whole or in pieces."""
        if "cut" not in dataset.facts:
            return super().answers(submission, dataset, samples, size)
        from tasks.detection.tinyperson.live import answer_pieces

        encode = self.encoder(submission, dataset)
        return [answer_pieces(submission, sample, dataset.facts, size, encode) for sample in samples]

    def workload(self, submission: "Submission", dataset: Dataset, run: RunContext) -> "Workload":
        """What is timed: an image, with all its pieces where it is cut."""
        if "cut" not in dataset.facts:
            return super().workload(submission, dataset, run)
        from tasks.detection.tinyperson.live import piece_workload

        return piece_workload(submission, dataset, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read a list of results, also compressed; results for pieces of the images are merged."""
        if "cut" in dataset.facts:
            raise UsageError("--cut is for live runs; if the results are for pieces, name their file with --sub-images")
        results = read_results(path)
        if "sub_images" in dataset.facts:
            from tasks.detection.tinyperson.formats import read_sub_images
            from tasks.detection.tinyperson.merging import merge_results

            pieces = read_sub_images(Path(dataset.facts["sub_images"]))
            results = merge_results(results, path, pieces, dataset.facts["files"], dataset.facts["merge_iou"])
        return arrange(results, path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write a list of results, image after image."""
        write_results(path, to_results(predictions.table, dataset))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Match every image's detections to its annotations, for both kinds of numbers and both protocols."""
        category_ids = np.array(dataset.facts["category_ids"], np.int64)
        outcomes = match(to_truth(dataset.truth, category_ids), to_detections(predictions.table, dataset))
        return Statistics(
            table=to_table(dataset.ids, outcomes), facts={"categories": list(dataset.facts["categories"])}
        )

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The 42 numbers and the miss rates; None where officially they are -1."""
        outcomes = from_table(statistics.table)
        ones = np.ones((1, outcomes.misses.n_images), np.uint16)
        found = replicates(outcomes, _count(statistics), MISS_RATES, ones)
        values = summarize(*self._cells(statistics, outcomes, protocol), _parameters(protocol))
        return values | {name: None if np.isnan(rate[0]) else float(rate[0]) for name, rate in found.items()}

    def _cells(self, statistics: Statistics, outcomes: Outcomes, protocol: str) -> tuple[Float, Float]:
        """Precision and recall of all cells; the last ones are kept, because score, tables and curves need them."""
        last = self._last
        if last is None or last[0] is not statistics.table or last[1] != protocol:
            cells = accumulate(outcomes.precision, _count(statistics), _parameters(protocol))
            last = self._last = statistics.table, protocol, cells
        return last[2]

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same numbers of data in which every image stands as often as its weight says."""
        from tasks.detection.coco.resampling import replicates as precision_replicates

        outcomes, count = from_table(statistics.table), _count(statistics)
        found = dict(precision_replicates(outcomes.precision, count, _parameters(protocol), weights, metrics))
        return found | dict(replicates(outcomes, count, MISS_RATES, weights, metrics))

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Which annotations are missing."""
        kind = "set-up" if metric.startswith("MR") else "size range"
        return f"there is no annotation that counts in the {kind} {metric.partition('_')[2]} in these images"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """AP and AR by size range, and what is missed at every rate of false positives."""
        outcomes = from_table(statistics.table)
        values = summarize(*self._cells(statistics, outcomes, protocol), _parameters(protocol))
        return size_table(outcomes, values), miss_table(outcomes, statistics.facts["categories"])

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Precision over recall and miss rate over false positives per image, at IoU 0.5."""
        outcomes = from_table(statistics.table)
        precision, _ = self._cells(statistics, outcomes, protocol)
        return curves(outcomes, precision, _parameters(protocol), statistics.facts["categories"])

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many tiny annotations no detection finds at IoU 0.5."""
        return missed_tiny(from_table(statistics.table))

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "huicv's COCOExpandEval and TinyBenchmark's eval_MR_multisetup.py, on a real detector's faces in 404 images of "
            "WIDER FACE given TinyPerson's form: all 42 numbers under both limits and all miss rates; and on random data "
            "with ties, ignored and uncertain annotations, crowds, annotation id 0, against their rules word for word"
        )


def _parameters(protocol: str) -> Parameters:
    return parameters(LIMITS[protocol])


def _count(statistics: Statistics) -> int:
    return len(statistics.facts["categories"])
