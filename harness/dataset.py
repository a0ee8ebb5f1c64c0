"""What passes between a task and the engine: data sets, predictions, units, statistics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table


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
