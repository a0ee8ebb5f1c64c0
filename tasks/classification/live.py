"""Answering many images: the next batches are decoded while the network works on one."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from harness.predict import answer
from harness.task import Dataset, Encoder, RunContext, Sample, Sink
from tasks.classification.conduct import check_repeats

if TYPE_CHECKING:
    from harness.submission import Submission

_MOST_THREADS: Final = 4
_AHEAD: Final = 2
"""Batches that wait decoded."""


def predict_ahead(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, encode: Encoder) -> None:
    """Answer every pending image in fixed batches of the whole data set, as `harness.predict.predict_batches` does.

    The first batch is asked twice.
    """
    size, count = run.batch_size, len(dataset.ids)
    wanted = [
        range(batch * size, min((batch + 1) * size, count))
        for batch in sorted({index // size for index in sink.pending()})
    ]
    with ThreadPoolExecutor(_threads(), thread_name_prefix="decode") as pool:
        try:
            for place, samples in enumerate(_decoded(dataset, wanted, pool)):
                rows = answer(submission, samples, size, encode)
                if not place:
                    check_repeats(rows, answer(submission, samples, size, encode), sink)
                for sample, row in zip(samples, rows, strict=True):
                    sink.put(sample.id, row)
                run.advance(len(samples))
                run.between()
        finally:
            pool.shutdown(cancel_futures=True)


def _threads() -> int:
    """Decoders: on few cores they would take from the network more than they save it."""
    return max(1, min(_MOST_THREADS, len(os.sched_getaffinity(0)) // 2))


def _decoded(dataset: Dataset, batches: Sequence[range], pool: ThreadPoolExecutor) -> Iterator[list[Sample]]:
    """The samples of each batch, in order, some batches ahead of the one that is given."""
    waiting: deque[list[Future[Sample]]] = deque()
    for batch in batches:
        waiting.append([pool.submit(dataset.sample, index) for index in batch])
        if len(waiting) > _AHEAD:
            yield [one.result() for one in waiting.popleft()]
    while waiting:
        yield [one.result() for one in waiting.popleft()]
