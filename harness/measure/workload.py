"""What is measured: a few distinct inputs, and the named steps that each of them goes through."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

StageCall = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """One span of an inference: `call(value, item)` takes what the stage before returned, and the item of the start."""

    name: str
    call: StageCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Inputs and the steps over them.

    `load(i)` gives item `i` of `count`, already decoded; it is called before anything is timed. The first stage is
    called with (item, item). An item holds `batch_size` samples; every latency and energy is divided by that.
    A tracker brings the stages `init` and `update`; no name matters here but `headline`, the span that verdicts look at,
    and `rate`, the one whose mean gives the throughput (a tracker starts once and updates for every frame).
    """

    count: int
    load: Callable[[int], Any]
    stages: tuple[Stage, ...]
    headline: str = "forward"
    rate: str = "end_to_end"
    device: str = "cpu"
    dtype: str = "float32"
    batch_size: int = 1
    context: Callable[[], AbstractContextManager[Any]] | None = None
    """What the stages run inside; torch.inference_mode where torch is loaded and this is None."""

    def chosen(self, limit: int) -> list[int]:
        """At most `limit` item numbers, evenly spread, since data sets are often sorted."""
        n = min(self.count, limit)
        return [i * self.count // n for i in range(n)]

    def headline_stage(self) -> tuple[tuple[Stage, ...], Stage]:
        """The stages before the headline, and the headline (the last stage where none has its name)."""
        names = [stage.name for stage in self.stages]
        at = names.index(self.headline) if self.headline in names else len(names) - 1
        return self.stages[:at], self.stages[at]

    def entered(self) -> AbstractContextManager[Any]:
        """The context to run stages in."""
        if self.context is not None:
            return self.context()
        torch = sys.modules.get("torch")
        return nullcontext() if torch is None else torch.inference_mode()


class ThreeSteps(Protocol):
    """The part of a submission's method that is timed."""

    def prepare(self, sample: Any) -> Any:
        """Sample -> input."""

    def forward(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Inputs -> raw outputs."""

    def finish(self, raw: Any, sample: Any) -> Any:
        """Raw output, sample -> answer."""


def method_workload(
    method: ThreeSteps,
    count: int,
    load: Callable[[int], Any],
    *,
    batch_size: int = 1,
    device: str = "cpu",
    dtype: str = "float32",
) -> Workload:
    """The workload of a submission's prepare, forward and finish over `count` samples; `load(i)` decodes one.

    With a `batch_size` above 1, item i holds the samples from i * batch_size on, going round at the end of the data.
    """

    def load_batch(i: int) -> list[Any]:
        return [load((i * batch_size + k) % count) for k in range(batch_size)]

    stages = (
        Stage("prepare", lambda _, samples: [method.prepare(sample) for sample in samples]),
        Stage("forward", lambda inputs, _: method.forward(inputs)),
        Stage("finish", lambda raws, samples: [method.finish(raw, s) for raw, s in zip(raws, samples, strict=True)]),
    )
    batches = -(-count // batch_size)
    return Workload(count=batches, load=load_batch, stages=stages, device=device, dtype=dtype, batch_size=batch_size)


def synchroniser(device: str) -> Callable[[], object] | None:
    """What waits until the whole device (every stream) has finished; None on the CPU, which needs no waiting."""
    kind = device.split(":")[0]
    if kind == "cpu":
        return None
    import torch

    if kind == "cuda":
        return lambda: torch.cuda.synchronize(device)
    module = getattr(torch, kind, None)
    wait: Callable[[], object] | None = getattr(module, "synchronize", None)
    return wait
