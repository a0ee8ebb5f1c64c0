"""The query-limited tasks: data, attacks and scoring put together."""

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
    Curve,
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
from tasks.classification.robustness.blackbox import details, metrics, scores
from tasks.classification.robustness.blackbox.choices import settle
from tasks.classification.robustness.blackbox.counting import COUNTINGS
from tasks.classification.robustness.blackbox.declaration import SUCCESS
from tasks.classification.robustness.blackbox.interface import COLUMNS, IMAGES, QUERIES

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.submission import Submission


class Blackbox(Task):
    """A data set whose images are attacked by queries. `radii` and `side` are what the attacks' own parameters follow."""

    worst_title = "queries of the budget that were left when it fell"

    def __init__(
        self,
        meta: TaskMeta,
        radii: Mapping[str, str],
        side: int,
        reader: Callable[[Task, DataRequest], Dataset],
        writer: Callable[[Path], None],
    ) -> None:
        self.meta, self._radii, self._side, self._reader, self._writer = meta, radii, side, reader, writer

    def settle(self, settings: Mapping[str, Setting]) -> Mapping[str, Setting]:
        """Fill in what was left to the attack."""
        return settle(settings, self._radii, self._side)

    def open(self, request: DataRequest) -> Dataset:
        """Read the labels and find the images."""
        dataset = self._reader(self, request)
        keep = bool(request.settings.get("keep_images", False))
        return replace(dataset, facts={**dataset.facts, "keep_images": keep})

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        self._writer(directory)

    def columns(self, dataset: Dataset) -> tuple[ColumnSpec, ...]:
        """Logits and counts, with ``--keep-images`` the images."""
        return (*COLUMNS, *IMAGES) if dataset.facts["keep_images"] else COLUMNS

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Nothing is answered one image at a time; `predict` lays out what is stored."""
        raise PredictionError(f"{self.meta.id} attacks a network; it takes no answers to single images")

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Attack every pending image."""
        from tasks.classification.robustness.blackbox.driver import predict_asked
        from tasks.classification.robustness.blackbox.launch import Launch

        launch = Launch(run.settings, COUNTINGS[str(dataset.facts["counting"])], run.seed)
        predict_asked(submission, dataset, sink, run, launch)

    def answers(
        self, submission: "Submission", dataset: Dataset, samples: Sequence[Sample], size: int
    ) -> Sequence[Row]:
        """Clean logits alone: they are what is timed."""
        from tasks.classification.robustness.blackbox.driver import clean_answers

        return clean_answers(submission, dataset, samples, size)

    def workload(self, submission: "Submission", dataset: Dataset, run: RunContext) -> "Workload":
        """Clean answers: pixels, logits, and logits on the host."""
        from tasks.classification.robustness.live import clean_workload

        return clean_workload(submission, dataset, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read logits, queries and, where there are any, adversarial images."""
        from tasks.classification.robustness.blackbox.formats import read_results

        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write everything as ``.npz``."""
        from tasks.classification.robustness.result_arrays import write_table

        write_table(predictions.table, path)

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """No number of queries passes the budget."""
        budget = float(scoring.settings["max_queries"])
        return tuple(replace(one, most=budget) if one.unit == QUERIES else one for one in self.meta.metrics)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Which images fell, and at which query."""
        counting, settings, table = COUNTINGS[scoring.protocol], scoring.settings, predictions.table
        found = scores.statistics(dataset, table, counting, settings)
        stated = {name: settings[name] for name in ("attack", "norm", "eps", "max_queries", "form", "parameters")}
        return Statistics(
            table=Table(dataset.ids, found),
            facts={"budget": int(settings["max_queries"]), "attack": predictions.facts.get("attack", stated)},
            flags=scores.flags(found, predictions.facts),
            warnings=scores.warnings(table),
        )

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """Success, queries and accuracy."""
        ones = np.ones((1, len(statistics.table)), np.uint16)
        found = self.replicates(statistics, protocol, ones, [metric.name for metric in self.meta.metrics])
        return {name: None if np.isnan(column[0]) else float(column[0]) for name, column in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same of data in which every image stands as often as its weight says."""
        from tasks.classification.robustness.blackbox.metrics import numbers

        return numbers(_columns(statistics), int(statistics.facts["budget"]), weights, metrics)

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why there is no number."""
        if metric == SUCCESS or metric.endswith("_all"):
            return "no image is answered rightly as it is, so none was attacked"
        return "no image fell"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Counts, and every parameter of the attack."""
        return details.count_table(_columns(statistics)), details.parameter_table(statistics.facts["attack"])

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """How the success rate grows with the queries."""
        x, y = metrics.success_curve(_columns(statistics), int(statistics.facts["budget"]))
        name = str(statistics.facts["attack"]["attack"])
        return (Curve(name="success", title=name, x_label="queries", y_label="success rate, %", x=x, y=y),)

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """How little of the budget it took."""
        columns = _columns(statistics)
        left = int(statistics.facts["budget"]) - columns["queries"] + 1
        return np.where(columns["fell"], left, 0).astype(np.float64)

    def agreement(self) -> str:
        """What attacks and scorer were compared with."""
        return (
            "literal restatements of the prior's and the random walk's steps, of the counting and of the metrics; the gradient "
            "estimate of NES and success on linear networks in closed form"
        )


def _columns(statistics: Statistics) -> dict[str, NDArray[np.generic]]:
    return {name: statistics.table.dense(name) for name in statistics.table.columns}
