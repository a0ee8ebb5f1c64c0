"""One-pass benchmarks as tasks: data, result files and scores wired together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.errors import PredictionError
from harness.layout import find_root
from harness.task import (
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
    Values,
)
from tasks.tracking.base import TrackingTask
from tasks.tracking.files import open_tree, with_files, write_texts
from tasks.tracking.ope.benchmarks import BENCHMARKS, Benchmark
from tasks.tracking.ope.data import is_root, open_dataset
from tasks.tracking.ope.declaration import declare
from tasks.tracking.ope.details import curves, ordered, tables
from tasks.tracking.ope.metrics import Counts, count, replicate, scores
from tasks.tracking.ope.results import PREDICTIONS, read_results
from tasks.tracking.ope.rules import RULES

if TYPE_CHECKING:
    from harness.submission import Submission

_COLUMNS: Final = ("success", "precision", "normalized", "frames")


class OnePass(TrackingTask):
    """One benchmark of `tasks.tracking.ope.benchmarks`."""

    worst_title = "1 - area under the success curve"

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.meta = declare(benchmark)

    def open(self, request: DataRequest) -> Dataset:
        """Read the annotations and find the frames."""
        request = with_files(request)
        split = request.split or self.meta.splits[0]
        root = None
        if request.data is not None:
            root = find_root(request.data, lambda folder: is_root(folder, self.benchmark, split), self)
        dataset = open_dataset(root, request, split, self.benchmark)
        return replace(dataset, facts={**dataset.facts, "benchmark": self.meta.id})

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.tracking.ope.sample import write_sample

        write_sample(directory, self.benchmark)

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks that there is a box for every frame."""

        def encode(answer: Any, sample: Sample) -> Row:
            frames = len(dataset.truth.ragged("boxes_xywh").row(dataset.truth.position(sample.id)))
            try:
                boxes = PREDICTIONS[0].conform(answer["boxes_xywh"])
            except (KeyError, TypeError, ValueError) as error:
                raise PredictionError(f"the answer to {sample.id} needs boxes_xywh, (frames, 4): {error}") from None
            if len(boxes) != frames:
                raise PredictionError(f"the answer to {sample.id} has {len(boxes)} boxes for {frames} frames")
            return {"boxes_xywh": boxes}

        return encode

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Track every sequence from its first frame to its last."""
        from tasks.tracking.live import predict_one_pass

        predict_one_pass(self, submission, dataset, sink, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read the results of all sequences."""
        return read_results(open_tree(path, PredictionError), dataset, self.benchmark)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write ``NAME.txt`` for every sequence, into a folder or zip archive; numbers read back the same."""
        table = predictions.table
        write_texts(path, ((f"{id}.txt", _text(table.row(index))) for index, id in enumerate(table.ids)))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """How many frames of each sequence pass each threshold."""
        truth, absent, boxes, lengths = [], [], [], []
        for id in dataset.ids:
            known = dataset.truth.row(dataset.truth.position(id))
            answered = predictions.table.row(predictions.table.position(id))["boxes_xywh"]
            truth.append(known["boxes_xywh"][: len(answered)])
            absent.append(known["absent"][: len(answered)])
            boxes.append(answered)
            lengths.append(len(answered))
        found = count(
            np.concatenate(truth),
            np.concatenate(boxes),
            np.concatenate(absent),
            np.cumsum([0, *lengths]),
            RULES[scoring.protocol],
        )
        facts = {"attributes": {id: list(names) for id, names in dataset.facts["attributes"].items()}}
        return Statistics(table=Table(dataset.ids, {name: getattr(found, name) for name in _COLUMNS}), facts=facts)

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The official numbers."""
        rules = RULES[protocol]
        found = scores(ordered(statistics.table.ids, from_table(statistics.table), rules), rules)
        return {name: None if np.isnan(value) else value for name, value in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same numbers of sequences that count as often as their weights say."""
        found = replicate(from_table(statistics.table), RULES[protocol], weights)
        return {name: found[name] for name in metrics}

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """What is missing."""
        return "no sequence has a curve that counts"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Scores of every attribute and of every sequence."""
        return tables(
            self.benchmark,
            statistics.table.ids,
            from_table(statistics.table),
            statistics.facts["attributes"],
            RULES[protocol],
        )

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Success and precision over their thresholds."""
        return curves(self.benchmark, from_table(statistics.table), RULES[protocol])

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """Least area under the success curve first."""
        found = from_table(statistics.table)
        worst: FloatArray = 1 - (found.success / np.maximum(found.frames, 1)[:, None]).mean(axis=1)
        return worst

    def agreement(self) -> str:
        """What the scorer was compared with."""
        if not self.benchmark.id.startswith("otb"):
            return (
                "the rules of README.md restated frame by frame, on generated results; no published result was at hand"
            )
        return (
            "results of KCF, SRDCF and SiamFC-3s on OTB-100: MATLAB's curves (a port that equals them bit for bit), "
            "pysot's and got10k's evaluators; every number equal to the last digit"
        )


def from_table(table: Table) -> Counts:
    """The statistics of a table that `score` made."""
    return Counts(**{name: np.asarray(table.dense(name), np.int64) for name in _COLUMNS})


def _text(row: Mapping[str, NDArray[np.generic]]) -> str:
    return "".join(",".join(map(repr, box)) + "\n" for box in row["boxes_xywh"].tolist())


def otb100() -> OnePass:
    """The task `otb100`."""
    return OnePass(BENCHMARKS["otb100"])


def otb50() -> OnePass:
    """The task `otb50`."""
    return OnePass(BENCHMARKS["otb50"])


def otb2013() -> OnePass:
    """The task `otb2013`."""
    return OnePass(BENCHMARKS["otb2013"])


def uav123() -> OnePass:
    """The task `uav123`."""
    return OnePass(BENCHMARKS["uav123"])


def nfs() -> OnePass:
    """The task `nfs`."""
    return OnePass(BENCHMARKS["nfs"])


def lasot() -> OnePass:
    """The task `lasot`."""
    return OnePass(BENCHMARKS["lasot"])
