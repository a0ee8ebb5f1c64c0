"""The manifest ``submission.toml``: what a method is, where it comes from, its variants, and what its paper claims."""

from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.claim import Blocker, Claim, ClaimTable, Strict, Value, expand
from harness.errors import SubmissionError, UsageError
from harness.manifest_check import first_problem

__all__ = ["Claim", "Code", "Manifest", "Option", "Paper", "PublishedWeights", "Value", "Variant", "read_manifest"]


class PublishedWeights(Strict, frozen=True):
    """Weights of one variant: shipped in the folder, or where their authors publish them."""

    file: str = ""
    """Path inside the submission's folder, where they are shipped."""
    published: str = ""
    """Where the authors publish them, in words."""
    sha256: str = ""
    licence: str = ""
    key: str = ""
    """Which entry of the checkpoint holds the network, where there are several."""


class Option(Strict, frozen=True):
    """Something that ``--set NAME=VALUE`` may change; `default` gives its type."""

    default: Value
    title: str
    setting: str = ""
    """The setting (of those that split comparisons) that it decides, if any."""


class Variant(Strict, frozen=True):
    """One network of the method."""

    name: str
    title: str = ""
    weights: PublishedWeights = PublishedWeights()
    trained_on: str = ""
    options: dict[str, Value] = {}
    """Defaults of this variant that differ from the manifest's."""
    settings: dict[str, str | int | float | bool] = {}
    when: dict[str, str | int | float | bool] = {}
    """Facts of a data set (``scale = 4``) for which this variant is chosen, if none is named."""
    sample_of: list[str] = []
    """Tasks on whose generated sample this variant is chosen, if none is named."""
    classes: list[str] = []
    """Names of the classes that it answers with, in the order of its labels."""
    batch_size: int = 1
    emulated: str = ""
    """The arithmetic that is emulated in floating point (``binary``, ``int8``, ``adder``); empty where none is."""
    input: list[int] = []
    """Size of the picture (channels, height, width) on which ``harness cost`` counts the network, where no task is named."""


class Paper(Strict, frozen=True):
    """The publication."""

    title: str
    arxiv: str = ""
    year: int = 0
    authors: str = ""
    url: str = ""
    title_source: str = ""
    """Where the title was read, where that is not the paper; ``unverified`` where nowhere."""
    topics: list[str] = []
    """What it is about, in the field's words (super-resolution, quantisation)."""
    tasks: list[str] = []
    """The same as ids: tasks of this project, ``cost``, or ids of `harness.other_tasks`."""
    benchmarks: list[str] = []
    """The data sets that it reports on, in its words."""
    metrics: list[str] = []
    """What it reports, in its words."""
    states_no_number: bool = False
    """True where its abstract states no number."""
    trained_on: str = ""
    reference: bool = False
    """True for a paper whose method is here as a reference only: ``harness papers`` lists it with ``--all``."""


class Code(Strict, frozen=True):
    """The authors' own code."""

    repository: str = ""
    commit: str = ""
    licence: str = ""
    architecture: Literal["", "published", "partly", "not published"] = ""
    """Whether the networks can be built from it."""
    weights: str = ""
    """Where weights are published, or that they are not, in words."""
    weights_published: bool | None = None
    weights_licence: str = ""
    configuration: str = ""
    """Where its configurations lie."""
    evaluation: str = ""
    """The authors' own command of evaluation."""
    expected: str = ""
    """What that command is said to give."""
    notes: list[str] = []


class Manifest(Strict, frozen=True):
    """A submission, as ``submission.toml`` states it."""

    name: str
    title: str
    interfaces: list[str]
    """Ids of the interfaces (``detection``) that it provides."""
    entry: str = ""
    """``file.py:function`` in the folder; it takes a `BuildContext` and returns the method. Empty: claims only."""
    paper: Paper | None = None
    code: Code = Code()
    default_variant: str = ""
    variants: list[Variant] = []
    options: dict[str, Option] = {}
    claims: list[Claim] = []
    """Single claims; `read_manifest` adds those of `tables`."""
    tables: list[ClaimTable] = []
    """Tables as their sources print them."""
    blockers: dict[str, Blocker] = {}
    """What keeps claims from being settled, by a name that claims, tables, columns and rows refer to."""
    blocker: str = ""
    """The blocker of claims that name none; empty: it follows from the claim."""
    findings: list[str] = []
    """What counting and scoring said about the claims, each a sentence with its arithmetic."""
    notes: list[str] = []
    """What a reader must know of the method and of how it is run here."""
    requires: list[str] = []
    """Packages beyond the plain install that it imports (``torch``)."""
    uses: list[str] = []
    """Packages of other submissions (``submissions.centernet``) whose code it runs: they are part of its code digest."""

    def variant(self, name: str) -> Variant:
        """The variant called `name`; raises UsageError with the names there are."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        names = ", ".join(variant.name for variant in self.variants) or "none"
        raise UsageError(f"{self.name} has no variant '{name}'; it has: {names}")

    def choose(self, task: str, facts: dict[str, Any], sample: bool) -> Variant:
        """The variant for a data set where none was named: sample variants on samples, else by `when`, else the default."""
        fitting = [v for v in self.variants if all(facts.get(key) == value for key, value in v.when.items())]
        for variant in fitting:
            if sample and task in variant.sample_of:
                return variant
        real = [v for v in fitting if not v.sample_of]
        for variant in real:
            if variant.when or variant.name == self.default_variant:
                return variant
        if real:
            return real[0]
        raise SubmissionError(
            f"{self.name} {self._unfit(task, facts)}; name one with --variant, or a --split that fits"
        )

    def _unfit(self, task: str, facts: dict[str, Any]) -> str:
        """That no variant is for data with these facts, and which variants there are."""
        asked = {key for variant in self.variants for key in variant.when}
        has = {key: value for key, value in facts.items() if key in asked}
        for_what = f"{task} with {_facts(has)}" if has else task
        names = [f"{v.name} ({_facts(v.when)})" if v.when else v.name for v in self.variants]
        return f"has no variant for {for_what}; it has: {', '.join(names) or 'none'}"


def _facts(stated: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in stated.items())


def read_manifest(folder: Path) -> Manifest:
    """Read and check ``submission.toml`` in `folder`; raises SubmissionError naming file and field."""
    path = folder / "submission.toml"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SubmissionError(
            f"{path} cannot be read ({error.strerror}); a submission is a folder with that file"
        ) from None
    try:
        manifest = msgspec.toml.decode(data, type=Manifest)
        claims = [*manifest.claims, *(claim for table in manifest.tables for claim in expand(table))]
    except (msgspec.DecodeError, ValueError) as error:
        raise SubmissionError(f"{path}: {error}") from None
    manifest = msgspec.structs.replace(manifest, claims=claims)
    problem = first_problem(manifest)
    if problem:
        raise SubmissionError(f"{path}: {problem}")
    return manifest
