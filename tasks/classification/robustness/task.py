"""The white-box robustness tasks: data, attacks and scoring put together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.errors import PredictionError
from harness.task import (
    ColumnSpec,
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    MetricSpec,
    Predictions,
    RunContext,
    Sample,
    Scoring,
    Setting,
    Sink,
    Statistics,
    Task,
    TaskMeta,
    Values,
)
from tasks.classification.robustness import details, metrics, scores
from tasks.classification.robustness.choices import names, settle
from tasks.classification.robustness.declaration import CLEAN_ACCURACY, ROBUST, TOTALS, after
from tasks.classification.robustness.flags import gate_flags
from tasks.classification.robustness.interface import columns
from tasks.classification.robustness.stored_images import check_stored

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.submission import Submission


class Robustness(Task):
    """A data set whose images are attacked within balls of `norm`. `reader` opens it, `writer` writes its sample."""

    worst_title = "margin of the best wrong class under attack"

    def __init__(
        self, meta: TaskMeta, norm: str, reader: Callable[[Task, DataRequest], Dataset], writer: Callable[[Path], None]
    ) -> None:
        self.meta, self.norm, self._reader, self._writer = meta, norm, reader, writer

    def settle(self, settings: Mapping[str, Setting]) -> Mapping[str, Setting]:
        """Refuse parameters that the attack does not have; its own number of steps is written as none stated."""
        return settle(settings)

    def open(self, request: DataRequest) -> Dataset:
        """Read the labels and find the images."""
        dataset = self._reader(self, request)
        # What `read`, which sees no settings, needs of them.
        chosen = {**{spec.name: spec.default for spec in self.meta.settings}, **request.settings}
        kept = {name: chosen[name] for name in ("eps", "box", "keep_images")}
        return replace(dataset, facts={**dataset.facts, **kept, "norm": self.norm, "attacks": list(names(chosen))})

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        self._writer(directory)

    def columns(self, dataset: Dataset) -> tuple[ColumnSpec, ...]:
        """Logits and what the attacks took, with ``--keep-images`` the images."""
        return tuple(columns(bool(dataset.facts["keep_images"])))

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Nothing is answered one image at a time; `predict` lays out what is stored."""
        raise PredictionError(f"{self.meta.id} attacks a network; it takes no answers to single images")

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Attack every pending image."""
        from tasks.classification.robustness.driver import predict_attacked
        from tasks.classification.robustness.launch import battery, facts

        chosen = battery(self.norm, run.settings, run.seed)
        own = callable(getattr(submission.method, "pixels", None))
        pixels = "the submission's own" if own else str(dataset.facts["pixels"])
        for name, value in facts(chosen, run.settings, int(dataset.facts["classes"]), pixels).items():
            sink.note(name, value)
        predict_attacked(submission, dataset, sink, run, chosen)

    def answers(
        self, submission: "Submission", dataset: Dataset, samples: Sequence[Sample], size: int
    ) -> Sequence[Row]:
        """Clean logits alone: they are what is timed."""
        from tasks.classification.robustness.live import clean_answers

        return clean_answers(submission, dataset, samples)

    def workload(self, submission: "Submission", dataset: Dataset, run: RunContext) -> "Workload":
        """Clean answers: pixels, logits, and logits on the host."""
        from tasks.classification.robustness.live import clean_workload

        return clean_workload(submission, dataset, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read logits and, where there are any, adversarial images, which are compared with the data set's."""
        from tasks.classification.robustness.formats import read_results

        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write everything as ``.npz``."""
        from tasks.classification.robustness.formats import write_results

        write_results(predictions.table, dataset, path)

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """Robust and clean accuracy, and what each attack of the run leaves."""
        return (*TOTALS, *(after(name) for name in names(scoring.settings)))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Which attack felled each image, from the stored logits; stored images are compared with ball and box again."""
        attacks = list(names(scoring.settings))
        found = scores.statistics(dataset, predictions.table, attacks)
        check_stored(predictions.table, scores.bounds(dataset))
        ball = {
            "norm": self.norm, "eps": scoring.settings["eps"], "box": "[0, 1]" if scoring.settings["box"] else "none",
        }  # fmt: skip
        noted = dict(predictions.facts)
        shown = attacks if scores.is_whole(predictions.table, attacks) else ["the worst case"]
        facts = {
            "attacks": shown, "unknown": [] if shown == attacks else attacks, "noted": noted, "ball": ball,
            "categories": list(dataset.facts["categories"]), "selection": scores.selection(dataset),
        }  # fmt: skip
        return Statistics(
            table=Table(dataset.ids, found), facts=facts, warnings=scores.warnings(found, noted),
            flags=(*gate_flags(found, noted, shown), *scores.file_flags(noted)),
        )  # fmt: skip

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """Percent of all images."""
        ordered = _ordered(statistics)
        values: dict[str, float | None] = dict(metrics.aggregate(statistics.table.dense("fell"), ordered))
        unknown = {after(name).name: None for name in statistics.facts["unknown"]}
        return {**unknown, **values, ROBUST: values[ordered[-1]]}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same of data in which every image stands as often as its weight says."""
        from tasks.classification.robustness.metrics import replicates

        ordered = _ordered(statistics)
        found = dict(replicates(statistics.table.dense("fell"), weights, ordered))
        found[ROBUST] = found[ordered[-1]]
        return {name: found[name] for name in metrics}

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why there is no number for an attack."""
        return "the file holds the logits of the worst case alone, not those of each attack"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Counts, attacks, gates, parameters, classes."""
        found = {name: statistics.table.dense(name) for name in statistics.table.columns}
        facts = statistics.facts
        return (
            details.count_table(found, facts), details.attack_table(found, facts), details.gate_table(found, facts),
            details.parameter_table(facts), details.class_table(found, facts["categories"]),
        )  # fmt: skip

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """By how much a wrong class beats the true one."""
        found: FloatArray = statistics.table.dense("wrong_margin")
        return found

    def agreement(self) -> str:
        """What attacks and scorer were compared with."""
        return (
            "ResNet-2B on 200 CIFAR-10 images: as many right as they are and, within two images, under FGSM, PGD-7, PGD-20 and "
            "PGD-100 as alpha-beta-CROWN's networks gave elsewhere; literal restatements on random logits with ties"
        )


def _ordered(statistics: Statistics) -> list[str]:
    """The metrics of the images as they are and after each attack, or the worst case alone."""
    if statistics.facts["unknown"]:
        return [CLEAN_ACCURACY, ROBUST]
    return [CLEAN_ACCURACY, *(after(name).name for name in statistics.facts["attacks"])]
