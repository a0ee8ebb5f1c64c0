"""The run: clean answers, the gates, then every attack on what still stands, each of its images checked and asked afresh."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import HarnessError, PredictionError, SubmissionError, describe
from harness.task import Dataset, RunContext, Sample, Sink
from tasks.classification.conduct import check_mode
from tasks.classification.robustness import gates
from tasks.classification.robustness.attacks.attack import Attack
from tasks.classification.robustness.attacks.spent import Counted
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.balls import TOLERANCE
from tasks.classification.robustness.choices import GRADIENT_FREE
from tasks.classification.robustness.flags import DRIFT, OPTIMISES, SAME
from tasks.classification.robustness.interface import (
    ADVERSARIAL,
    ATTACKED,
    BACKWARDS,
    CLEAN,
    CLEAN_IMAGE,
    DISTANCE,
    FORWARDS,
    GRADIENTS,
    KEPT_ATTACK,
    KEPT_IMAGE,
    NOT_ASKED,
    REPEAT,
)
from tasks.classification.robustness.metrics import answered
from tasks.classification.robustness.pixels import attacked_together
from tasks.classification.robustness.streams import Streams
from tasks.classification.robustness.target import Target

if TYPE_CHECKING:
    from harness.submission import Submission


GATED_EVERY: Final = 8
"""The first batch and every so many after it are looked at for misbehaviour: on all of them it would cost a tenth of PGD-20."""
GRADIENTS_OF: Final = 32
"""So many images of such a batch, evenly taken from those to be attacked, are asked for their gradients, which cost most."""


@dataclass(frozen=True, kw_only=True)
class Battery:
    """What attacks: the attacks by name, in their order, in one ball, under one seed."""

    attacks: tuple[tuple[str, Attack], ...]
    ball: Ball
    seed: int
    keep_images: bool = False

    @property
    def needs_gradients(self) -> bool:
        """Whether any attack looks at gradients."""
        return any(name not in GRADIENT_FREE for name, _ in self.attacks)


def predict_attacked(submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext, battery: Battery) -> None:
    """Attack every pending image, in fixed batches of the whole data set: random numbers depend on the image alone."""
    check_mode(submission)
    target, size = Target(submission, dataset), attacked_together(run.batch_size, str(dataset.facts["pixels"]))
    batches = sorted({index // size for index in sink.pending()})
    last: _Batch | None = None
    for place, batch in enumerate(batches):
        indices = range(batch * size, min((batch + 1) * size, len(dataset.ids)))
        last = _Batch(target, [dataset.sample(index) for index in indices], dataset, battery)
        if not batch % GATED_EVERY:
            last.look()
        if not place:
            sink.note(OPTIMISES, last.backward_passes())
        last.attack()
        sink.put_all([sample.id for sample in last.samples], last.columns())
        run.advance(len(last.samples))
        run.between()
    if last is not None:
        check_mode(submission)
        _note_drift(last.drift(), sink)


def _note_drift(drift: float, sink: Sink) -> None:
    """Kept only where there is any, so that a run that goes on does not take back what an earlier one found."""
    if drift > SAME:
        sink.note(DRIFT, drift)


class _Batch:
    """Some images, what the network answers to them, and what the attacks make of them."""

    def __init__(self, target: Target, samples: Sequence[Sample], dataset: Dataset, battery: Battery) -> None:
        self.samples, self.battery, self._target = samples, battery, target
        labels = dataset.truth.dense("label")
        self._labels = np.array([labels[dataset.truth.position(sample.id)] for sample in samples], np.int64)
        self._truth = torch.from_numpy(self._labels).to(target.device)
        self._images = target.pixels(samples)
        self._clean = gates.answers(target, self._images, samples)
        count, attacks, classes = len(samples), len(battery.attacks), self._clean.shape[1]
        self._standing = np.flatnonzero(answered(self._clean) == self._labels)
        self._logits = np.zeros((count, attacks, classes), np.float32)
        self._attacked = np.zeros((count, attacks), np.uint8)
        self._numbers = {name: np.zeros((count, attacks), np.float64) for name in (DISTANCE, FORWARDS, BACKWARDS)}
        self._gradients, self._repeat = np.full((count, 2), NOT_ASKED), np.full(count, NOT_ASKED)
        self._kept = self._images.clone() if battery.keep_images else None
        self._kept_attack = np.full(count, -1, np.int32)

    def backward_passes(self) -> int:
        """How many backward passes one forward pass makes by itself."""
        return gates.backward_passes(lambda: self._target(self._images[:1]))

    def look(self) -> None:
        """Ask every image once more, and some of those that will be attacked for their gradients."""
        again = gates.answers(self._target, self._images, self.samples)
        self._repeat = gates.differences(self._clean, again)
        if self.battery.needs_gradients and len(self._standing):
            rows = _spread(self._standing, GRADIENTS_OF)
            chosen = torch.from_numpy(rows).to(self._target.device)
            self._gradients[rows] = gates.gradient_norms(self._target, self._images[chosen], self._truth[chosen])

    def attack(self) -> None:
        """Every attack in turn, on what the ones before it left standing."""
        for place, (name, attack) in enumerate(self.battery.attacks):
            if len(self._standing):
                self._run(place, name, attack)

    def _run(self, place: int, name: str, attack: Attack) -> None:
        rows, battery = self._standing, self.battery
        chosen = torch.from_numpy(rows).to(self._target.device)
        originals, samples = self._images[chosen], [self.samples[row] for row in rows.tolist()]
        streams = Streams.of(battery.seed, [sample.id for sample in samples], name)
        counted = Counted(self._target)
        found = _attacked(name, attack, (counted, originals.clone(), self._truth[chosen], battery.ball, streams))
        self._numbers[DISTANCE][rows, place] = check_inside(found, originals, attack.reach(battery.ball), name, samples)
        # Afresh, so that what is stored is what the network says to this image, whatever the attack believes.
        logits = gates.answers(self._target, found, samples)
        self._logits[rows, place], self._attacked[rows, place] = logits, 1
        self._numbers[FORWARDS][rows, place] = counted.spent.forwards / len(rows)
        self._numbers[BACKWARDS][rows, place] = counted.spent.backwards / len(rows)
        if self._kept is not None:
            self._kept[chosen] = found
            self._kept_attack[rows] = place
        self._standing = rows[answered(logits) == self._labels[rows]]

    def drift(self) -> float:
        """By how much the answers to the images as they are differ, after everything, from those before."""
        again = gates.answers(self._target, self._images, self.samples)
        return float(gates.differences(self._clean, again).max())

    def columns(self) -> dict[str, NDArray[Any]]:
        """What is stored of each image, a row an image."""
        found: dict[str, NDArray[Any]] = {
            CLEAN: self._clean, ADVERSARIAL: self._logits, ATTACKED: self._attacked, **self._numbers,
            REPEAT: self._repeat, GRADIENTS: self._gradients,
        }  # fmt: skip
        if self._kept is not None:
            found |= {KEPT_IMAGE: _host(self._kept), CLEAN_IMAGE: _host(self._images), KEPT_ATTACK: self._kept_attack}
        return found


def _spread(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, evenly taken."""
    return rows[np.arange(most) * len(rows) // most] if len(rows) > most else rows


def _host(images: Tensor) -> NDArray[np.float32]:
    found: NDArray[np.float32] = images.detach().to("cpu", torch.float32).numpy()
    return found


def _attacked(name: str, attack: Attack, arguments: tuple[Any, ...]) -> Tensor:
    """What an attack gives, detached; what it raises becomes one sentence."""
    try:
        found = attack(*arguments)
    except (HarnessError, MemoryError):
        raise
    except Exception as error:
        raise SubmissionError(f"the attack {name} failed: {describe(error)}") from error
    if not isinstance(found, Tensor) or found.shape != arguments[1].shape:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise PredictionError(f"the attack {name} gave {shape} for images of the shape {tuple(arguments[1].shape)}")
    return found.detach()


def check_inside(
    found: Tensor, originals: Tensor, ball: Ball, name: str, samples: Sequence[Sample]
) -> NDArray[np.float64]:
    """Distances of the images from their originals, float64 (n,); raises PredictionError naming one that left the set."""
    distances: NDArray[np.float64] = ball.distances(found, originals).cpu().numpy()
    # Written so that NaN is looked at more closely, too.
    near = distances.max(initial=0.0) <= ball.radius + TOLERANCE
    boxed = float(found.min()) >= ball.low and float(found.max()) <= ball.high
    outside = [] if near and boxed else ball.outside(found, originals).nonzero().flatten().tolist()
    if outside:
        row = outside[0]
        raise PredictionError(
            f"the attack {name} left its set on image {samples[row].id} ({len(outside)} of {len(samples)} images): distance "
            f"{distances[row]:.9g} in {ball.norm} where {ball.radius:.9g} + {TOLERANCE:g} are allowed, values from "
            f"{float(found[row].min()):.9g} to {float(found[row].max()):.9g} where [{ball.low:g}, {ball.high:g}] is"
        )
    return distances
