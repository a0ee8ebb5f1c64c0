"""Blocks of throughput: samples a second at one batch size, the memory that it takes, and what was going on."""

import gc
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from time import perf_counter
from typing import Any

import msgspec

from harness.errors import HarnessError
from harness.measure.disturbance import Disturbance, Probe, between
from harness.measure.peak_memory import forget_peak, peak_memory_bytes
from harness.measure.timed_loop import collector_off
from harness.measure.workload import Stage, Workload, synchroniser

DISTINCT = 64


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One block: samples, the seconds they took, what was going on; or that memory did not suffice."""

    batch_size: int
    at_s: float = 0.0
    """When it began, by perf_counter."""
    samples: int = 0
    seconds: float = 0.0
    disturbance: Disturbance | None = None
    host_peak_bytes: int | None = None
    device_peak_bytes: int | None = None
    out_of_memory: str = ""

    @property
    def per_s(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds if self.seconds else 0.0


class Rates:
    """Blocks of throughput in this process, from at most 64 samples that are decoded and prepared once."""

    def __init__(self, make: Callable[[int], Workload], workers: int = 0, probe: Probe | None = None) -> None:
        self._workload, self._workers = make(1), workers
        self._probe = probe or Probe()
        if make(2).batch_size != 2:
            raise HarnessError("this task answers its samples one after the other, in no batches")
        self._items = [self._workload.load(number) for number in self._workload.chosen(DISTINCT)]
        self._prepared: list[Any] | None = None

    def block(self, batch_size: int, span: str, seconds: float) -> Rate:
        """About `seconds` of inferences of `batch_size` samples; the device is waited for once, at the end."""
        forget_peak(self._workload.device)
        try:
            with self._workload.entered():
                return self._timed(batch_size, span, seconds)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            text = str(error).strip().splitlines()
            return Rate(batch_size=batch_size, out_of_memory=text[0] if text else "out of memory")
        finally:
            gc.collect()

    def _timed(self, batch_size: int, span: str, seconds: float) -> Rate:
        steps = self._forwards(batch_size) if span == self._workload.headline else self._inferences(batch_size)
        wait = synchroniser(self._workload.device) or (lambda: None)
        next(steps)
        wait()
        before, done, start = self._probe.snapshot(), 0, perf_counter()
        with collector_off():
            while done < 2 or perf_counter() - start < seconds:
                next(steps)
                done += 1
            wait()
        took = perf_counter() - start
        after = self._probe.snapshot()
        steps.close()
        return Rate(
            batch_size=batch_size, at_s=start, samples=done * batch_size, seconds=took, disturbance=between(before, after),
            host_peak_bytes=peak_memory_bytes(), device_peak_bytes=device_peak_bytes(self._workload.device),
        )  # fmt: skip

    def _forwards(self, size: int) -> Generator[None, None, None]:
        """Endless headline stages on batches of prepared samples."""
        earlier, stage = self._workload.headline_stage()
        if self._prepared is None:
            self._prepared = [_through(earlier, item) for item in self._items]
        for start in count(0, size):
            stage.call(_batch(self._prepared, start, size), _batch(self._items, start, size))
            yield

    def _inferences(self, size: int) -> Generator[None, None, None]:
        """Endless inferences from decoded samples to answers; `workers` threads prepare ahead where there are any."""
        first, *others = self._workload.stages
        if not self._workers:
            for start in count(0, size):
                item = _batch(self._items, start, size)
                _through([first, *others], item)
                yield
        with ThreadPoolExecutor(self._workers, thread_name_prefix="prepare") as pool:
            waiting: deque[tuple[Any, Future[Any]]] = deque()
            for start in count(0, size):
                item = _batch(self._items, start, size)
                waiting.append((item, pool.submit(first.call, item, item)))
                if len(waiting) > 2 * self._workers:
                    item, prepared = waiting.popleft()
                    _through(others, item, prepared.result())
                    yield


def _through(stages: Sequence[Stage], item: Any, value: Any = None) -> Any:
    value = item if value is None else value
    for stage in stages:
        value = stage.call(value, item)
    return value


def _batch(ones: Sequence[Any], start: int, size: int) -> list[Any]:
    """`size` entries of lists of one, going round."""
    return [ones[(start + k) % len(ones)][0] for k in range(size)]


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice: Python's, torch's on the host, or an accelerator's."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def device_peak_bytes(device: str) -> int | None:
    """Most memory that torch held on an accelerator since the last `forget_peak`; None on the CPU."""
    if device.split(":")[0] != "cuda":
        return None
    import torch

    return int(torch.cuda.max_memory_allocated(device))
