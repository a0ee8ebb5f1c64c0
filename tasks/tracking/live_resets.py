"""VOT's supervised experiments run live: a tracker that loses its target is started again five frames later."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row
from harness.submission import Submission
from harness.task import Dataset, RunContext, Sample, Sink
from tasks.tracking.frames import Frames
from tasks.tracking.live import Driver, predict_each, seed_all
from tasks.tracking.live_regions import Region
from tasks.tracking.vot.results import FAILED, STARTED, Run, to_row
from tasks.tracking.vot.statistics import overlaps

SKIP: Final = 5
"""Frames from a failure to the next start."""
COMPARED: Final = 3
"""As many repetitions that are equal show that a tracker is deterministic."""
REALTIME: Final = "realtime"
FPS: Final = 20.0
GRACE: Final = 3
"""Calls after each start that count as quick, however long they take."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the target of one sequence is."""

    regions: NDArray[np.float64]
    """(frames, 8)."""
    counts: NDArray[np.uint8]
    """(frames,): how many of the eight numbers are used."""
    bounds: tuple[float, float]
    """Width and height within which regions overlap."""

    def __len__(self) -> int:
        return len(self.counts)

    def region(self, frame: int) -> Region:
        """The annotated region of a frame."""
        found: Region = self.regions[frame, : self.counts[frame]].copy()
        return found

    def lost(self, region: Region, frame: int) -> bool:
        """Whether `region` has no pixel in common with the target; without any region on either side it has none."""
        padded = np.zeros((1, 8))
        padded[0, : len(region)] = region
        count = np.array([len(region)], np.uint8)
        at = slice(frame, frame + 1)
        return not overlaps(0, padded, count, self.regions[at], self.counts[at], self.bounds)[0] > 0


class _Lines:
    """A run's codes and regions as they come; what is never written stays a skipped frame."""

    def __init__(self, frames: int) -> None:
        self.run = Run(np.zeros(frames, np.uint8), np.zeros((frames, 8)))

    def code(self, frame: int, code: int) -> None:
        self.run.codes[frame] = code

    def region(self, frame: int, region: Region) -> None:
        self.run.codes[frame] = len(region)
        self.run.regions[frame, : len(region)] = region


def supervised(driver: Driver, frames: Frames, truth: Truth) -> Run:
    """One repetition of the baseline experiment.

    Source: STVIR/pysot, tools/test.py; votchallenge/toolkit-legacy, experiment/experiment_supervised.m.
    """
    lines, start = _Lines(len(truth)), 0
    for frame in range(len(truth)):
        if frame == start:
            driver.init(frame, frames[frame], truth.region(frame))
            lines.code(frame, STARTED)
        elif frame > start:
            region = driver.update(frame, frames[frame])
            if truth.lost(region, frame):
                lines.code(frame, FAILED)
                start = frame + SKIP
            else:
                lines.region(frame, region)
    return lines.run


def realtime(driver: Driver, frames: Frames, truth: Truth) -> Run:
    """One repetition of the realtime experiment: frames come 20 a second, and those that come meanwhile are not shown.

    Until the tracker is ready, its last region stands for the frames that pass. Source: votchallenge/toolkit-legacy,
    experiment/experiment_realtime.m, realtime_type 'real'; unlike there, the first frame that fails ends the run even where
    a later region would hit again, since a region cannot follow a failure without a start.
    """
    lines, start = _Lines(len(truth)), 0
    while start < len(truth):
        start = _realtime_from(start, driver, frames, truth, lines)
    return lines.run


def _realtime_from(start: int, driver: Driver, frames: Frames, truth: Truth, lines: _Lines) -> int:
    """Track from a start until the target is lost or the sequence ends; the frame to start from again."""
    last = truth.region(start)
    driver.init(start, frames[start], last)
    lines.code(start, STARTED)
    clock_s, grace, shown = 1 / FPS, GRACE - 1, start + 1
    while shown < len(truth):
        region = driver.update(shown, frames[shown])
        clock_s += 1 / FPS if grace > 0 else max(1 / FPS, driver.calls.seconds[-1])
        grace -= 1
        ready = start + _passed(clock_s) - 1
        for frame in range(shown, min(ready, len(truth) - 1) + 1):
            held = region if frame == ready else last
            if truth.lost(held, frame):
                lines.code(frame, FAILED)
                return ready + SKIP
            lines.region(frame, held)
        last, shown = region, ready + 1
    return len(truth)


def _passed(clock_s: float) -> int:
    """Frames that have come: whole milliframes, rounded to the nearest frame, as MATLAB rounds."""
    # A sum of twentieths may lie a hair below the whole number that it stands for.
    milli = floor(clock_s * FPS * 1000 + 1e-6)
    return floor(milli / 1000 + 0.5)


def predict_resets(submission: Submission, dataset: Dataset, sink: Sink, run: RunContext) -> None:
    """`Task.predict` of the VOT challenges; the settings say which experiment and how many repetitions at most."""
    is_realtime = run.settings.get("experiment") == REALTIME
    most = 1 if is_realtime else int(run.settings.get("repetitions", 15))

    def track(driver: Driver, sample: Sample) -> Row:
        truth = _truth(dataset, sample.id, less=1 if is_realtime else 0)
        frames = sample.inputs["frames"]

        def once(repetition: int) -> Run:
            seed_all(submission.method, run.seed, sample.id, repetition)
            return (realtime if is_realtime else supervised)(driver, frames, truth)

        return to_row(repeated(once, most))

    predict_each(submission, dataset, sink, run, track)


def repeated(once: Callable[[int], Run], most: int) -> list[Run]:
    """At most so many repetitions; a single one where the first three are equal, because the tracker is deterministic."""
    runs: list[Run] = []
    while len(runs) < most:
        runs.append(once(len(runs) + 1))
        if len(runs) == COMPARED and all(_equal(runs[0], other) for other in runs[1:]):
            return runs[:1]
    return runs


def _equal(one: Run, other: Run) -> bool:
    return np.array_equal(one.codes, other.codes) and np.array_equal(one.regions, other.regions)


def _truth(dataset: Dataset, id: str, less: int) -> Truth:
    """MATLAB bounds regions by one pixel less than the frame, pysot by the frame."""
    row = dataset.truth.row(dataset.truth.position(id))
    width, height = (float(side) - less for side in row["size"])
    regions = np.ascontiguousarray(row["regions"], np.float64)
    return Truth(regions, np.ascontiguousarray(row["counts"], np.uint8), (width, height))
