"""The run: clean answers, then the attack on what is answered rightly, every query counted and every image checked."""

from collections.abc import Callable, Sequence
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
from tasks.classification.robustness.blackbox.interface import COLUMNS, QUERIES, TESTS
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
_ON_CPU: Final = 8
"""Images a forward pass where more gain nothing, while what has fallen leaves places empty."""
_TOGETHER: Final = 4
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
        group = _Group(target, [dataset.sample(index) for index in indices], dataset)
        sink.note(ATTACK, launch.facts(group.images))
        group.attack(launch, run.advance)
        for sample, row in zip(group.samples, group.rows(bool(launch.settings["keep_images"])), strict=True):
            sink.put(sample.id, row)
        run.advance(len(indices) - group.fallen)
        run.between()
    check_mode(submission)


def clean_answers(submission: "Submission", dataset: Dataset, samples: Sequence[Sample], batch_size: int) -> list[Row]:
    """The logits of some samples as `predict_asked` stores them."""
    target = Asked(submission, dataset, batch_size)
    return [{CLEAN: row} for row in gates.answers(target, target.pixels(samples), samples)]


class _Group:
    """Some images that are attacked together, what the network answers to them, and what the attack makes of them."""

    def __init__(self, target: Asked, samples: Sequence[Sample], dataset: Dataset) -> None:
        labels = dataset.truth.dense("label")
        truth = np.array([labels[dataset.truth.position(sample.id)] for sample in samples], np.int64)
        self.samples, self.images, self._target = samples, target.pixels(samples), target
        self._clean = gates.answers(target, self.images, samples)
        self._right = np.flatnonzero(answered(self._clean) == truth)
        self._labels = torch.from_numpy(truth[self._right]).to(target.device)
        self._attacked = [samples[row] for row in self._right.tolist()]
        self._found: dict[str, NDArray[Any]] = {}
        self.fallen = 0

    def attack(self, launch: Launch, fell: Callable[[int], None]) -> None:
        """Attack what is answered rightly; `fell` is told how many just fell."""
        if not self._attacked:
            return
        oracle = launch.oracle(self._target, self.images[torch.from_numpy(self._right)], self._labels, fell)
        _run(launch, oracle, Streams.of(launch.seed, [sample.id for sample in self._attacked], launch.name))
        self.fallen = int(oracle.fallen.sum())
        self._found = _found(oracle, self._clean[self._right])
        # Asked afresh: a network that answers otherwise now has no robustness that one run gives.
        again = gates.answers(self._target, oracle.last, self._attacked)
        self._found |= {REPEAT: gates.differences(self._found[ADVERSARIAL], again)}

    def rows(self, keep_images: bool) -> list[Row]:
        """What is stored of each image."""
        count, host = len(self.samples), self.images.cpu().numpy()
        columns: dict[str, NDArray[Any]] = {
            CLEAN: self._clean, ADVERSARIAL: self._clean.copy(), QUERIES: np.zeros(count, np.int32),
            TESTS: np.zeros(count, np.int32), DISTANCE: np.zeros(count, np.float64),
            REPEAT: gates.differences(self._clean, gates.answers(self._target, self.images, self.samples)),
            KEPT_IMAGE: host.copy(), CLEAN_IMAGE: host,
        }  # fmt: skip
        for name, values in self._found.items():
            columns[name][self._right] = np.maximum(columns[name][self._right], values) if name == REPEAT else values
        stored = columns if keep_images else {name: columns[name] for name in (spec.name for spec in COLUMNS)}
        return [{name: np.asarray(column[row]) for name, column in stored.items()} for row in range(count)]


def _run(launch: Launch, oracle: Oracle, streams: Streams) -> None:
    """Run the attack and check every image that it came to; what it raises becomes one sentence."""
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
        # Not shown, or answered by no number, which fells nothing.
        usable = np.isfinite(shown).all(axis=1)
        answers[usable] = shown[usable]
    return {
        ADVERSARIAL: answers,
        QUERIES: oracle.queries.numpy().astype(np.int32),
        TESTS: oracle.tests.numpy().astype(np.int32),
        DISTANCE: oracle.ball.distances(oracle.last, oracle.originals).cpu().numpy(),
        KEPT_IMAGE: oracle.last.cpu().numpy(),
    }
