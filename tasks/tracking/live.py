"""Driving a tracker online: it is shown one frame at a time; its calls are timed, decoding frames is not."""

import hashlib
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from harness.columns import Row
from harness.errors import DataError, HarnessError, PredictionError, SubmissionError, describe
from harness.measure.workload import synchroniser
from harness.predict import no_gradients
from harness.submission import Submission
from harness.task import Dataset, RunContext, Sample, Sink, Task
from tasks.tracking.frames import Frames, Image
from tasks.tracking.live_regions import Region, checked_region, given_region

INIT, UPDATE = 1, 2


@dataclass
class Calls:
    """What was called on one sequence, call by call."""

    kinds: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def row(self) -> Row:
        """As columns of `interface.TIMES`."""
        return {
            "call_kind": np.array(self.kinds, np.uint8),
            "call_frame": np.array(self.frames, np.int64),
            "call_s": np.array(self.seconds, np.float64),
        }


class Driver:
    """A submission's tracker on one sequence. What goes wrong in it becomes one sentence that names the frame."""

    def __init__(self, submission: Submission, sequence: str, clock: Callable[[], float] = perf_counter) -> None:
        self._method, self._name, self._sequence = submission.method, submission.name, sequence
        self._clock, self._wait = clock, synchroniser(submission.device)
        self.calls = Calls()

    def init(self, number: int, frame: Image, region: Region) -> None:
        """Start on frame `number` with `region`, as an upright box unless the tracker says ``takes_corners``."""
        if not np.isfinite(region).all() or (len(region) == 4 and (region[2:] <= 0).any()):
            raise DataError(
                f"{self._sequence}, frame {number}: the annotated region is {region.tolist()}, with which no tracker can start"
            )
        given = given_region(self._method, region)
        self._timed(INIT, number, lambda: self._method.init(frame, given))

    def update(self, number: int, frame: Image) -> Region:
        """Where the target is in frame `number`; raises PredictionError or SubmissionError."""
        answer = self._timed(UPDATE, number, lambda: self._method.update(frame))
        return checked_region(answer, self.where(number))

    def where(self, number: int) -> str:
        """A frame as messages name it."""
        return f"{self._name} on {self._sequence}, frame {number}"

    def _timed(self, kind: int, number: int, call: Callable[[], Any]) -> Any:
        try:
            with no_gradients():
                begin = self._clock()
                answer = call()
                if self._wait is not None:
                    self._wait()
                seconds = self._clock() - begin
        except (HarnessError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            what = "init" if kind == INIT else "update"
            raise SubmissionError(
                f"{self._name} failed in {what} on {self._sequence}, frame {number}: {describe(error)}"
            ) from error
        self.calls.kinds.append(kind)
        self.calls.frames.append(number)
        self.calls.seconds.append(seconds)
        return answer


def one_pass(driver: Driver, frames: Frames, region: Region) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Track from the first frame to the last: boxes (frames, 4), of which the first is `region`."""
    boxes = [region]
    driver.init(0, frames[0], region)
    for number in range(1, len(frames)):
        box = driver.update(number, frames[number])
        if len(box) != 4:
            raise PredictionError(
                f"{driver.where(number)}: update gave four corners; this benchmark scores boxes x, y, width, height"
            )
        boxes.append(box)
    return np.array(boxes)


def predict_each(
    submission: Submission, dataset: Dataset, sink: Sink, run: RunContext, track: Callable[[Driver, Sample], Row]
) -> None:
    """Answer every sequence that has no answer yet, and keep the times of its calls beside it."""
    for index in sink.pending():
        sample = dataset.sample(index)
        if not len(sample.inputs["frames"]):
            raise DataError(f"{sample.id} has no frames; name their folder or zip with --images or --data")
        driver = Driver(submission, sample.id)
        answer = track(driver, sample)
        sink.put(sample.id, {**answer, **driver.calls.row()})
        run.advance(1)
        run.between()


def predict_one_pass(task: Task, submission: Submission, dataset: Dataset, sink: Sink, run: RunContext) -> None:
    """`Task.predict` of the benchmarks that track every sequence once."""
    encode = task.encoder(submission, dataset)

    def track(driver: Driver, sample: Sample) -> Row:
        seed_all(submission.method, run.seed, sample.id, 1)
        boxes = one_pass(driver, sample.inputs["frames"], sample.inputs["region"])
        return encode({"boxes_xywh": boxes}, sample)

    predict_each(submission, dataset, sink, run, track)


def seed_all(method: Any, seed: int, sequence: str, repetition: int) -> None:
    """Seed whatever a tracker may draw from, so that neither the order of the sequences nor a resumed run matters.

    A tracker with its own generator has a method ``seed(number)``.
    """
    digest = hashlib.sha256(f"{seed}\0{sequence}\0{repetition}".encode()).digest()
    number = int.from_bytes(digest[:4], "little") >> 1
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - what trackers of the field draw from
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(number)
    own = getattr(method, "seed", None)
    if callable(own):
        own(number)
