"""The manifest ``submission.toml``: what a method is, where it comes from, its variants, and what its paper claims."""

from pathlib import Path
from typing import Any

import msgspec

from harness.errors import SubmissionError, UsageError

Value = str | int | float | bool | list[str | int | float]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A frozen struct that refuses fields it does not know."""


class Claim(Strict, frozen=True):
    """One number that a paper states, as printed, with its source."""

    task: str
    """A task id of this project, or the data set's usual name where there is no such task yet."""
    metric: str
    value: str
    """As printed, so that the printed precision is kept."""
    source: str
    """Where it stands: abstract, table and row, repository file."""
    split: str = ""
    protocol: str = "unstated"
    unit: str = ""
    variant: str = ""
    """The variant of this manifest that it is about; empty where there is none."""
    method: str = ""
    """What it is about, in the paper's words, where that is no variant here."""
    setting: str = ""
    """The conditions, in the paper's words."""
    settings: dict[str, str | int | float | bool] = {}
    """The same as settings of this project, where a record must have them to be compared."""
    hardware: str = ""
    baseline: str = ""
    relative_to: str = ""
    """What a reduction or a ratio is counted from."""
    convention: str = ""
    verified: bool = True
    """False for a number that was not read in its source."""


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


class Paper(Strict, frozen=True):
    """The publication."""

    title: str
    arxiv: str = ""
    year: int = 0
    authors: str = ""
    url: str = ""


class Code(Strict, frozen=True):
    """The authors' own code."""

    repository: str = ""
    commit: str = ""
    licence: str = ""


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
    notes: list[str] = []
    """Findings about the method or its claims, each a sentence with its arithmetic."""
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
        raise SubmissionError(f"{self.name} has no variant for {task} with {facts}; name one with --variant")


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
    except (msgspec.DecodeError, ValueError) as error:
        raise SubmissionError(f"{path}: {error}") from None
    if manifest.default_variant:
        try:
            manifest.variant(manifest.default_variant)
        except UsageError as error:
            raise SubmissionError(f"{path}: default_variant: {error}") from None
    return manifest
