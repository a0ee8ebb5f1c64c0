"""Answering many images: the next batches are decoded and prepared while the network works on one."""

import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from harness.predict import answer
from harness.task import Dataset, Encoder, RunContext, Sample, Sink
from tasks.classification.conduct import check_repeats

if TYPE_CHECKING:
    from harness.submission import Submission

_MOST_THREADS: Final = 4
_AHEAD: Final = 2
"""Batches that wait prepared."""
_FEW: Final = 3
"""Batches for which no processes are started."""


def predict_ahead(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, encode: Encoder) -> None:
    """Answer every pending image in fixed batches of the whole data set, as `harness.predict.predict_batches` does.

    The first batch is asked twice.
    """
    size, count = run.batch_size, len(dataset.ids)
    wanted = [
        range(batch * size, min((batch + 1) * size, count))
        for batch in sorted({index // size for index in sink.pending()})
    ]
    with _pipeline(submission, dataset, run, len(wanted)) as pipeline:
        ahead = replace(submission, method=pipeline)
        for place, samples in enumerate(pipeline.batches(wanted)):
            rows = answer(ahead, samples, size, encode)
            if not place:
                check_repeats(rows, answer(ahead, samples, size, encode), sink)
            for sample, row in zip(samples, rows, strict=True):
                sink.put(sample.id, row)
            run.advance(len(samples))
            run.between()


def _pipeline(submission: "Submission", dataset: Dataset, run: RunContext, batches: int) -> "_Pipeline":
    from harness.workers import how_many

    count = how_many(submission, dataset, run.workers) if batches > _FEW else 0
    if count:
        return _Processes(submission.method, dataset, run.batch_size, count)
    return _Threads(submission.method, dataset)


class _Pipeline(ABC):
    """A method whose `prepare` has been done by the time it is called."""

    def __init__(self, method: Any, dataset: Dataset) -> None:
        self._method, self._dataset = method, dataset
        self.forward, self.finish = method.forward, method.finish

    def __enter__(self) -> "_Pipeline":
        return self

    @abstractmethod
    def __exit__(self, *exc: object) -> None:
        """End what works ahead."""

    @abstractmethod
    def prepare(self, sample: Sample) -> Any:
        """The input of a sample of the batch that was given last."""

    @abstractmethod
    def batches(self, wanted: Sequence[range]) -> Iterator[list[Sample]]:
        """The samples of each batch, in order, some batches ahead of the one that is given."""


class _Threads(_Pipeline):
    """Images are decoded by several threads, but prepared by one, in order: a method need not be ready for more."""

    def __init__(self, method: Any, dataset: Dataset) -> None:
        super().__init__(method, dataset)
        self._decoders = ThreadPoolExecutor(_threads(), thread_name_prefix="decode")
        self._preparer = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._prepared: dict[str, Future[Any]] = {}

    def __exit__(self, *exc: object) -> None:
        for pool in (self._preparer, self._decoders):
            pool.shutdown(cancel_futures=True)

    def prepare(self, sample: Sample) -> Any:
        return self._prepared[sample.id].result()

    def batches(self, wanted: Sequence[range]) -> Iterator[list[Sample]]:
        waiting: deque[list[Future[Sample]]] = deque()
        for batch in wanted:
            waiting.append([self._decoders.submit(self._dataset.sample, index) for index in batch])
            for index, decoded in zip(batch, waiting[-1], strict=True):
                self._prepared[self._dataset.ids[index]] = self._preparer.submit(self._prepare(decoded))
            if len(waiting) > _AHEAD:
                yield from self._next(waiting)
        while waiting:
            yield from self._next(waiting)

    def _prepare(self, decoded: Future[Sample]) -> Callable[[], Any]:
        return lambda: self._method.prepare(decoded.result())

    def _next(self, waiting: deque[list[Future[Sample]]]) -> Iterator[list[Sample]]:
        samples = [one.result() for one in waiting.popleft()]
        yield samples
        for sample in samples:
            del self._prepared[sample.id]


class _Processes(_Pipeline):
    """Images are decoded and prepared by `count` processes; the first batch, which shows how inputs lie in memory, here.

    Where its inputs are not alike, or no process can be started, threads go on.
    """

    def __init__(self, method: Any, dataset: Dataset, size: int, count: int) -> None:
        super().__init__(method, dataset)
        self._size, self._count = size, count
        self._prepared: dict[str, Any] = {}
        self._threads: _Threads | None = None
        self._ends = ExitStack()

    def __exit__(self, *exc: object) -> None:
        self._ends.close()

    def prepare(self, sample: Sample) -> Any:
        if self._threads is not None:
            return self._threads.prepare(sample)
        found = self._prepared.get(sample.id)
        return self._method.prepare(sample) if found is None else found

    def batches(self, wanted: Sequence[range]) -> Iterator[list[Sample]]:
        first, others = self._here(wanted[0]), wanted[1:]
        ahead = self._ahead(others)
        yield first
        if ahead is None:
            self._threads = _Threads(self._method, self._dataset)
            self._ends.push(self._threads)
            yield from self._threads.batches(others)
            return
        for batch in others:
            inputs = next(ahead)
            if inputs is None:
                yield self._here(batch)
                continue
            samples = [Sample(self._dataset.ids[index], {}) for index in batch]
            self._prepared = {sample.id: one for sample, one in zip(samples, inputs, strict=True)}
            yield samples

    def _here(self, batch: range) -> list[Sample]:
        samples = [self._dataset.sample(index) for index in batch]
        self._prepared = {}
        # What fails is met again where it is put in a sentence: in `prepare`, as `harness.predict.answer` calls it.
        with suppress(Exception):
            self._prepared = {sample.id: self._method.prepare(sample) for sample in samples}
        return samples

    def _ahead(self, wanted: Sequence[range]) -> Iterator[Sequence[Any] | None] | None:
        """The inputs of further batches; None where those of one batch are not alike, or no process can be started."""
        from harness.workers import Workers, layout_of

        layout = layout_of(list(self._prepared.values()))
        if layout is None:
            return None
        try:
            workers = Workers(self._count, self._dataset, self._method.prepare, layout, self._size)
        except OSError:
            return None
        self._ends.callback(workers.close)
        return workers.batches(wanted)


def _threads() -> int:
    """Decoders: on few cores they would take from the network more than they save it."""
    return max(1, min(_MOST_THREADS, len(os.sched_getaffinity(0)) // 2))
