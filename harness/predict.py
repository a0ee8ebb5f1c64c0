"""The default way to answer a data set: prepare, forward and finish over batches."""

from collections.abc import Sequence
from typing import Any

from harness.columns import Row
from harness.errors import HarnessError, PredictionError, SubmissionError, describe
from harness.submission import Submission
from harness.task import Dataset, Encoder, RunContext, Sample, Sink, Task


def predict_batches(task: Task, submission: Submission, dataset: Dataset, sink: Sink, run: RunContext) -> None:
    """Answer every pending sample.

    Batches are fixed slices of the whole data set, so that a resumed run meets the same ones; the last is padded with its
    own last sample, because kernels differ in the last digit between batch sizes.
    """
    encode = task.encoder(submission, dataset)
    size = run.batch_size
    for batch in sorted({index // size for index in sink.pending()}):
        indices = range(batch * size, min((batch + 1) * size, len(dataset.ids)))
        samples = [dataset.sample(index) for index in indices]
        for sample, row in zip(samples, answer(submission, samples, size, encode), strict=False):
            sink.put(sample.id, row)
        run.advance(len(samples))
        run.between()


def answer(submission: Submission, samples: Sequence[Sample], size: int, encode: Encoder) -> list[Row]:
    """The encoded answers to at most `size` samples; failures of the submission's code become one sentence."""
    method = submission.method
    padded = [*samples, *[samples[-1]] * (size - len(samples))]
    try:
        with no_gradients():
            raws = method.forward([method.prepare(sample) for sample in padded])
            if len(raws) != len(padded):
                raise PredictionError(f"forward gave {len(raws)} outputs for {len(padded)} inputs")
            answers = [method.finish(raw, sample) for raw, sample in zip(raws, samples, strict=False)]
    except (HarnessError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        first, last = samples[0].id, samples[-1].id
        where = first if first == last else f"{first} to {last}"
        raise SubmissionError(f"{submission.name} failed on {where}: {describe(error)}") from error
    return [_encoded(submission, encode, one, sample) for one, sample in zip(answers, samples, strict=True)]


def _encoded(submission: Submission, encode: Encoder, answer: Any, sample: Sample) -> Row:
    try:
        return encode(answer, sample)
    except (HarnessError, MemoryError):
        raise
    except Exception as error:
        raise PredictionError(
            f"{submission.name}: the answer to {sample.id} is not what the task asks for: {describe(error)}"
        ) from error


class no_gradients:
    """``torch.inference_mode()`` where torch has been imported, nothing otherwise."""

    def __enter__(self) -> None:
        import sys

        torch = sys.modules.get("torch")
        self._mode = torch.inference_mode() if torch is not None else None
        if self._mode is not None:
            self._mode.__enter__()

    def __exit__(self, *exc: object) -> None:
        if self._mode is not None:
            self._mode.__exit__(*exc)
