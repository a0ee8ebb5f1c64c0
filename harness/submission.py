"""What a submission is: a method object behind three timed steps, and everything the record says about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.manifest import Manifest, Value, Variant
from harness.task import Sample


class Method(Protocol):
    """What a submission's code provides. The three steps are timed apart.

    Further attributes are optional: ``module`` (a torch.nn.Module, for parameters and operations), ``classes`` (names in
    the order of its labels), ``settings`` (those that its options decide), ``prepares_apart`` (True where copies of this
    process may prepare, see `harness.workers`), ``close()``.
    A tracker provides ``init(frame, box)`` and ``update(frame)`` instead; a target of attacks ``logits(images)``.
    """

    def prepare(self, sample: Sample) -> Any:
        """Everything before the network, up to the input where it is needed (on the device)."""

    def forward(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """The network on a batch of prepared inputs; one raw output an input, left on the device."""

    def finish(self, raw: Any, sample: Sample) -> Any:
        """One raw output -> the answer that the task's interface describes (decoding, NMS, back to the original size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The weights that a run uses: a file, random numbers, or what a library publishes under `name`."""

    kind: str
    """`file`, `random`, `published` (a library's own) or `none` (the method has no weights)."""
    path: Path | None = None
    key: str = ""
    sha256: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What an entry function is given; it returns the method."""

    manifest: Manifest
    variant: Variant
    options: Mapping[str, Value]
    checkpoint: Checkpoint
    folder: Path
    device: str
    dtype: str
    seed: int
    task: str
    facts: Mapping[str, Any]
    """`Dataset.facts`: what may be known of the data set as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A method, loaded, with what identifies it."""

    name: str
    method: Any
    """A `Method`, or what the task's interface asks for instead."""
    variant: str = ""
    manifest: Manifest | None = None
    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint(kind="none"))
    options: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    code_digest: str = ""
    """SHA-256 over the files of the submission's folder that can change its answers."""
    manifest_digest: str = ""
    trained_on: str = ""
    emulated: str = ""
    batch_size: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    identified: bool = False
    """True where code, options and weights identify the answers, so that a later run may go on from them."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of its labels; empty where it declares none."""
        declared = getattr(self.method, "classes", None)
        if declared is None and self.manifest is not None and self.variant:
            declared = self.manifest.variant(self.variant).classes
        return tuple(declared or ())

    @property
    def module(self) -> Any:
        """The torch module whose parameters and operations are counted, or None."""
        return getattr(self.method, "module", None)
