"""Person re-identification as a task: listings, features or distances, ranks and metrics wired together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.errors import DataError, PredictionError, SubmissionError
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
    Sample,
    Scoring,
    Sink,
    Statistics,
    Task,
    Units,
    Values,
)
from tasks.reid import benchmarks, details
from tasks.reid.data import ReidDataset, limit_queries, needed, open_dataset, open_listing, people, role_ids
from tasks.reid.declaration import make_meta
from tasks.reid.folders import GALLERY, QUERY
from tasks.reid.formats import read_results, write_results
from tasks.reid.interface import FEATURE
from tasks.reid.metrics import mean, per_query, weighted_means
from tasks.reid.ranking import NotFinite, relevance
from tasks.reid.retrieval import check_settings, distance_of, retrieve

if TYPE_CHECKING:
    from harness.submission import Submission


class Reid(Task):
    """One data set of `tasks.reid.benchmarks`."""

    def __init__(self, benchmark: benchmarks.Benchmark) -> None:
        self.benchmark = benchmark
        self.meta = make_meta(benchmark)

    def open(self, request: DataRequest) -> ReidDataset:
        """Read the listing and find the images."""
        split = request.split or self.meta.splits[0]
        root = None
        if request.data is not None and request.annotations is None:
            root = find_root(request.data, lambda folder: self._fits(folder, request.data, split), self)
        listing, source = open_listing(self.benchmark, request, root, split)
        return open_dataset(self.benchmark, listing, source, request, split)

    def _fits(self, folder: Path, given: Path | None, split: str) -> bool:
        # Several data sets of this layout may lie side by side.
        named = folder == given or folder.name.lower().startswith(self.benchmark.folder)
        return named and all((folder / name).exists() for name in needed(self.benchmark, split))

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.reid.sample import write_sample

        write_sample(directory, self.benchmark)

    def verify_data(self, request: DataRequest) -> Iterator[str]:
        """Count what is listed and decode every image."""
        dataset = self.open(replace(request, with_inputs=True))
        official = "as in the official data" if not dataset.custom else "not the official number of images and people"
        yield ", ".join(f"{count} {what}" for what, count in dataset.facts.items()) + f": {official}"
        for index in range(len(dataset.ids)):
            dataset.sample(index)
        yield f"{len(dataset.ids)} images of {self.meta.id}/{dataset.split} can be read"

    def limit(self, dataset: Dataset, count: int) -> Dataset:
        """The first queries and the whole gallery."""
        return limit_queries(dataset, count)

    def units(self, dataset: Dataset) -> Units:
        """The queries."""
        return Units(ids=role_ids(dataset, QUERY))

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks that an answer is one vector of finite numbers, which `check_row` finds as long as the others."""

        def encode(answer: Any, sample: Sample) -> Row:
            if not isinstance(answer, Mapping) or "feature" not in answer:
                found = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer).__name__
                raise PredictionError(f"finish must return {{'feature': float32 (d,)}} for {sample.id}, got {found}")
            try:
                feature = FEATURE.conform(answer["feature"])
            except (TypeError, ValueError) as error:
                raise PredictionError(f"the answer of {submission.name} to {sample.id}: {error}") from None
            if not len(feature):
                raise PredictionError(f"the answer of {submission.name} to {sample.id} is a feature of length 0")
            return {FEATURE.name: feature}

        return encode

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Embed every image; how the features are to be compared is kept with them."""
        distance = submission.settings.get("distance", run.settings.get("distance"))
        try:
            sink.note("distance", distance_of({"distance": distance}))
        except ValueError as error:
            raise SubmissionError(f"{submission.name} declares the {error}") from None
        super().predict(submission, dataset, sink, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read features by the names of their images, or a matrix of distances."""
        return read_results(path, cast(ReidDataset, dataset))

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write an ``.npz`` of features or distances."""
        write_results(predictions, cast(ReidDataset, dataset), path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """The ranks of every query's good images."""
        settings = {**scoring.settings, **predictions.facts}
        check_settings(settings)
        queries, gallery = people(dataset, QUERY), people(dataset, GALLERY)
        wanted = relevance(queries, gallery)
        if not len(wanted.good.values):
            raise DataError(
                "no query has an image of its person from another camera in the gallery: nothing can be found"
            )
        try:
            ranks = retrieve(dataset, predictions, wanted, settings)
        except NotFinite as error:
            raise PredictionError(
                f"the distances of query {error.row + 1} hold a number that is not finite; compute them again"
            ) from None
        columns = {"rank": ranks.stable, "least_rank": ranks.least, "most_rank": ranks.most}
        table = Table(role_ids(dataset, QUERY), {**columns, "identity": queries.identity, "camera": queries.camera})
        return Statistics(table=table, facts={"gallery": len(gallery)}, warnings=tuple(details.warnings(table)))

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The means over the queries."""
        found = per_query(statistics.table.ragged("rank"), protocol)
        return {name: mean(values, protocol) for name, values in found.items()}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """Weighted means over the queries; the gallery stays."""
        found = per_query(statistics.table.ragged("rank"), protocol)
        return {name: weighted_means(found[name], weights) for name in metrics}

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """No query counts."""
        return "no query has an image of its person from another camera"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """What ties could change, the cameras of the queries, the hardest queries."""
        return (
            details.ties(statistics.table),
            details.cameras(statistics.table, protocol),
            details.hardest(statistics.table, protocol),
        )

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """The cumulative matching characteristic."""
        return (details.cmc(statistics.table, statistics.facts["gallery"], protocol),)

    worst_title = "1 - average precision"

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray:
        """What is missing to an average precision of 1."""
        missing: FloatArray = 1 - per_query(statistics.table.ragged("rank"), protocol)["mAP"]
        return missing

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "MATLAB's evaluation.m on a real matrix of 100 x 5332 distances: CMC equal at all 100 ranks, mAP to its 5 printed "
            "digits; a port of it with a stable sort at Market-1501's size (3368 x 19732), tied and tie-free, equal to "
            "the last digit; torchreid and fast-reid (compiled, single precision) to 1e-7 where there are no ties"
        )


def market1501() -> Reid:
    """The task `market1501`."""
    return Reid(benchmarks.MARKET1501)


def dukemtmc() -> Reid:
    """The task `dukemtmc`, for copies that their owners already hold."""
    return Reid(benchmarks.DUKEMTMC)


def msmt17() -> Reid:
    """The task `msmt17`."""
    return Reid(benchmarks.MSMT17)


def cuhk03_np() -> Reid:
    """The task `cuhk03-np`."""
    return Reid(benchmarks.CUHK03_NP)
