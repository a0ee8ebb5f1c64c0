"""The run: clean answers, then the attack on what is answered rightly, every query counted and every image checked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.columns import Row
from harness.errors import HarnessError, describe
from harness.task import Dataset, RunContext, Sample, Sink
from tasks.classification.conduct import check_mode
from tasks.classification.robustness import gates
from tasks.classification.robustness.blackbox.interface import QUERIES, TESTS
from tasks.classification.robustness.blackbox.launch import Launch
from tasks.classification.robustness.blackbox.oracle import Oracle, in_chunks
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, CLEAN_IMAGE, DISTANCE, KEPT_IMAGE, REPEAT
from tasks.classification.robustness.metrics import answered
from tasks.classification.robustness.streams import Streams
from tasks.classification.robustness.target import Target

if TYPE_CHECKING:
    from harness.submission import Submission

ATTACK: Final = "attack"
"""The fact that holds how it was attacked."""
_ON_CPU: Final = 16
"""Images a forward pass where more gain nothing, while what has fallen leaves places empty."""
_TOGETHER: Final = 2
"""Forward passes' worth of images that are attacked at once, so that few places stay empty."""


class Asked(Target):
    """A submission that is asked without gradients, for a fixed number of images at a time."""

    def __init__(self, submission: "Submission", dataset: Dataset, batch_size: int) -> None:
        super().__init__(submission, dataset)
        self.chunk = min(batch_size, _ON_CPU) if submission.device == "cpu" else batch_size
        self._ask = in_chunks(super().__call__, self.chunk)

    def __call__(self, images: Tensor) -> Tensor:
        """Logits (n, classes) of images (n, 3, h, w) in [0, 1]."""
        return self._ask(images)


def predict_asked(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, launch: Launch) -> None:
    """Attack every pending image; what comes out for one depends on no other."""
    check_mode(submission)
    target = Asked(submission, dataset, run.batch_size)
    size = _TOGETHER * target.chunk
    for place in sorted({index // size for index in sink.pending()}):
        indices = range(place * size, min((place + 1) * size, len(dataset.ids)))
        samples = [dataset.sample(index) for index in indices]
        images = target.pixels(samples)
        sink.note(ATTACK, launch.facts(images))
        rows = _rows(target, samples, images, dataset, launch)
        for sample, row in zip(samples, rows, strict=True):
            sink.put(sample.id, row if launch.settings["keep_images"] else _without_images(row))
        run.advance(len(samples))
        run.between()
    check_mode(submission)


def clean_answers(submission: "Submission", dataset: Dataset, samples: Sequence[Sample], batch_size: int) -> list[Row]:
    """The logits of some samples as `predict_asked` stores them."""
    target = Asked(submission, dataset, batch_size)
    return [{CLEAN: row} for row in gates.answers(target, target.pixels(samples), samples)]


def _without_images(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in (KEPT_IMAGE, CLEAN_IMAGE)}


def _rows(
    target: Asked, samples: Sequence[Sample], images: Tensor, dataset: Dataset, launch: Launch
) -> list[Mapping[str, NDArray[Any]]]:
    """What is stored of each image."""
    labels = dataset.truth.dense("label")
    truth = np.array([labels[dataset.truth.position(sample.id)] for sample in samples], np.int64)
    clean = gates.answers(target, images, samples)
    right = np.flatnonzero(answered(clean) == truth)
    attacked = [samples[row] for row in right.tolist()]
    chosen = torch.from_numpy(right)
    oracle = launch.oracle(target, images[chosen], torch.from_numpy(truth[right]).to(target.device))
    _attack(oracle, Streams.of(launch.seed, [sample.id for sample in attacked], launch.name), launch)
    found = _found(oracle, clean[right])
    columns: dict[str, NDArray[Any]] = {
        CLEAN: clean, ADVERSARIAL: clean.copy(), QUERIES: np.zeros(len(samples), np.int32),
        TESTS: np.zeros(len(samples), np.int32), DISTANCE: np.zeros(len(samples), np.float64),
        REPEAT: gates.differences(clean, gates.answers(target, images, samples)),
        KEPT_IMAGE: images.cpu().numpy().copy(), CLEAN_IMAGE: images.cpu().numpy(),
    }  # fmt: skip
    for name, values in found.items():
        columns[name][right] = values
    if len(right):
        again = gates.answers(target, oracle.last, attacked)
        columns[REPEAT][right] = np.maximum(columns[REPEAT][right], gates.differences(found[ADVERSARIAL], again))
    return [{name: np.asarray(column[row]) for name, column in columns.items()} for row in range(len(samples))]


def _attack(oracle: Oracle, streams: Streams, launch: Launch) -> None:
    """Run the attack; what it raises becomes one sentence."""
    if not len(oracle.originals):
        return
    try:
        with torch.no_grad():
            launch.attack(oracle.originals)(oracle, streams)
    except (HarnessError, MemoryError):
        raise
    except Exception as error:
        raise HarnessError(f"the attack {launch.name} failed: {describe(error)}") from error
    oracle.check(torch.arange(len(oracle.originals)), oracle.last)


def _found(oracle: Oracle, clean: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """What the attack was answered and came to, of the images attacked."""
    answers = clean.copy()
    if len(oracle.answers):
        shown = oracle.answers.float().cpu().numpy()
        # An answer that holds no number is none; it cannot have felled anything.
        usable = np.isfinite(shown).all(axis=1)
        answers[usable] = shown[usable]
    return {
        ADVERSARIAL: answers,
        QUERIES: oracle.queries.numpy().astype(np.int32),
        TESTS: oracle.tests.numpy().astype(np.int32),
        DISTANCE: oracle.ball.distances(oracle.last, oracle.originals).cpu().numpy(),
        KEPT_IMAGE: oracle.last.cpu().numpy(),
    }
