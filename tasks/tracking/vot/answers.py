"""What a run answers for a sequence, as columns and as the challenges' text files."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.columns import Row, Table
from harness.errors import PredictionError
from harness.task import Dataset, Sample
from tasks.tracking.files import write_texts
from tasks.tracking.text import Rows
from tasks.tracking.vot.results import read_run, to_row


def encode_answer(answer: Any, sample: Sample, dataset: Dataset) -> Row:
    """Check ``{"runs": [lines, ...]}``, a list of lines for each repetition, each line a code or a region.

    Raises PredictionError naming the sequence and the frame.
    """
    runs = answer.get("runs") if isinstance(answer, Mapping) else None
    if not isinstance(runs, list) or not runs:
        raise PredictionError(f"the answer to {sample.id} is no dictionary with 'runs', a list of repetitions")
    frames = len(dataset.truth.ragged("counts").row(dataset.truth.position(sample.id)))
    return to_row([read_run(_rows(run, sample.id), f"the answer to {sample.id}", frames) for run in runs])


def _rows(run: Any, id: str) -> Rows:
    lines = [np.atleast_1d(np.asarray(line, np.float64)) for line in run]
    if any(line.ndim != 1 or len(line) > 8 for line in lines):
        raise PredictionError(f"the answer to {id} has a line that is neither a code, a box nor four corners")
    values = np.zeros((len(lines), 8))
    for index, line in enumerate(lines):
        values[index, : len(line)] = line
    counts = np.array([len(line) for line in lines], np.uint8)
    return Rows(values=values, counts=counts, lines=np.arange(1, len(lines) + 1))


def write_results(table: Table, path: Path, experiment: str) -> None:
    """Write every repetition as ``EXPERIMENT/SEQUENCE/SEQUENCE_001.txt``, into a zip where `path` ends so."""
    write_texts(path, _texts(table, experiment))


def _texts(table: Table, experiment: str) -> Iterator[tuple[str, str]]:
    for index, id in enumerate(table.ids):
        row = table.row(index)
        times = int(row["repetitions"])
        codes, regions = row["codes"].reshape(times, -1), row["regions"].reshape(times, -1, 8)
        for take in range(times):
            text = io.StringIO()
            for code, region in zip(codes[take].tolist(), regions[take].tolist(), strict=True):
                text.write(f"{code}\n" if code < 4 else ",".join(map(repr, region[:code])) + "\n")
            yield f"{experiment}/{id}/{id}_{take + 1:03d}.txt", text.getvalue()
