"""What a task declares about itself: metrics, protocols, settings, the interface that it asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.columns import ColumnSpec


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
    least: float | None = None
    most: float | None = None
    """The values that it cannot pass, where there are any; an interval ends there."""
    minor: bool = False
    """True for one of many numbers that are looked up rather than read (a size range at every threshold): pages fold it
    away, the terminal leaves it out; nothing else differs."""


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
    """Something a run chooses that splits a comparison (an attack and its budget, flips at test time)."""

    name: str
    title: str
    default: str | int | float | bool
    choices: tuple[str | int | float | bool, ...] = ()
    """The values allowed; empty: any of the default's type."""
    by: str = "run"
    """Who chooses it: `run` (``--set NAME=VALUE``) or `submission` (its manifest and options)."""
    compared: bool = True
    """False for what is recorded but does not split a comparison (the size of tiles)."""
    parse: Callable[[Any], str | int | float | bool] | None = None
    """Reads a value that the default's type alone does not describe (a number or a list of them), so that one meaning
    has one spelling; raises UsageError. It is given text, or what a Python caller wrote."""


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
    skeleton: str = ""
    """Where `methods` are others than the three steps: their Python source in the simplest honest method, for the same
    scaffold; ``np``, ``Any``, ``NDArray`` and ``self.facts`` are at hand."""


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
    sample: str = ""
    """What is answered one at a time, where that is not what is resampled (an `image` of a gallery)."""
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
    """True where the truth is not public: then replicates are not published, curves and worst units not even kept."""

    def __post_init__(self) -> None:
        """Raises ValueError where the declaration contradicts itself."""
        names = {metric.name for metric in self.metrics}
        if not self.protocols or not self.splits:
            raise ValueError(f"task {self.id} declares no protocol or no split")
        for main in (self.main_metric, *[p.main_metric for p in self.protocols if p.main_metric]):
            if main not in names:
                raise ValueError(
                    f"task {self.id}: the main metric '{main}' is none of its metrics ({', '.join(names)})"
                )

    @property
    def answered(self) -> str:
        """What is answered one at a time."""
        return self.sample or self.unit

    def protocol(self, id: str) -> ProtocolSpec:
        """The protocol called `id`; KeyError if there is none."""
        return {protocol.id: protocol for protocol in self.protocols}[id]


def plural(noun: str) -> str:
    """More than one of what `noun` names: images, queries."""
    ending = "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else "s"
    return noun.removesuffix("y") + ending if ending == "ies" else noun + ending
