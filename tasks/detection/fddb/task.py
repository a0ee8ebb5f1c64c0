"""FDDB as a task: data, result files and metrics wired together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.columns import Ragged, Table
from harness.errors import DataError
from harness.layout import find_root
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    FloatArray,
    Predictions,
    Scoring,
    Statistics,
    Values,
)
from tasks.detection.base import DetectionTask
from tasks.detection.fddb.data import open_dataset, to_detections, to_faces
from tasks.detection.fddb.declaration import KINDS, LIMITS, MAIN_LIMIT, META, metric_name
from tasks.detection.fddb.folds import FOLDERS, ellipse_list
from tasks.detection.fddb.formats import read_results, write_results
from tasks.detection.fddb.metrics import Steps, hits_at, match, rates, roc

if TYPE_CHECKING:
    pass

_RAGGED = ("scores", "false_positives", "hits", "iou_sums")


class Fddb(DetectionTask):
    """Face detection on FDDB, or on one's own data in its format."""

    meta = META
    worst_title = "faces not found"

    def open(self, request: DataRequest) -> Dataset:
        """Read the folds, the images' sizes, and find the images."""
        root = None
        if request.data is not None:
            first = Path(FOLDERS, ellipse_list(1))
            root = find_root(request.data, lambda folder: (folder / first).is_file(), self)
        return open_dataset(root, request, request.split or self.meta.splits[0])

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.detection.fddb.sample import write_sample

        write_sample(directory)

    def verify_data(self, request: DataRequest) -> Iterator[str]:
        """Decode every image and compare its size with the one that is scored with."""
        dataset = self.open(replace(request, with_inputs=True))
        sizes = dataset.truth.dense("size").tolist()
        for index, id in enumerate(dataset.ids):
            height, width = dataset.sample(index).inputs["image"].shape[:2]
            if [width, height] != sizes[index]:
                found = f"{width} x {height} pixels, but the file of sizes says {sizes[index][0]} x {sizes[index][1]}"
                raise DataError(f"the image {id} has {found}; make that file again")
        faces = len(dataset.truth.ragged("ellipses").values)
        yield f"{len(dataset.ids)} images of fddb with {faces} faces can be read"

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read rectangles or ellipses from a text file, or from those in a folder or zip archive."""
        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write one text file of all images, or a zip archive of it."""
        write_results(predictions, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Pair detections and faces of every image at each of its scores."""
        sizes, faces = to_faces(dataset.truth)
        detections, scores, kind = to_detections(predictions.table, dataset)
        steps = match(sizes, faces, detections, scores, kind)
        columns = {name: Ragged(getattr(steps, name), steps.offsets) for name in _RAGGED}
        return Statistics(table=Table(dataset.ids, {**columns, "faces": steps.faces}))

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The rates at the numbers of false positives; None where the curve does not reach them."""
        ones = np.ones((1, len(statistics.table)), np.uint16)
        found = self.replicates(statistics, protocol, ones, [metric.name for metric in self.meta.metrics])
        return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """The same of data in which every image stands as often as its weight says."""
        found = rates(to_steps(statistics.table), weights, LIMITS)
        by_kind = dict(zip(KINDS, (found.discrete(), found.continuous()), strict=True))
        return {
            metric_name(kind, limit): np.ascontiguousarray(values[:, k])
            for kind, values in by_kind.items()
            for k, limit in enumerate(LIMITS)
            if metric_name(kind, limit) in metrics
        }

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """How far the curve goes."""
        if not statistics.table.dense("faces").any():
            return "there is no face in these images"
        most = int(roc(to_steps(statistics.table)).false_positives.max(initial=0))
        return f"the curve ends at {most:,} false positives; detections of lower scores would carry it on"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """What stands at each number of false positives."""
        steps = to_steps(statistics.table)
        curve, faces = roc(steps), int(steps.faces.sum())
        rows: list[tuple[int | float | None, ...]] = []
        for limit in LIMITS:
            here = np.flatnonzero(curve.false_positives <= limit)
            if not len(here) or curve.false_positives.max() < limit:
                rows.append((limit, None, None, None, None))
                continue
            at = int(here[-1])
            rows.append((limit, float(curve.scores[at]), int(curve.false_positives[at]), int(curve.hits[at]), faces))
        return (
            DetailTable(
                name="operating_points",
                title="Where the curves are read (empty where they do not reach so many false positives)",
                columns=("false positives allowed", "lowest score kept", "false positives", "faces found", "faces"),
                rows=tuple(rows),
            ),
        )

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Discrete and continuous ROC, every point of FDDB's own files, from the highest score down."""
        steps = to_steps(statistics.table)
        curve, faces = roc(steps), max(int(steps.faces.sum()), 1)
        titles = {"disc": "Discrete", "cont": "Continuous"}
        return tuple(
            Curve(
                name=kind,
                title=titles[kind],
                group="ROC",
                x_label="false positives",
                y_label="true positive rate",
                x=curve.false_positives.astype(np.float64),
                y=values.astype(np.float64) / faces,
            )
            for kind, values in zip(KINDS, (curve.hits, curve.iou_sums), strict=True)
        )

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """Faces not found where the curve is read at 1,000 false positives, or at its end where it does not go so far."""
        steps = to_steps(statistics.table)
        return (steps.faces - hits_at(steps, MAIN_LIMIT)).astype(np.float64)

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "the masks of filled ellipses equal those of OpenCV 3.4.18, 4.8.1, 4.14.0 and 5.0.0 pixel for pixel; matching, "
            "merging and both curves equal a literal restatement of FDDB's code on random data; the code itself was not run"
        )


def to_steps(table: Table) -> Steps:
    """The statistics of a table that `Fddb.score` made."""
    columns = {name: table.ragged(name).values for name in _RAGGED}
    return Steps(offsets=table.ragged("scores").offsets, faces=table.dense("faces"), **columns)
