"""Processes that load samples and prepare inputs while the network works on those before, in memory that all share.

Threads could do it too. But while they decode they hold the interpreter for a part of the time, and the network, which
takes it between any two of its operations, waits for them.

A method says with ``prepares_apart = True`` that its `prepare` needs nothing but the sample and gives arrays on the CPU
that do not depend on what it prepared before, and that its `finish` does not look at the sample's inputs.
"""

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from harness.columns import Array
from harness.inputs import Watched
from harness.task import Dataset, Sample

if TYPE_CHECKING:
    from harness.submission import Submission

_SPARE: Final = 2
"""Batches that lie ready or are in use, beside those that are being prepared."""
_MOST: Final = 4
"""Processes, where their number is not stated."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one prepared input lies in memory, and whether it is a tensor of torch or an array of NumPy."""

    shape: tuple[int, ...]
    dtype: str
    tensor: bool


def layout_of(prepared: Sequence[Any]) -> Layout | None:
    """The layout of all inputs of a batch; None where they differ, or do not lie in this machine's memory."""
    found = {layout for layout, _ in map(_seen, prepared)}
    return found.pop() if len(found) == 1 else None


def _seen(one: Any) -> tuple[Layout | None, Any]:
    """The layout of one input, and the array behind it."""
    torch = sys.modules.get("torch")
    tensor = torch is not None and isinstance(one, torch.Tensor)
    with suppress(TypeError, RuntimeError):
        array = one.detach().numpy() if tensor else one
        if isinstance(array, np.ndarray) and array.dtype.kind in "biuf" and array.size:
            return Layout(array.shape, array.dtype.str, tensor), array
    return None, None


def how_many(submission: "Submission", dataset: Dataset, asked: int | None) -> int:
    """How many processes may prepare; 0 where the method, its device or this system does not allow any.

    Where none are asked for, they leave half of the CPUs to the network.
    """
    able = getattr(submission.method, "prepares_apart", False) is True and submission.device == "cpu"
    if not able or not isinstance(dataset.load, Watched) or not _forks():
        return 0
    return min(_MOST, len(os.sched_getaffinity(0)) // 2) if asked is None else asked


def _forks() -> bool:
    # macOS offers it too, but its own libraries do not survive it.
    return sys.platform == "linux" and "fork" in get_all_start_methods()


class Workers:
    """`count` processes that prepare batches of at most `size` samples; they are copies of this one, and so know the method.

    Raises OSError where the system has no memory or no process for them; none is then left behind.
    """

    def __init__(
        self, count: int, dataset: Dataset, prepare: Callable[[Sample], Any], layout: Layout, size: int
    ) -> None:
        self._dataset, self._layout = dataset, layout
        self._batches = _shared(count + _SPARE, size, layout)
        self._links: list[Connection] = []
        self._processes: list[ForkProcess] = []
        job = _Job(dataset, prepare, layout, self._batches)
        try:
            for _ in range(count):
                self._start(job)
        except OSError:
            self.close()
            raise

    def _start(self, job: "_Job") -> None:
        context = get_context("fork")
        ours, theirs = context.Pipe()
        self._links.append(ours)
        process = context.Process(target=_work, args=(theirs, tuple(self._links), job), daemon=True)
        with theirs:
            process.start()
        self._processes.append(process)

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for link in self._links:
            link.close()
        for process in self._processes:
            process.terminate()
            process.join()

    def batches(self, wanted: Sequence[range]) -> Iterator[Sequence[Any] | None]:
        """The prepared inputs of each batch of indices, in order, valid until the next batch is asked for.

        None stands for a batch that a process could not prepare: the caller does it, and so meets what was wrong. The first
        ones are begun at once.
        """
        for place, batch in enumerate(wanted[: len(self._batches)]):
            self._ask(place, batch)
        return self._given(wanted)

    def _given(self, wanted: Sequence[range]) -> Iterator[Sequence[Any] | None]:
        slots = len(self._batches)
        for place, batch in enumerate(wanted):
            yield self._prepared(place, batch)
            if place + slots < len(wanted):
                self._ask(place + slots, wanted[place + slots])

    def _ask(self, place: int, batch: range) -> None:
        # Of a process that is gone the answer is missed later on.
        with suppress(OSError):
            self._links[place % len(self._links)].send((place % len(self._batches), batch))

    def _prepared(self, place: int, batch: range) -> Sequence[Any] | None:
        try:
            digests = self._links[place % len(self._links)].recv()
        except (EOFError, OSError):
            return None
        if digests is None:
            return None
        assert isinstance(self._dataset.load, Watched)
        self._dataset.load.digests.update(zip((self._dataset.ids[index] for index in batch), digests, strict=True))
        rows = self._batches[place % len(self._batches)][: len(batch)]
        if not self._layout.tensor:
            return list(rows)
        import torch

        return torch.from_numpy(rows).unbind()


@dataclass(frozen=True, slots=True)
class _Job:
    """What a process works with."""

    dataset: Dataset
    prepare: Callable[[Sample], Any]
    layout: Layout
    batches: Array

    def __call__(self, slot: int, batch: range) -> list[bytes] | None:
        """Prepare a batch into its slot: the digests of its inputs, or None where anything failed."""
        load = self.dataset.load
        assert isinstance(load, Watched)
        digests = []
        try:
            for row, index in zip(self.batches[slot], batch, strict=False):
                sample = self.dataset.sample(index)
                digests.append(load.digests.pop(sample.id))
                layout, array = _seen(self.prepare(sample))
                if layout != self.layout:
                    return None
                row[...] = array
        except Exception:
            return None
        return digests


def _work(link: Connection, others: Sequence[Connection], job: _Job) -> None:
    """A process: one batch after the other, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in others:  # else the pipes would stay open when the parent is gone
        other.close()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    with suppress(EOFError, OSError):
        while True:
            link.send(job(*link.recv()))


def _shared(slots: int, size: int, layout: Layout) -> Array:
    """Zeroed memory (slots, size, *shape) that processes forked from this one write into."""
    shape, dtype = (slots, size, *layout.shape), np.dtype(layout.dtype)
    memory = mmap.mmap(-1, int(np.prod(shape)) * dtype.itemsize)
    return np.frombuffer(memory, dtype).reshape(shape)
