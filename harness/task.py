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

if TYPE_CHECKING:
    from harness.measure.workload import Workload
    from harness.submission import Submission

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One number that a task reports. `decimals` is how many its users print."""

    name: str
    title: str
    unit: str = ""
    higher_is_better: bool = True
    decimals: int = 3
    protocols: tuple[str, ...] = ()
    """Protocols under which it exists; empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolSpec:
    """A named way to score. Two protocols never share a column."""

    id: str
    title: str
    source: str
    """The official evaluator that it follows: repository and file, or paper."""
    also: tuple[str, ...] = ()
    """Other protocols that are always computed beside it, from the same statistics."""
    main_metric: str = ""
    """The main metric under this protocol, where it is not the task's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """Something a run chooses that splits a comparison (DESIGN.md: setting)."""

    name: str
    title: str
    default: str | int | float | bool
    choices: tuple[str | int | float | bool, ...] = ()
    """The values allowed; empty: any of the default's type."""
    by: str = "run"
    """Who chooses it: `run` (``--set NAME=VALUE``) or `submission` (its manifest and options)."""
    compared: bool = True
    """False for what is recorded but does not split a comparison (the size of tiles)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a submission must provide for a task, in words and as columns of a prediction."""

    id: str
    title: str
    inputs: str
    """What ``sample.inputs`` holds: keys, shapes, dtypes."""
    answer: str
    """What ``finish`` returns: keys, shapes, dtypes."""
    columns: tuple[ColumnSpec, ...]
    """How an answer is stored, after `Task.encoder` has checked and translated it. A result file may be stored in
    another form that the task's `score` knows (top-k labels instead of logits)."""
    extra: tuple[ColumnSpec, ...] = ()
    """What is stored beside an answer but is no part of it (times of frames): outside the predictions' digest."""
    methods: tuple[str, ...] = ("prepare", "forward", "finish")
    """The methods that a submission object must have."""
    baseline: str = ""
    """Python statements of the simplest honest ``finish(self, raw, sample)``, for the scaffold of a new submission:
    ``np``, ``sample`` and ``self.facts`` (`Dataset.facts`) are at hand, `raw` is the sample itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMeta:
    """What a task is, for people and for the engine."""

    id: str
    version: str
    """Raised whenever a score could change; stored in every record and part of the key of stored predictions."""
    title: str
    family: str
    summary: str
    metrics: tuple[MetricSpec, ...]
    main_metric: str
    protocols: tuple[ProtocolSpec, ...]
    """The first is the default."""
    splits: tuple[str, ...]
    """The first is the default."""
    interface: Interface
    unit: str
    """What is resampled for intervals: `image`, `query`, `sequence`, ..."""
    fixed: str
    """What stays fixed under resampling (the set of categories, the gallery), in words."""
    layout: str
    """The official tree, as text."""
    results: str
    """The official result format, in one sentence."""
    licence: str
    citation: str
    homepage: str
    settings: tuple[SettingSpec, ...] = ()
    evaluators: tuple[str, ...] = ("harness",)
    """What can compute the score (``--evaluator``); the first is the default."""
    notice: str = ""
    """What every reader of a score must know (a withdrawn data set, a known defect)."""
    hidden: bool = False
    """True for a data set that boards show only when asked for."""
    private_labels: bool = False
    """True where the truth is not public: then replicates are not published."""

    def protocol(self, id: str) -> ProtocolSpec:
        """The protocol called `id`; KeyError if there is none."""
        return {protocol.id: protocol for protocol in self.protocols}[id]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequest:
    """Where the user says the data are. `data` is the official layout, or a folder that holds it."""

    data: Path | None = None
    annotations: Path | None = None
    images: Path | None = None
    split: str | None = None
    with_inputs: bool = True
    """False when only a predictions file is scored: then the inputs need not be there."""
    protocol: str = ""
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """For data sets that differ by protocol or setting (every eighth frame, other query sets)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing to be answered. `inputs` holds what a submission may see, and never the truth."""

    id: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Samples and, apart from them, truth.

    `load` decodes one sample's inputs when asked (raises DataError); it is absent where only truth is at hand.
    `facts` is what a submission and a scorer may know of the whole set (category names, the scale factor), JSON values.
    """

    split: str
    ids: tuple[str, ...]
    truth: Table
    load: Callable[[str], Mapping[str, Any]] | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    known_ids: frozenset[str] = frozenset()
    """Every id of the split, where `ids` is only some of them (``--limit``): answers to the others are left out."""
    custom: bool = False
    """True for one's own data under the task's protocol."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """Truth of the whole set that the score depends on (categories and their ids), JSON values; part of the data digest."""

    def sample(self, index: int) -> Sample:
        """The sample at `index`, decoded now."""
        if self.load is None:
            raise ValueError("this data set was opened without its inputs")
        return Sample(self.ids[index], self.load(self.ids[index]))

    def take(self, indices: Sequence[int]) -> "Dataset":
        """A part of the data set, which still knows the other ids."""
        ids = tuple(self.ids[i] for i in indices)
        known = self.known_ids | frozenset(self.ids)
        positions = [self.truth.position(id) for id in ids]
        return replace(self, ids=ids, truth=self.truth.take(positions), known_ids=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Why a result is not ranked. `scope` is `score`, `speed` or `energy`; `code` is one word, `text` a sentence."""

    code: str
    text: str
    scope: str = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What was answered, in columns keyed by sample id, and what was noticed on reading it.

    `facts` are JSON values that belong to all answers (the class map used, an attack's parameters).
    """

    table: Table
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What is resampled. It follows from the data set alone, so that two submissions are paired unit by unit.

    `clusters` gives the cluster of every unit, int64 (n,), where units belong together and are drawn together.
    """

    ids: tuple[str, ...]
    clusters: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """For every resampling unit, in the order of `Task.units`, the sufficient statistics as columns.

    `facts` is what stays fixed under resampling (JSON values). `warnings` are things about the data or the answers that a
    reader of the score must know.
    """

    table: Table
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


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

    def note(self, key: str, value: Any) -> None:
        """Keep a JSON value that belongs to all answers; it comes back as `Predictions.facts`."""


Encoder = Callable[[Any, Sample], Row]
"""Checks one answer of a submission and lays it out as the interface's columns; raises PredictionError."""


class Task(ABC):
    """A benchmark. Subclass it, set `meta`, fill in the abstract methods."""

    meta: TaskMeta

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

    def limit(self, dataset: Dataset, count: int) -> Dataset:
        """The data set of ``--limit``: the first samples; override where some must stay (a gallery)."""
        return dataset.take(range(min(count, len(dataset.ids))))

    def units(self, dataset: Dataset) -> Units:
        """What is resampled: the samples, unless overridden (queries, sequences, clusters of sentences)."""
        return Units(ids=dataset.ids)

    def input_digest(self, inputs: Mapping[str, Any]) -> bytes:
        """SHA-256 over one sample's decoded inputs, 32 bytes; override where they are read while the sample runs."""
        arrays = {name: np.asarray(value) for name, value in inputs.items() if not callable(value)}
        return bytes.fromhex(Table(("",), {name: value[None] for name, value in arrays.items()}).row_digest(0))

    # -- answers -----------------------------------------------------------------------------------------------------
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

        `weights` is uint16 (B, units). A row of ones gives `aggregate`'s numbers.
        """

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """The metrics that exist under a protocol; override where settings decide (one for each attack)."""
        return tuple(m for m in self.meta.metrics if not m.protocols or scoring.protocol in m.protocols)

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Why `aggregate` gave None for `metric`, as half a sentence."""
        return "it is undefined on these samples"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Tables for the record beside the metrics (per category, per image size, ...)."""
        return ()

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray | None:
        """How badly each unit was answered, float64 (units,), higher is worse; None if that has no meaning."""
        return None

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


__all__ = [
    "Array",
    "ColumnSpec",
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
