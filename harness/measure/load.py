"""The load whose energy is measured: the headline span, over and over, with how many inferences were done when."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from harness.errors import HarnessError, SubmissionError, describe
from harness.measure.pace import Pace
from harness.measure.percentiles import FloatArray
from harness.measure.workload import Workload, synchroniser
from harness.raw_stream import RawStream

MARK_S = 0.001
BLOCK_S = 0.3
BLOCK_STEPS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """Inferences done and seconds paused, at moments between which both grow evenly."""

    times: FloatArray
    inferences: FloatArray
    paused_s: FloatArray

    def between(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """Inferences (a part of one counts) and paused seconds from one moment to another."""
        moments = (begin_s, end_s)
        done = np.interp(moments, self.times, self.inferences)
        paused = np.interp(moments, self.times, self.paused_s)
        return float(done[1] - done[0]), float(paused[1] - paused[0])


class Load:
    """Runs `step` until it is told to stop.

    With `gaps` it pauses now and then for a random part of a step's length, so that a sensor which looks at the load for
    a part of the time meets it in many phases; `phases` counts them.
    """

    def __init__(self, step: Callable[[], None], pace: Pace, gaps: bool = False) -> None:
        self._step, self._pace, self._gaps = step, pace, gaps
        self._marks = (array("d"), array("d"), array("d"))
        self._done, self._paused = 0, 0.0
        self.phases = 0
        self._random = RawStream(2)

    def run(self, until: Callable[[], bool]) -> Progress:
        """Step until `until` answers yes; it is asked after every step. At least one step is done."""
        clock = self._pace.clock
        now = began = marked = self._mark(clock())
        while True:
            self._step()
            self._done += 1
            now = clock()
            if now - marked >= MARK_S:
                marked = self._mark(now)
            if until():
                self._mark(now)
                return Progress(*(np.array(values) for values in self._marks))
            if self._gaps and now - began >= max(BLOCK_S, BLOCK_STEPS * self.step_s):
                began = marked = self._gap(now)

    @property
    def step_s(self) -> float:
        """Mean seconds of a step so far."""
        times = self._marks[0]
        return (times[-1] - times[0] - self._paused) / self._done if self._done and len(times) > 1 else 0.0

    def _gap(self, now: float) -> float:
        self._mark(now)
        self._pace.sleep(self.step_s * self._random.below(1024) / 1024)
        after = self._pace.clock()
        self.phases += 1
        self._paused += after - now
        return self._mark(after)

    def _mark(self, now: float) -> float:
        for values, value in zip(self._marks, (now, float(self._done), self._paused), strict=True):
            values.append(value)
        return now


def headline_loop(workload: Workload, distinct: int = 16) -> Callable[[], None]:
    """A function that runs the headline stage on the next of about `distinct` prepared samples."""
    before, stage = workload.headline_stage()
    inputs: list[tuple[Any, Any]] = []
    for i in workload.chosen(-(-distinct // workload.batch_size)):
        item = value = workload.load(i)
        for earlier in before:
            value = earlier.call(value, item)
        inputs.append((value, item))
    turn = cycle(inputs)
    wait = synchroniser(workload.device)

    def step() -> None:
        value, item = next(turn)
        try:
            stage.call(value, item)
            if wait is not None:
                wait()
        except HarnessError:
            raise
        except Exception as error:
            text = describe(error)
            raise SubmissionError(f"`{stage.name}` failed while its energy was measured: {text}") from error

    return step
