"""Single-image super-resolution as a task: data, official images and metrics wired together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Array, ColumnSpec, Row, build_table
from harness.errors import PredictionError, UsageError
from harness.layout import find_root
from harness.task import (
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    FloatArray,
    MetricSpec,
    Predictions,
    Sample,
    Scoring,
    Statistics,
    Task,
    Values,
)
from tasks.superres.benchmarks import Benchmark
from tasks.superres.data import open_dataset, read_scale, to_image, to_row
from tasks.superres.declaration import METRICS, PROTOCOLS, declare
from tasks.superres.formats import check_size, read_images, write_images
from tasks.superres.images import shortened
from tasks.superres.layouts import find_files, high_folder
from tasks.superres.metrics import PEAK, quality, shave
from tasks.superres.perceptual import LEAST, Perceptual, asked_for, check_files
from tasks.superres.perceptual import METRIC as LPIPS
from tasks.superres.resize import downscale

if TYPE_CHECKING:
    from harness.submission import Submission


class SuperResolution(Task):
    """One benchmark of `tasks.superres.benchmarks`; splits are the scales."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.meta = declare(benchmark)

    def open(self, request: DataRequest) -> Dataset:
        """Read the high-resolution images and find the low-resolution ones."""
        weights = asked_for(request.settings)
        if weights is not None:
            # Before a model runs for an hour, not after.
            check_files(weights)
        split = request.split or self.meta.splits[0]
        scale, root = read_scale(split), None
        if request.data is not None and request.annotations is None:
            root = find_root(request.data, lambda folder: self._fits(folder, request.data, scale), self)
        return open_dataset(self.benchmark, find_files(self.benchmark, root, request, scale), request, split)

    def _fits(self, folder: Path, given: Path | None, scale: int) -> bool:
        names = {name.lower() for name in (self.benchmark.folder, *self.benchmark.other_folders)}
        return (folder == given or folder.name.lower() in names) and high_folder(folder, scale) is not None

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.superres.sample import write_sample

        write_sample(directory, self.benchmark.folder)

    def verify_data(self, request: DataRequest) -> Iterator[str]:
        """Decode every image and compare the low-resolution ones with MATLAB's bicubic."""
        dataset = self.open(replace(request, with_inputs=True))
        scale = dataset.facts["scale"]
        differing = total = 0
        for index in range(len(dataset.ids)):
            low = dataset.sample(index).inputs["image"]
            differing += int(np.count_nonzero(low != downscale(to_image(dataset.truth.row(index)), scale)))
            total += low.size
        yield f"{len(dataset.ids)} pairs of images of {self.meta.id}/{dataset.split} can be read"
        yield f"{differing:,} of {total:,} low-resolution values differ from MATLAB's bicubic"
        yield from dataset.warnings

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks that an answer is an uint8 image of the truth's size."""

        def encode(answer: Any, sample: Sample) -> Row:
            image = answer.get("image") if isinstance(answer, Mapping) else None
            if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
                expected = "{'image': uint8 array (H, W, 3)}"
                raise PredictionError(f"finish must return {expected} for {sample.id}, got {_what(answer)}")
            check_size(image, sample.id, dataset, f"the image that {submission.name} gave for {sample.id}")
            return to_row(np.ascontiguousarray(image))

        return encode

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read a folder or zip archive of images."""
        return read_images(path, dataset, self.benchmark.canonical)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write a folder or zip archive of PNG images."""
        write_images(predictions, dataset, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """PSNR and SSIM of every image, under every protocol; LPIPS where it is asked for, whose weights are read here."""
        weights = asked_for(scoring.settings)
        distance = None if weights is None else Perceptual(weights)
        rows = [self._score_image(dataset, predictions, id, distance) for id in dataset.ids]
        names = [_column(metric, spec.id) for spec in PROTOCOLS for metric in METRICS]
        facts = {}
        if distance is not None:
            names.append(_column(LPIPS, "rgb"))
            facts = {"lpips": [[name, file.sha256] for name, file in distance.files.items()]}
        return Statistics(
            table=build_table(dataset.ids, rows, [ColumnSpec(name, "float64") for name in names]), facts=facts
        )

    def _score_image(self, dataset: Dataset, predictions: Predictions, id: str, distance: Perceptual | None) -> Row:
        reference = to_image(dataset.truth.row(dataset.truth.position(id)))
        image = to_image(predictions.table.row(predictions.table.position(id)))
        row: dict[str, Array] = {}
        scale = dataset.facts["scale"]
        for spec in PROTOCOLS:
            values = quality(reference, image, scale, spec.id)
            row |= {_column(name, spec.id): np.asarray(value) for name, value in zip(METRICS, values, strict=True)}
        if distance is not None:
            inside = shave(reference, scale), shave(image, scale)
            if min(inside[0].shape[:2]) < LEAST:
                raise UsageError(f"{id} is too small for LPIPS, which needs {LEAST} pixels a side within the border")
            row[_column(LPIPS, "rgb")] = np.asarray(distance(*inside))
        return row

    def metrics(self, scoring: Scoring) -> tuple[MetricSpec, ...]:
        """LPIPS exists where its weights are given."""
        without = asked_for(scoring.settings) is None
        return tuple(spec for spec in super().metrics(scoring) if not (without and spec.name == LPIPS))

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The mean over the images; None where an image equals the truth and its PSNR is infinite."""
        weights = np.ones((1, len(statistics.table)), np.uint16)
        names = [name for name in (*METRICS, LPIPS) if _column(name, protocol) in statistics.table.columns]
        found = self.replicates(statistics, protocol, weights, names)
        return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """Weighted means over the images."""
        return {name: _means(statistics.table.dense(_column(name, protocol)), weights) for name in metrics}

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Which images are identical to the truth."""
        infinite = [
            id
            for index, id in enumerate(statistics.table.ids)
            if any(np.isinf(statistics.table.dense(_column(metric, spec.id))[index]) for spec in PROTOCOLS)
        ]
        return f"{metric} is infinite: no error at all in {shortened(infinite)}"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """The score of every image."""
        columns = [statistics.table.dense(_column(name, protocol)) for name in METRICS]
        rows = tuple(
            (id, *(float(column[index]) if np.isfinite(column[index]) else None for column in columns))
            for index, id in enumerate(statistics.table.ids)
        )
        images = DetailTable(name="images", title="Per image", columns=("image", *METRICS), rows=rows)
        return (images, *_lpips_tables(statistics))

    worst_title = "root mean squared error, of 255"

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """The root mean squared error that the PSNR states: 0 where the images are the same."""
        error: FloatArray = PEAK * 10 ** (statistics.table.dense(_column("PSNR", protocol)) / -20)
        return error

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "the protocol of RCAN's Evaluate_PSNR_SSIM.m on IMDN's images of Set5 at x2 and x4: PSNR equal to the last "
            "digit, SSIM to 1e-13, where the images are the same"
        )


def _lpips_tables(statistics: Statistics) -> list[DetailTable]:
    """LPIPS of every image and what it was made with, where it was asked for."""
    files = statistics.facts.get("lpips")
    if not files:
        return []
    values = statistics.table.dense(_column(LPIPS, "rgb")).tolist()
    rows = tuple(zip(statistics.table.ids, values, strict=True))
    made_with = tuple((name, digest) for name, digest in files)
    return [
        DetailTable(name="lpips", title="LPIPS per image, border left out", columns=("image", LPIPS), rows=rows),
        DetailTable(name="lpips_weights", title="Weights of LPIPS", columns=("part", "SHA-256"), rows=made_with),
    ]


def _column(metric: str, protocol: str) -> str:
    return f"{metric}_{protocol}"


def _means(values: FloatArray, weights: NDArray[np.uint16]) -> FloatArray:
    """Weighted means, float64 (B,); NaN where a value that counts is infinite."""
    finite = np.isfinite(values)
    totals = np.sum(weights * np.where(finite, values, 0.0), axis=1)
    means: FloatArray = totals / weights.sum(axis=1, dtype=np.int64)
    means[(weights[:, ~finite] > 0).any(axis=1)] = np.nan
    return means


def _what(answer: Any) -> str:
    if not isinstance(answer, Mapping):
        return f"a {type(answer).__name__}"
    if "image" not in answer:
        return f"a dictionary of {shortened([str(key) for key in answer]) or 'nothing'}"
    image = answer["image"]
    if isinstance(image, np.ndarray):
        return f"an array of {image.dtype} with shape {image.shape}"
    return f"a {type(image).__name__} as image"
