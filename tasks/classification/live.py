"""Answering many images: the next batches are decoded while the network works on one."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from harness.predict import answer
from harness.task import Dataset, Encoder, RunContext, Sample, Sink

if TYPE_CHECKING:
    from harness.submission import Submission

THREADS: Final = 4
"""Decoders; Pillow lets other threads run while it decodes."""
_AHEAD: Final = 2
"""Batches that wait decoded."""


def predict_ahead(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, encode: Encoder) -> None:
    """Answer every pending image in fixed batches of the whole data set, as `harness.predict.predict_batches` does."""
    size, count = run.batch_size, len(dataset.ids)
    wanted = [
        range(batch * size, min((batch + 1) * size, count))
        for batch in sorted({index // size for index in sink.pending()})
    ]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="decode") as pool:
        try:
            for samples in _decoded(dataset, wanted, pool):
                for sample, row in zip(samples, answer(submission, samples, size, encode), strict=False):
                    sink.put(sample.id, row)
                run.advance(len(samples))
                run.between()
        finally:
            pool.shutdown(cancel_futures=True)


def _decoded(dataset: Dataset, batches: Sequence[range], pool: ThreadPoolExecutor) -> Iterator[list[Sample]]:
    """The samples of each batch, in order, some batches ahead of the one that is given."""
    waiting: deque[list[Future[Sample]]] = deque()
    for batch in batches:
        waiting.append([pool.submit(dataset.sample, index) for index in batch])
        if len(waiting) > _AHEAD:
            yield [one.result() for one in waiting.popleft()]
    while waiting:
        yield [one.result() for one in waiting.popleft()]
