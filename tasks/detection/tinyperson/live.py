"""Live runs on pieces: every image is cut, its pieces are answered, and their detections are merged."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.columns import Row
from harness.measure.workload import Stage, Workload
from harness.predict import answer
from harness.submission import Submission
from harness.task import Dataset, Encoder, RunContext, Sample, Sink
from tasks.detection.interface import PREDICTIONS
from tasks.detection.tinyperson.cutting import cut_image
from tasks.detection.tinyperson.merging import merge, moved

Pieces = Sequence[tuple[Sample, tuple[int, int]]]
"""The pieces of one image, as samples of their own, with their upper left corners x, y."""


def predict_pieces(submission: Submission, dataset: Dataset, sink: Sink, run: RunContext, encode: Encoder) -> None:
    """Answer every pending image piece by piece.

    Batches never reach over an image, so that a resumed run meets the same ones.
    """
    for index in sink.pending():
        sample = dataset.sample(index)
        sink.put(sample.id, answer_pieces(submission, sample, dataset.facts, run.batch_size, encode))
        run.advance(1)
        run.between()


def answer_pieces(
    submission: Submission, sample: Sample, facts: Mapping[str, Any], size: int, encode: Encoder
) -> Row:  # fmt: skip
    """The answer to one image, from its pieces in batches of `size`."""
    pieces = cut(sample, facts)
    rows: list[Row] = []
    for start in range(0, len(pieces), size):
        rows += answer(submission, [piece for piece, _ in pieces[start : start + size]], size, encode)
    return join(rows, pieces, facts["merge_iou"])


def cut(sample: Sample, facts: Mapping[str, Any]) -> Pieces:
    """The pieces of one image; a piece's id names the image and the corner."""
    width, height = facts["cut"]
    pieces = cut_image(sample.inputs["image"], (width, height), facts["overlap"])
    return [(Sample(f"{sample.id}/{x}_{y}", {**sample.inputs, "image": image}), (x, y)) for image, (x, y) in pieces]


def join(rows: Sequence[Row], pieces: Pieces, threshold: float) -> Row:
    """One image's answer from the answers to its pieces, in the columns of the interface."""
    counts = [len(row["scores"]) for row in rows]
    corners = np.repeat(np.array([corner for _, corner in pieces], np.float64), counts, axis=0)
    joined = {spec.name: np.concatenate([row[spec.name] for row in rows]) for spec in PREDICTIONS}
    boxes = moved(joined["boxes_xywh"], corners)
    merged, left = merge(boxes, joined["scores"], np.array([0, len(boxes)], np.int64), threshold)
    return {name: values[left] for name, values in joined.items()} | {"boxes_xywh": merged}


def piece_workload(submission: Submission, dataset: Dataset, run: RunContext) -> Workload:
    """What is timed where images are cut: all pieces of one image, which is one item."""
    method, size = submission.method, run.batch_size

    def load(index: int) -> list[Sample]:
        return [piece for piece, _ in cut(dataset.sample(index), dataset.facts)]

    def forward(inputs: Sequence[Any], _: Any) -> list[Any]:
        return [raw for start in range(0, len(inputs), size) for raw in method.forward(inputs[start : start + size])]

    return Workload(
        count=len(dataset.ids),
        load=load,
        stages=(
            Stage("prepare", lambda _, pieces: [method.prepare(piece) for piece in pieces]),
            Stage("forward", forward),
            Stage("finish", lambda raws, pieces: [method.finish(r, p) for r, p in zip(raws, pieces, strict=True)]),
        ),
        device=run.device,
        dtype=submission.dtype,
    )
