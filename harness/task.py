"""What a task is: a benchmark's data, official result format, protocol and metrics, behind one small interface.

The engine knows no task by name. A task family (``tasks/<family>/task.py``) subclasses `Task`, says in `TaskMeta` what it
is, and fills in five methods. It never prints, logs, measures or stores: the engine does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.columns import Array, ColumnSpec, Row, Table
from harness.curves import Curve
from harness.dataset import DataRequest, Dataset, Flag, Predictions, Sample, Statistics, Units
from harness.declaration import Interface, MetricSpec, ProtocolSpec, SettingSpec, TaskMeta

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.record import Observed
    from harness.submission import Submission

FloatArray = NDArray[np.float64]
Setting = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailTable:
    """A table that goes into the record beside the metrics: per category, per size, per attribute."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | bool | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """How to score: the protocol, the settings of the run, and which evaluator computes it."""

    protocol: str
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    evaluator: str = "harness"


Values = Mapping[str, float | None]
"""Metric name -> value; None where the metric is undefined on this data (say why in `Task.undefined`)."""


class Sink(Protocol):
    """Where `Task.predict` puts its answers; the engine stores them in parts and resumes from them."""

    def pending(self) -> Sequence[int]:
        """Indices into the data set that have no answer yet, in order."""

    def put(self, id: str, row: Row) -> None:
        """Keep one answer, laid out as the interface's columns, `Interface.extra` among them."""

    def put_all(self, ids: Sequence[str], columns: Mapping[str, Array]) -> None:
        """Keep the answers to several samples, whose rows are those of dense columns (n, ...)."""

    def note(self, key: str, value: Any) -> None:
        """Keep a JSON value that belongs to all answers; it comes back as `Predictions.facts`."""


Encoder = Callable[[Any, Sample], Row]
"""Checks one answer of a submission and lays it out as the interface's columns; raises PredictionError."""


class Task(ABC):
    """A benchmark. Subclass it, set `meta`, fill in the abstract methods."""

    meta: TaskMeta

    def code_digest(self) -> str:
        """SHA-256 over the code that the task is written in: its family's folder, or its own where it stands alone."""
        from harness.files import code_digest

        return code_digest(type(self).__module__)

    # -- data --------------------------------------------------------------------------------------------------------
    @abstractmethod
    def open(self, request: DataRequest) -> Dataset:
        """Check the files, read the truth, and return the data set; raises DataError, which shows what is missing."""

    @abstractmethod
    def write_sample(self, directory: Path) -> None:
        """Write the generated sample in the official layout, the same bytes on every machine."""

    def verify_data(self, request: DataRequest) -> Iterator[str]:
        """Go through every file of the data set; yields one line for each thing checked, raises DataError."""
        dataset = self.open(replace(request, with_inputs=True))
        for index in range(len(dataset.ids)):
            dataset.sample(index)
        yield f"{len(dataset.ids)} samples of {self.meta.id}/{dataset.split} can be read"

    def settle(self, settings: Mapping[str, Setting]) -> Mapping[str, Setting]:
        """The settings of a run, each read by itself, brought to one spelling where one decides what another means.

        Override where settings depend on each other (the steps that an attack takes if none are stated); raises UsageError
        for those that contradict each other.
        """
        return settings

    def limit(self, dataset: Dataset, count: int) -> Dataset:
        """The data set of ``--limit``: the first samples; override where some must stay (a gallery)."""
        return dataset.take(range(min(count, len(dataset.ids))))

    def units(self, dataset: Dataset) -> Units:
        """What is resampled: the samples, unless overridden (queries, sequences, clusters of sentences)."""
        return Units(ids=dataset.ids)

    def input_digest(self, inputs: Mapping[str, Any]) -> bytes:
        """SHA-256 over one sample's decoded inputs, 32 bytes; override where they are read while the sample runs.

        Inputs are arrays, or None, numbers, text, lists and dictionaries of them; callables do not count. Raises
        HarnessError naming the task and the input for anything else.
        """
        from harness.inputs import digest_inputs

        return digest_inputs(inputs, self.meta.id)

    # -- answers -----------------------------------------------------------------------------------------------------
    def columns(self, dataset: Dataset) -> tuple[ColumnSpec, ...]:
        """How answers are stored; override where a setting, which `open` saw, asks for more (masks beside boxes)."""
        return self.meta.interface.columns

    @abstractmethod
    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Check that the submission fits this data set (label map, scale) and return what lays out its answers."""

    @abstractmethod
    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read the official result format; raises PredictionError, which names file, line and field."""

    @abstractmethod
    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write the official result format; `read` gives the same predictions back."""

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: "RunContext") -> None:
        """Answer every pending sample. The default maps over batches; trackers and attacks override it."""
        from harness.predict import predict_batches

        predict_batches(self, submission, dataset, sink, run)

    def answers(
        self, submission: "Submission", dataset: Dataset, samples: Sequence[Sample], size: int
    ) -> Sequence[Row]:
        """At most `size` samples answered as `predict` answers them: so it is seen that what was timed is what was scored.

        Override where `predict` does more than hand over batches (pieces of images, merged). Columns that are left out
        (those of an attack, which is not timed) are not compared.
        """
        from harness.predict import answer

        return answer(submission, samples, size, self.encoder(submission, dataset))

    def workload(self, submission: "Submission", dataset: Dataset, run: "RunContext") -> "Workload":
        """What is timed: the three steps of a submission; trackers and others bring their own spans."""
        from harness.measure.workload import method_workload

        return method_workload(
            submission.method,
            len(dataset.ids),
            dataset.sample,
            batch_size=run.batch_size,
            device=run.device,
            dtype=submission.dtype,
        )

    def observed(self, beside: Table) -> "Sequence[Observed]":
        """Speeds seen while the samples were answered, from what `Interface.extra` keeps beside every answer.

        They go into the record's measurements, which no verification repeats.
        """
        return ()

    # -- score -------------------------------------------------------------------------------------------------------
    @abstractmethod
    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Sufficient statistics for every unit. No input or output (`dataset.load` is None); never sees the submission.

        What `aggregate` needs to know of the settings goes into `Statistics.facts`.
        """

    @abstractmethod
    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The official numbers, to the last digit, of every metric that exists under `protocol`."""

    @abstractmethod
    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same metrics with unit ``i`` counted ``weights[b, i]`` times: float64 (B,) a metric, NaN where undefined.

        `weights` is uint16 (B, units). A row of ones gives `aggregate`'s numbers. No row may depend on the others: the
        engine asks for some at a time.
        """

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """The metrics that exist under a protocol; override where settings decide (one for each attack)."""
        return tuple(m for m in self.meta.metrics if not m.protocols or scoring.protocol in m.protocols)

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why `aggregate` gave None for `metric`, as half a sentence."""
        return "it is undefined on these samples"

    def notes(self, submission: "Submission", dataset: Dataset) -> Sequence[str]:
        """What a reader must know of how this submission fits this data set (classes that it lacks), before it runs."""
        return ()

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Tables for the record beside the metrics (per category, per image size, ...)."""
        return ()

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """The curves behind the numbers of `protocol`, kept to the last digit beside the record and drawn on its page."""
        return ()

    worst_title: str = "how badly it was answered"
    """What the numbers of `worst` are, as the heading of their column (``faces not found``)."""

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray | None:
        """How badly each unit was answered, float64 (units,), higher is worse; None if that has no meaning.

        The units with the highest values above 0 are listed in the record, under `worst_title`.
        """
        return None

    def right(self, statistics: Table, protocol: str) -> Mapping[str, NDArray[np.bool_]]:
        """Metric -> whether each unit was answered right, bool (units,), for metrics that are the share of such units.

        From the stored columns alone, for McNemar's test between two records; nothing where no metric is such a share or
        where units belong together.
        """
        return {}

    def reference(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Values:
        """The numbers of the named reference evaluator (``--evaluator NAME``), computed by its own code."""
        raise KeyError(scoring.evaluator)

    def agreement(self) -> str:
        """What our evaluator was found to agree with, for the record: evaluator, version, on which data."""
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a `predict` needs to know of the run."""

    batch_size: int
    device: str
    seed: int
    """Override `predict` with seeds of (this, sample id), so that neither order nor shards matter."""
    settings: Mapping[str, str | int | float | bool]
    advance: Callable[[int], None]
    """Called with the number of samples just answered: progress, and the place where a run may be stopped."""
    between: Callable[[], None] = lambda: None
    """Called between batches, where measurements may be scattered over the run."""
    workers: int | None = None
    """Processes that may load and prepare ahead; None: as the machine has room for."""


__all__ = [
    "Array",
    "ColumnSpec",
    "Curve",
    "DataRequest",
    "Dataset",
    "DetailTable",
    "Encoder",
    "Flag",
    "Interface",
    "MetricSpec",
    "Predictions",
    "ProtocolSpec",
    "Row",
    "RunContext",
    "Sample",
    "Scoring",
    "SettingSpec",
    "Sink",
    "Statistics",
    "Table",
    "Task",
    "TaskMeta",
    "Units",
    "Values",
]
