"""Answering many images: the next batches are decoded and prepared while the network works on one."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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


def predict_ahead(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, encode: Encoder) -> None:
    """Answer every pending image in fixed batches of the whole data set, as `harness.predict.predict_batches` does.

    The first batch is asked twice.
    """
    size, count = run.batch_size, len(dataset.ids)
    wanted = [
        range(batch * size, min((batch + 1) * size, count))
        for batch in sorted({index // size for index in sink.pending()})
    ]
    with _Pipeline(submission.method, dataset) as pipeline:
        ahead = replace(submission, method=pipeline)
        for place, samples in enumerate(pipeline.batches(wanted)):
            rows = answer(ahead, samples, size, encode)
            if not place:
                check_repeats(rows, answer(ahead, samples, size, encode), sink)
            for sample, row in zip(samples, rows, strict=True):
                sink.put(sample.id, row)
            run.advance(len(samples))
            run.between()


class _Pipeline:
    """A method whose `prepare` has been done by the time it is called.

    Images are decoded by several threads, but prepared by one, in order: a method need not be ready for more.
    """

    def __init__(self, method: Any, dataset: Dataset) -> None:
        self._method, self._dataset = method, dataset
        self.forward, self.finish = method.forward, method.finish
        self._decoders = ThreadPoolExecutor(_threads(), thread_name_prefix="decode")
        self._preparer = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._prepared: dict[str, Future[Any]] = {}

    def __enter__(self) -> "_Pipeline":
        return self

    def __exit__(self, *exc: object) -> None:
        for pool in (self._preparer, self._decoders):
            pool.shutdown(cancel_futures=True)

    def prepare(self, sample: Sample) -> Any:
        """The input of a sample, as soon as it is there."""
        return self._prepared[sample.id].result()

    def batches(self, wanted: Sequence[range]) -> Iterator[list[Sample]]:
        """The samples of each batch, in order, some batches ahead of the one that is given."""
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


def _threads() -> int:
    """Decoders: on few cores they would take from the network more than they save it."""
    return max(1, min(_MOST_THREADS, len(os.sched_getaffinity(0)) // 2))
