"""One process's part of a measurement: it warms up, then runs blocks when it is told to, and reports them."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Protocol

import msgspec

from harness.measure.canary import make_canary, make_memory_canary
from harness.measure.disturbance import Disturbance, Probe, between
from harness.measure.execution import execution_facts
from harness.measure.gpu_watch import GpuState, GpuWatch
from harness.measure.items import item_size, items_digest
from harness.measure.plan import Plan
from harness.measure.procfs import Unreadable, quota_of
from harness.measure.thermometer import cpu_thermometer
from harness.measure.timed_loop import TimedLoop, collector_off
from harness.measure.warm_up import warm_up
from harness.measure.workload import Workload


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What a process says of itself once it is warm."""

    spans: list[str]
    headline: str
    batch_size: int
    device: str
    dtype: str
    distinct: int
    sizes: dict[int, int]
    """Item number -> array elements of one of its samples."""
    first_ms: float
    warm_up: dict[str, Any]
    steady: bool
    affinity: list[int]
    quota_cpus: float | None
    canary: str
    execution: dict[str, Any]
    unreadable: dict[str, str]


class BlockReport(msgspec.Struct, frozen=True, kw_only=True):
    """One block: latencies in milliseconds a sample by span, the item of each, and what was going on."""

    spans: dict[str, list[float]]
    items: dict[str, list[int]]
    disturbance: Disturbance
    canary_ms: float
    memory_ms: float | None = None
    """A copy of memory before the block; None on an accelerator."""
    celsius: float | None = None
    """The processor's temperature after it, where a sensor tells."""
    gpu: GpuState | None = None


class Station(Protocol):
    """Where blocks are run: in this process or in one of its own."""

    def start(self) -> Ready:
        """Load the items, run the first inference and the warm-up."""

    def block(self, left_s: float) -> BlockReport:
        """Canary, counters, a block of timed inferences, counters; it is cut short after `left_s` seconds."""

    def unchanged(self) -> bool:
        """Whether the items are still what was loaded."""


class LocalStation:
    """Blocks of a workload in this process."""

    def __init__(self, workload: Workload, plan: Plan, probe: Probe | None = None) -> None:
        self._workload, self._plan = workload, plan
        self._probe = probe or Probe()
        self._canary_name, self._canary = make_canary(workload.device)
        self._memory: Callable[[], int] | None = None
        self._thermometer = cpu_thermometer()
        self._watch: GpuWatch | None = None

    def start(self) -> Ready:
        """Load the items, run the first inference and the warm-up."""
        workload = self._workload
        numbers = workload.chosen(-(-self._plan.distinct // workload.batch_size))
        self._loop = TimedLoop(workload, numbers)
        self._digest = items_digest(self._loop.items)
        with workload.entered():
            first_ms = self._loop.first()
            warm = warm_up(self._loop, self._plan, workload.device)
        self._canary()
        self._memory = make_memory_canary(workload.device)
        self._watch = self._watched()
        return Ready(
            spans=self._loop.spans, headline=workload.headline_stage()[1].name, batch_size=workload.batch_size,
            device=workload.device, dtype=workload.dtype, distinct=len(numbers) * workload.batch_size,
            sizes={n: item_size(i, workload.batch_size) for n, i in zip(numbers, self._loop.items, strict=True)},
            first_ms=first_ms, warm_up=warm.facts(), steady=warm.steady, affinity=sorted(self._probe.cpus),
            quota_cpus=quota_of(self._probe.proc, self._probe.groups_root), canary=self._canary_name,
            execution=execution_facts(workload.device), unreadable=dict(self._probe.unreadable),
        )  # fmt: skip

    def _watched(self) -> GpuWatch | None:
        if self._workload.device.split(":")[0] != "cuda":
            return None
        try:
            return GpuWatch(self._workload.device)
        except Unreadable as error:
            self._probe.unreadable["GPU clocks, temperature and processes"] = str(error)
            return None

    def block(self, left_s: float) -> BlockReport:
        """Canary, counters, a block of timed inferences, counters; it is cut short after `left_s` seconds."""
        end = perf_counter() + left_s
        memory_ms = None if self._memory is None else self._memory() * 1e-6
        canary_ms = self._canary() * 1e-6
        before = self._probe.snapshot()
        with self._workload.entered(), collector_off():
            block = self._loop.block(self._plan, lambda: perf_counter() >= end)
        disturbance = between(before, self._probe.snapshot())
        return BlockReport(
            spans={name: values.tolist() for name, values in block.spans.items()}, items=block.items,
            disturbance=disturbance, canary_ms=canary_ms, memory_ms=memory_ms, celsius=self._thermometer(),
            gpu=None if self._watch is None else self._watch.state(),
        )  # fmt: skip

    def unchanged(self) -> bool:
        """Whether no stage has written into its input, which later inferences would have met; asked when all is timed."""
        self._memory = None  # what it copied is no part of the model's memory
        return items_digest(self._loop.items) == self._digest
