"""The VOT challenges as tasks: data, raw results and scores wired together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.errors import PredictionError
from harness.layout import find_root
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    Predictions,
    RunContext,
    Scoring,
    Sink,
    Statistics,
    Values,
)
from tasks.tracking.base import TrackingTask
from tasks.tracking.files import open_tree, with_files
from tasks.tracking.vot import details, resampling
from tasks.tracking.vot.answers import encode_answer
from tasks.tracking.vot.data import TAGS, is_root, open_dataset
from tasks.tracking.vot.declaration import CHALLENGES, Challenge, declare
from tasks.tracking.vot.results import experiment_of, read_results
from tasks.tracking.vot.statistics import measure, tracks

if TYPE_CHECKING:
    from harness.submission import Submission

REALTIME_NOTE = (
    "the realtime experiment depends on how fast the machine was: another run, here or elsewhere, gives other answers, and "
    "only their scoring can be verified"
)


class Vot(TrackingTask):
    """The supervised experiment of one year."""

    worst_title = "failures, mean of the repetitions"

    def __init__(self, challenge: Challenge) -> None:
        self.challenge = challenge
        self.meta = declare(challenge)

    def open(self, request: DataRequest) -> Dataset:
        """Read the annotations and find the frames."""
        request = with_files(request)
        split = request.split or self.meta.splits[0]
        root = None
        if request.data is not None:
            root = find_root(request.data, lambda folder: is_root(folder, self.challenge.name), self)
        official = self.challenge.sequences, self.challenge.frames
        dataset = open_dataset(root, request, split, self.challenge.name, official)
        experiment = request.settings.get("experiment", "baseline")
        return replace(dataset, facts={**dataset.facts, "benchmark": self.meta.id, "experiment": experiment})

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.tracking.vot.sample import write_sample

        write_sample(directory)

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks codes and regions of every repetition."""
        return lambda answer, sample: encode_answer(answer, sample, dataset)

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Track every sequence, starting again after failures."""
        from tasks.tracking.live_resets import predict_resets

        predict_resets(submission, dataset, sink, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read all repetitions of the supervised experiment."""
        return read_results(open_tree(path, PredictionError), dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write ``baseline/SEQUENCE/SEQUENCE_001.txt`` ... into a folder or zip archive."""
        from tasks.tracking.vot.answers import write_results

        write_results(predictions.table, path, experiment_of(dataset))

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Overlaps of every frame of every repetition."""
        counts = np.diff(dataset.truth.ragged("counts").offsets)
        tags = {
            id: _tags(dataset.facts["tags"].get(id, {}), int(count))
            for id, count in zip(dataset.ids, counts, strict=True)
        }
        table = measure(dataset.truth, predictions.table, tags, scoring.protocol)
        warnings = (REALTIME_NOTE,) if scoring.settings.get("experiment") == "realtime" else ()
        return Statistics(table=table, facts={"interval": list(self.challenge.interval)}, warnings=warnings)

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The official numbers."""
        found = details.scores(tracks(statistics.table), protocol, self.challenge.interval)
        return {name: None if np.isnan(value) else value for name, value in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same numbers of sequences that count as often as their weights say."""
        run = resampling.replicate_toolkit if protocol == "vot-python" else resampling.replicate_pysot
        found = run(tracks(statistics.table), weights, self.challenge.interval)
        return {name: found[name] for name in metrics}

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """What is missing."""
        if metric == "accuracy":
            return "no frame lies past the burn-in of 10 frames"
        low, high = self.challenge.interval
        return f"no sequence is as long as the {low} to {high} frames over which it is averaged"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Scores of every tag, sequence and repetition."""
        return details.tables(statistics.table, tracks(statistics.table), protocol, self.challenge.interval)

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """The expected overlap of every length, and the accuracy-robustness plot's point."""
        return details.curves(tracks(statistics.table), protocol)

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """Failures of each sequence."""
        return np.array([float(np.mean(track.failures)) for track in tracks(statistics.table)])

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "pysot's toolkit on raw results of DaSiamRPN and SiamCAR (VOT2018) and NanoTrack (VOT2019), with and without "
            "legacy rasterisation, and vot-toolkit 0.9.0 on the first two: every number equal to the last digit"
        )


def _tags(found: Mapping[str, Sequence[int]], frames: int) -> NDArray[np.bool_]:
    """(frames, tags); no rows where the sequence carries no tags."""
    if not found:
        return np.zeros((0, len(TAGS)), np.bool_)
    columns = [np.array(found.get(name, [0] * frames), np.int64) != 0 for name in TAGS]
    return np.stack(columns, axis=1)


def vot2016() -> Vot:
    """The task `vot2016`."""
    return Vot(CHALLENGES[2016])


def vot2017() -> Vot:
    """The task `vot2017`."""
    return Vot(CHALLENGES[2017])


def vot2018() -> Vot:
    """The task `vot2018`."""
    return Vot(CHALLENGES[2018])


def vot2019() -> Vot:
    """The task `vot2019`."""
    return Vot(CHALLENGES[2019])
