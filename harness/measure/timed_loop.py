"""The innermost part: one inference between two readings of the clock, and blocks of them.

Two kinds of inference alternate in a block: one with a clock reading (and a synchronisation) after every stage, and one
with a single pair of readings around all stages. The second is `end_to_end`; it is not the sum of the first.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter_ns
from typing import Any

import numpy as np

from harness.errors import HarnessError, SubmissionError
from harness.measure.percentiles import FloatArray
from harness.measure.plan import Plan
from harness.measure.workload import Stage, Workload, synchroniser

END_TO_END = "end_to_end"
ON_DEVICE = "_on_device"
"""Ends the name of the headline's second span on CUDA: the same between two events on the stream."""


@dataclass(frozen=True, slots=True)
class Block:
    """The kept latencies of one block, in milliseconds a sample, by span; and the item of every one of them."""

    spans: dict[str, FloatArray]
    items: dict[str, list[int]]

    def median(self, span: str) -> float:
        """The block's median latency, ms."""
        return float(np.median(self.spans[span]))


class TimedLoop:
    """Runs a workload over items that were loaded before, and reads the clock around it."""

    def __init__(self, workload: Workload, numbers: Sequence[int]) -> None:
        self._items = [workload.load(i) for i in numbers]
        self._numbers = list(numbers)
        self._stages = workload.stages
        self._synchronise = synchroniser(workload.device)
        self._per_sample_ms = 1e-6 / workload.batch_size
        self._turn = 0
        self._events = device_events(workload.device)
        self._headline = workload.headline_stage()[1]
        self._device_ns: list[float] = []

    def apart(self, at: int) -> list[int]:
        """Nanoseconds of every stage on item `at`."""
        item = value = self._items[at]
        wait = self._synchronise
        marks = [perf_counter_ns()]
        for stage in self._stages:
            if stage is self._headline and self._events is not None:
                value = self._between_events(stage, value, item)
            else:
                value = stage.call(value, item)
                if wait is not None:
                    wait()
            marks.append(perf_counter_ns())
        return [after - before for before, after in pairwise(marks)]

    def _between_events(self, stage: Stage, value: Any, item: Any) -> Any:
        assert self._events is not None and self._synchronise is not None
        begin, end = self._events
        begin.record()
        result = stage.call(value, item)
        end.record()
        self._synchronise()
        self._device_ns.append(begin.elapsed_time(end) * 1e6)
        return result

    def whole(self, at: int) -> int:
        """Nanoseconds of all stages together on item `at`."""
        item = value = self._items[at]
        wait = self._synchronise
        start = perf_counter_ns()
        for stage in self._stages:
            value = stage.call(value, item)
        if wait is not None:
            wait()
        return perf_counter_ns() - start

    @property
    def items(self) -> list[Any]:
        """The loaded items, in turn."""
        return self._items

    @property
    def spans(self) -> list[str]:
        """Names of the spans that a block reports."""
        names = [stage.name for stage in self._stages]
        return [*names, *([self._headline.name + ON_DEVICE] if self._events is not None else []), END_TO_END]

    def first(self) -> float:
        """Milliseconds of the very first inference (whatever is compiled or tuned included), on item 0."""
        item = value = self._items[0]
        start = perf_counter_ns()
        for stage in self._stages:
            value = self._call(stage, value, item)
        if self._synchronise is not None:
            self._synchronise()
        return (perf_counter_ns() - start) * 1e-6

    def sweep(self, size: int) -> Iterator[float]:
        """`size` end-to-end latencies in ms, always over the same first items, so that sweeps can be compared."""
        for k in range(size):
            yield self._guarded(self.whole, k % len(self._items)) * self._per_sample_ms

    def block(self, plan: Plan, over: Callable[[], bool]) -> Block:
        """One block; its first inference of each kind is dropped. `over` says that the whole time is used up."""
        n = len(self._items)
        apart: list[list[int]] = []
        whole: list[int] = []
        items: list[int] = []
        self._device_ns = []
        start = perf_counter_ns()
        while not self._finished(len(whole), perf_counter_ns() - start, plan, over):
            at = self._turn % n
            items.append(at)
            apart.append(self._guarded(self.apart, at))
            # another item, or its data would still be in the caches from the line above
            whole.append(self._guarded(self.whole, (at + n // 2) % n))
            self._turn += 1
        return self._block(apart, whole, items)

    @staticmethod
    def _finished(done: int, elapsed_ns: int, plan: Plan, over: Callable[[], bool]) -> bool:
        kept = done - 1
        if kept >= plan.block_inferences and (elapsed_ns >= plan.block_s * 1e9 or kept >= plan.block_most):
            return True
        return kept >= 1 and over()

    def _block(self, apart: list[list[int]], whole: list[int], items: list[int]) -> Block:
        table = np.array(apart[1:], dtype=np.float64) * self._per_sample_ms
        spans = {stage.name: table[:, k] for k, stage in enumerate(self._stages)}
        if self._events is not None:
            on_device = np.array(self._device_ns[1:], dtype=np.float64)
            spans[self._headline.name + ON_DEVICE] = on_device * self._per_sample_ms
        spans[END_TO_END] = np.array(whole[1:], dtype=np.float64) * self._per_sample_ms
        n = len(self._items)
        numbers = [self._numbers[at] for at in items[1:]]
        shifted = [self._numbers[(at + n // 2) % n] for at in items[1:]]
        return Block(spans, {name: shifted if name == END_TO_END else numbers for name in spans})

    def _guarded(self, timed: Callable[[int], Any], at: int) -> Any:
        try:
            return timed(at)
        except HarnessError:
            raise
        except Exception as error:
            raise _failure("the model", self._numbers[at], error) from error

    def _call(self, stage: Stage, value: Any, item: Any) -> Any:
        try:
            result = stage.call(value, item)
        except HarnessError:
            raise
        except Exception as error:
            raise _failure(f"`{stage.name}`", self._numbers[0], error) from error
        if _is_lazy(result):
            raise SubmissionError(
                f"`{stage.name}` returned a {type(_lazy_part(result)).__name__}, whose work is done after the clock has "
                "stopped; return a list"
            )
        return result


def _lazy_part(result: Any) -> Any:
    return next((part for part in result if isinstance(part, Iterator)), result) if type(result) is list else result


def _is_lazy(result: Any) -> bool:
    """Whether a result, or an entry of it, computes when it is asked (generators, `map`, `zip`)."""
    return isinstance(_lazy_part(result), Iterator)


def device_events(device: str) -> tuple[Any, Any] | None:
    """Two events that take the time on a CUDA stream; None elsewhere."""
    if device.split(":")[0] != "cuda":
        return None
    import torch

    event: Any = torch.cuda.Event
    return event(enable_timing=True), event(enable_timing=True)


def _failure(what: str, number: int, error: Exception) -> SubmissionError:
    text = str(error).strip().split("\n")[0]
    return SubmissionError(f"{what} failed on input {number} while it was timed: {type(error).__name__}: {text}")


@contextmanager
def collector_off() -> Iterator[None]:
    """No garbage collection inside; what lives before is frozen, so that collections between blocks are short."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def objects_frozen() -> Iterator[None]:
    """Collect once, then keep everything alive out of later collections until the end."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
