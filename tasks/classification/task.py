"""The classification tasks: data, answers and scoring put together."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.task import (
    ColumnSpec,
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    Predictions,
    RunContext,
    Sample,
    Scoring,
    Sink,
    Statistics,
    Task,
    TaskMeta,
    Values,
)
from tasks.classification import details, metrics
from tasks.classification.answers import check_logits, live_outputs, rank, ranked_from_kept, to_row
from tasks.classification.conduct import check_mode, conduct_flags
from tasks.classification.interface import FULL, KEPT, LABELS, LOGITS, PROBABILITIES
from tasks.classification.live import predict_ahead

if TYPE_CHECKING:
    from harness.submission import Submission


class Classification(Task):
    """A data set of labelled images. `reader` opens it, `writer` writes its generated sample."""

    worst_title = "classes ranked before the true one"

    def __init__(
        self,
        meta: TaskMeta,
        reader: Callable[[Task, DataRequest], Dataset],
        writer: Callable[[Path], None],
    ) -> None:
        self.meta, self._reader, self._writer = meta, reader, writer

    def open(self, request: DataRequest) -> Dataset:
        """Read the labels and find the images."""
        return self._reader(self, request)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        self._writer(directory)

    def columns(self, dataset: Dataset) -> tuple[ColumnSpec, ...]:
        """All logits, or what ``--keep`` leaves of them."""
        return KEPT if dataset.facts["keep"] else FULL

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks logits and brings them into the order of the data set's classes."""
        places, expected = live_outputs(submission.name, submission.classes, dataset)
        keep = int(dataset.facts["keep"])

        def encode(answer: Any, sample: Sample) -> Row:
            logits = check_logits(answer, sample.id, expected)
            logits = logits if places is None else logits[places]
            return to_row(logits, dataset.truth, dataset.truth.position(sample.id), keep)

        return encode

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Answer every pending image, the first ones twice, to see whether the network behaves."""
        check_mode(submission)
        predict_ahead(submission, dataset, sink, run, self.encoder(submission, dataset))

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read logits, probabilities or lists of classes."""
        from tasks.classification.formats import read_results

        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write them as ``.npz``."""
        from tasks.classification.formats import write_results

        write_results(predictions.table, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Where the true class stands in each image's answer, and what probability it has."""
        ranked, depth = _ranked(predictions.table, dataset.truth)
        nll, confidence = metrics.likelihood(ranked)
        columns = {name: ranked[name] for name in ("predicted", "better", "tied_before", "tied")}
        label = _one_label(dataset.truth)
        depths = np.full(len(dataset.ids), depth, np.int32)
        columns |= {"label": label, "nll": nll, "confidence": confidence, "depth": depths}
        names = list(dataset.facts["categories"])
        return Statistics(
            table=Table(dataset.ids, columns),
            facts={"categories": names, "sets": "label" not in dataset.truth.columns},
            warnings=tuple(details.map_warnings(columns, names)),
            flags=conduct_flags(predictions.facts),
        )

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """Accuracies, likelihood and calibration."""
        return metrics.aggregate(_columns(statistics), self._names(protocol))

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same of data in which every image stands as often as its weight says."""
        from tasks.classification.metrics import replicates

        return replicates(_columns(statistics), weights, metrics)

    def right(self, statistics: Table, protocol: str) -> Mapping[str, NDArray[np.bool_]]:
        """Whether each image counts as right, for every accuracy."""
        return metrics.hits({name: statistics.dense(name) for name in ("better", "tied", "tied_before")})

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why there is no number."""
        if metric.startswith("top"):
            return f"the lists of classes have {int(statistics.table.dense('depth').min())} places"
        return "lists of classes say nothing about probabilities"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Counts, and the accuracy of every class."""
        columns = _columns(statistics)
        found = [details.count_table(columns)]
        if not statistics.facts["sets"]:
            found.append(details.class_table(columns, statistics.facts["categories"]))
        return found

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Accuracy over confidence."""
        found = details.reliability(_columns(statistics))
        return () if found is None else (found,)

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How many classes stand before the true one."""
        columns = _columns(statistics)
        before: FloatArray = (columns["better"] + columns["tied_before"]).astype(np.float64)
        return before

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "literal restatements on random logits with ties, equal to the last digit; the numbers of right answers of "
            "ResNet-20 and AdderNet-20 on 200 CIFAR-10 images and of MobileNetV1 0.25 on 100 ImageNet images"
        )

    def _names(self, protocol: str) -> list[str]:
        return [metric.name for metric in self.meta.metrics if protocol in metric.protocols]


def _ranked(table: Table, truth: Table) -> tuple[metrics.Columns, int]:
    """Where the true classes stand, whatever form the answers have, and how many classes each answer ranks."""
    if LOGITS in table.columns:
        logits = table.dense(LOGITS)
        return rank(logits, truth), logits.shape[1]
    if PROBABILITIES in table.columns:
        scores = table.dense(PROBABILITIES)
        found = (
            metrics.rank_probabilities(scores, truth.dense("label"))
            if "label" in truth.columns
            else rank(scores, truth)
        )
        return found, scores.shape[1]
    if LABELS not in table.columns:
        return ranked_from_kept(table, truth), max(metrics.TOP)
    lists = table.dense(LABELS)
    if "label" in truth.columns:
        return metrics.rank_lists(lists, truth.dense("label")), lists.shape[1]
    true = truth.ragged("labels")
    return metrics.rank_sets(lists, true.values, true.offsets, lists=True), lists.shape[1]


def _one_label(truth: Table) -> NDArray[np.int64]:
    """The label of every image, or the first of several."""
    if "label" in truth.columns:
        return truth.dense("label").astype(np.int64)
    true = truth.ragged("labels")
    return true.values[true.offsets[:-1]].astype(np.int64)


def _columns(statistics: Statistics) -> dict[str, NDArray[Any]]:
    return {name: statistics.table.dense(name) for name in statistics.table.columns}
