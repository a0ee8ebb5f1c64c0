"""Referring expressions as a task: files, answers and metrics wired together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import DataError, PredictionError, UsageError
from harness.layout import find_root
from harness.task import (
    Curve,
    DataRequest,
    Dataset,
    DetailTable,
    Encoder,
    Flag,
    FloatArray,
    Predictions,
    RunContext,
    Scoring,
    Sink,
    Statistics,
    Task,
    Units,
    Values,
)
from tasks.referring import benchmarks, details
from tasks.referring.answers import encode_answer
from tasks.referring.benchmarks import Benchmark
from tasks.referring.data import holds, open_dataset, stated
from tasks.referring.declaration import NO, SEEN, UNDECLARED, YES, make_meta
from tasks.referring.formats import first_unsound, read_results, sentence_sizes, write_results
from tasks.referring.interface import BOX, MASK
from tasks.referring.metrics import replicates, summarize
from tasks.referring.overlaps import overlaps
from tasks.referring.protocols import BY_ID

if TYPE_CHECKING:
    from harness.submission import Submission


class Referring(Task):
    """One benchmark of `tasks.referring.benchmarks`."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark
        self.meta = make_meta(benchmark)

    def open(self, request: DataRequest) -> Dataset:
        """Read the sentences of a split, and find the photographs."""
        partition = str(request.settings.get("partition", next(iter(self.benchmark.partitions))))
        splits = self.benchmark.partitions[partition]
        split = request.split or splits[0]
        if split not in splits:
            raise UsageError(
                f"{self.meta.id} divided by {partition} has no split '{split}'; it has: {', '.join(splits)}"
            )
        if request.annotations is not None:
            place = stated(self.benchmark, request, partition)
        elif request.data is None:
            raise DataError("the annotations are not given: name them with --data DIR or --annotations PATH")
        else:
            root = find_root(
                request.data, lambda folder: holds(folder, self.benchmark, partition, split) is not None, self
            )
            found = holds(root, self.benchmark, partition, split)
            assert found is not None
            place = found
        return open_dataset(self.benchmark, place, request, partition, split)

    def write_sample(self, directory: Path) -> None:
        """Write the generated sample."""
        from tasks.referring.sample import write_sample

        write_sample(directory, self.benchmark)

    def units(self, dataset: Dataset) -> Units:
        """The sentences; those of one photograph are drawn together."""
        images = np.array([dataset.truth.position(id) for id in dataset.ids], np.int64)
        return Units(ids=dataset.ids, clusters=dataset.truth.dense("image")[images])

    def encoder(self, submission: "Submission", dataset: Dataset) -> Encoder:
        """Checks box and mask."""
        sizes = sentence_sizes(dataset)
        return lambda answer, sample: encode_answer(answer, sample.id, sizes[sample.id])

    def predict(self, submission: "Submission", dataset: Dataset, sink: Sink, run: RunContext) -> None:
        """Answer every sentence; whether the method saw the photographs in training is kept with the answers."""
        sink.note(SEEN, submission.settings.get(SEEN, run.settings.get(SEEN, UNDECLARED)))
        super().predict(submission, dataset, sink, run)

    def read(self, path: Path, dataset: Dataset) -> Predictions:
        """Read one JSON object a line."""
        return read_results(path, dataset)

    def write(self, predictions: Predictions, dataset: Dataset, path: Path) -> None:
        """Write one JSON object a line."""
        write_results(predictions, dataset, path)

    def score(self, dataset: Dataset, predictions: Predictions, scoring: Scoring) -> Statistics:
        """Boxes beside the true ones, and the masks' common pixels, sentence by sentence."""
        found = _checked(dataset, predictions.table)
        boxes, codes = found.ragged(BOX.name), found.ragged(MASK.name)
        has_box = np.diff(boxes.offsets) > 0
        answered = np.zeros((len(found), 4))
        answered[has_box] = boxes.values
        columns = {name: dataset.truth.columns[name] for name in ("area", "part", "sentence")}
        for kind, (common, union) in overlaps(dataset.truth, found).items():
            columns |= {f"intersection_{kind}": common, f"union_{kind}": union}
        columns |= {"box_xyxy": answered, "truth_xyxy": dataset.truth.dense("box_xyxy"), "has_box": has_box}
        columns["has_mask"] = np.diff(codes.offsets) > 0
        seen = str(predictions.facts.get(SEEN, scoring.settings.get(SEEN, UNDECLARED)))
        return Statistics(
            table=Table(dataset.ids, columns), warnings=_undeclared(dataset, seen), flags=_leak(dataset, seen)
        )

    def aggregate(self, statistics: Statistics, protocol: str) -> Values:
        """The numbers of a protocol; None where nobody answered what it compares."""
        found = summarize(details.answers_of(statistics.table), BY_ID[protocol])
        names = [m.name for m in self.meta.metrics if protocol in m.protocols]
        return {name: found.get(name) for name in names}

    def replicates(
        self, statistics: Statistics, protocol: str, weights: NDArray[np.uint16], metrics: Sequence[str]
    ) -> Mapping[str, FloatArray]:
        """Weighted means over the sentences."""
        return replicates(details.answers_of(statistics.table), BY_ID[protocol], weights, list(metrics))

    def undefined(self, metric: str, statistics: Statistics) -> str:
        """Nobody answered it."""
        what = "box" if metric in ("acc50", "box_mIoU") else "mask"
        if statistics.table.dense(f"has_{what}").any():
            return "the masks of these sentences have no pixels"
        return f"no {what} was answered"

    def tables(self, statistics: Statistics, protocol: str) -> Sequence[DetailTable]:
        """Kinds of sentences, and the hardest ones."""
        rule = BY_ID[protocol]
        return (details.groups(statistics.table, rule), details.hardest(statistics.table, rule))

    def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
        """Shares of sentences over the IoU."""
        return details.curves(statistics.table, BY_ID[protocol])

    worst_title = "1 - IoU"

    def worst(self, statistics: Statistics, protocol: str) -> FloatArray | None:
        """What is missing to an IoU of 1: of the box, or of the mask where the protocol compares no boxes."""
        for _, column in details.ious(details.answers_of(statistics.table), BY_ID[protocol]):
            missing: FloatArray = np.maximum(1 - column, 0.0)
            return missing
        return None

    def agreement(self) -> str:
        """What the scorer was compared with."""
        return (
            "the evaluators of Google's refexp toolbox, MAttNet, RealGIN, SimREC, MCN and vision-language models on 9,520 "
            "real pairs of boxes, of LAVT, MCN and SimREC on 300 generated pairs of masks: counts, means and shares equal to "
            "the last digit"
        )


def _checked(dataset: Dataset, table: Table) -> Table:
    """The answers, if they are such; stored ones may be a stranger's, and compiled code must not meet them."""
    try:
        if table.ids != dataset.ids:
            raise ValueError("they answer other sentences than the data set has")
        boxes, codes = table.ragged(BOX.name), table.ragged(MASK.name)
        if boxes.values.dtype != np.float64 or boxes.values.shape[1:] != (4,) or (np.diff(boxes.offsets) > 1).any():
            raise ValueError("there is not at most one box a sentence")
        if codes.values.dtype != np.uint8 or codes.values.ndim != 1:
            raise ValueError("the masks are no run-length codes")
        if not np.isfinite(boxes.values).all():
            raise ValueError("a box is not finite")
        bad = first_unsound(table, sentence_sizes(dataset))
        if bad is not None:
            raise ValueError(f"the mask of sentence {bad[0]}: {bad[1]}")
    except (LookupError, ValueError) as reason:
        raise PredictionError(f"these predictions are no answers to sentences: {reason}") from None
    return table


def _undeclared(dataset: Dataset, seen: str) -> tuple[str, ...]:
    count = dataset.facts["images_in_coco_train2014"]
    if not count or seen in (NO, YES):
        return ()
    return (
        f"{count} of {dataset.facts['images']} evaluated images lie in COCO train2014, and the submission does not say whether "
        f"any part of it was trained on them: --set {SEEN}=no or yes, or the manifest, declares it",
    )


def _leak(dataset: Dataset, seen: str) -> tuple[Flag, ...]:
    if seen != YES:
        return ()
    count, images = dataset.facts["images_in_coco_train2014"], dataset.facts["images"]
    where = f"; {count} of {images} evaluated images lie in COCO train2014" if count else ""
    return (Flag(code="leak", text=f"part of the method was trained on images that are evaluated{where}"),)


def refcoco() -> Referring:
    """The task `refcoco`."""
    return Referring(benchmarks.REFCOCO)


def refcoco_plus() -> Referring:
    """The task `refcoco+`."""
    return Referring(benchmarks.REFCOCO_PLUS)


def refcocog() -> Referring:
    """The task `refcocog`."""
    return Referring(benchmarks.REFCOCOG)


def referit() -> Referring:
    """The task `referit`."""
    return Referring(benchmarks.REFERIT)


def flickr30k() -> Referring:
    """The task `flickr30k`."""
    return Referring(benchmarks.FLICKR30K)
