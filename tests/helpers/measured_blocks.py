"""Blocks as a process would report them, for tests of what is made of them."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.measure.disturbance import Disturbance
from harness.measure.station import BlockReport, Ready

QUIET = Disturbance(
    wall_ns=100_000_000, own_cpu_ns=100_000_000, voluntary_switches=0, involuntary_switches=0, minor_faults=0,
    major_faults=0, run_delay_ns=0, steal_ns=0, foreign_ns=0, pressure_ns=0, throttled_ns=0,
)  # fmt: skip


def ready(**changes: Any) -> Ready:
    """A process that became warm at once."""
    values: dict[str, Any] = {
        "spans": ["forward", "end_to_end"], "headline": "forward", "batch_size": 1, "device": "cpu", "dtype": "float32",
        "distinct": 4, "sizes": {0: 100, 1: 100, 2: 100, 3: 100}, "first_ms": 9.0, "steady": True, "affinity": [0, 1],
        "warm_up": {"seconds": 0.0, "inferences": 24, "steady": True}, "quota_cpus": None, "canary": "numpy",
        "execution": {"threads": 1}, "unreadable": {},
    }  # fmt: skip
    return Ready(**(values | changes))


def block(
    ms: Sequence[float] | float = 10.0,
    *,
    canary_ms: float = 1.0,
    memory_ms: float | None = 1.0,
    gpu: Any = None,
    **changes: int,
) -> BlockReport:
    """One block with these latencies and what disturbed it."""
    values = list(ms) if isinstance(ms, Sequence) else [ms] * 5
    items = [k % 4 for k in range(len(values))]
    return BlockReport(
        spans={"forward": values, "end_to_end": values}, items={"forward": items, "end_to_end": items},
        disturbance=Disturbance(**({name: getattr(QUIET, name) for name in QUIET.__slots__} | changes)),
        canary_ms=canary_ms, memory_ms=memory_ms, gpu=gpu,
    )  # fmt: skip


class FakeStation:
    """Gives the blocks that `make` makes of their number; counts what it was asked."""

    def __init__(self, make: Callable[[int], BlockReport], *, changed: bool = False, **about: Any) -> None:
        self._make, self._changed, self._about = make, changed, about
        self.started, self.done = 0, 0

    def start(self) -> Ready:
        self.started += 1
        return ready(**self._about)

    def block(self, left_s: float) -> BlockReport:
        self.done += 1
        return self._make(self.done - 1)

    def unchanged(self) -> bool:
        return not self._changed
