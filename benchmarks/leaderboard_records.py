"""Homes with any number of records for the leaderboard's benchmarks.

The systems and their answers are simulated and say so; every score, interval and replicate is computed from the answers
as the harness computes them, so that files have the shapes and sizes that real runs leave. Of 10,000 records on 40 boards:
250 results a board, 2,500 methods of which each stands on four boards, three metrics with their replicates over 500 units,
a table of ten classes a record, one in four timed, all on one host. None has curves, claims, or training seeds: curves
would add a plot a record to the first build, and nothing to later ones.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.record import (
    SCHEMA,
    Artifact,
    Cost,
    DetailTable,
    Evaluator,
    Host,
    Interval,
    Measurements,
    Metric,
    Quantile,
    Record,
    Run,
    Span,
    SubmissionPart,
    Submitter,
    TaskPart,
    Throughput,
    Timing,
    Weights,
    with_id,
)
from harness.statistics import interval, resample_weights
from harness.store import Home

UNITS = 500
METRICS = ("top1", "top5", "top1_error")
TIMED = 4
"""One record of so many was timed."""
FAMILIES = ("classification", "detection", "tracking", "re-identification", "super-resolution", "referring")


def digest(text: str) -> str:
    """SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_records(path: Path, records: int, boards: int, first: int = 0) -> int:
    """Write `records` records on `boards` boards into the home `path`; returns how many.

    The number of the first system can be given, so that further records can be written later.
    """
    home, each = Home(path), -(-records // boards)
    for board in range(boards):
        count = min(each, records - board * each)
        if count > 0:
            for record in board_records(home, board, range(first + board * each, first + board * each + count)):
                home.write_record(record)
    return records


def board_records(home: Home, board: int, systems: range) -> Iterator[Record]:
    """The records of one board; the systems share what makes a unit hard, so that they are paired."""
    data = digest(f"simulated data of board {board}")
    generator = np.random.default_rng(board)
    difficulty = generator.normal(size=UNITS)
    weights = resample_weights(data, UNITS)
    for system in systems:
        noise = np.random.default_rng([board, system]).normal(size=(2, UNITS)) * 0.6
        skill = 0.3 + 1.2 * ((system * 7919) % 1000) / 1000
        right = (skill + noise[0] > difficulty).astype(np.float64)
        near = np.maximum(right, skill + 1 + noise[1] > difficulty)
        yield _record(home, board, system, data, weights, np.stack([right, near, 1 - right]))


def _record(
    home: Home, board: int, system: int, data: str, weights: NDArray[np.float64], units: NDArray[np.float64]
) -> Record:
    replicates = {name: weights @ column / UNITS for name, column in zip(METRICS, units, strict=True)}
    stored = home.write_replicates({f"top1/{name}": column for name, column in replicates.items()})
    metrics = [
        _metric(name, float(column.mean()), replicates[name]) for name, column in zip(METRICS, units, strict=True)
    ]
    timed = system % TIMED == 0
    answers = Artifact(
        kind="predictions", path=f"predictions/{digest(f'{board} {system}')[:32]}", digest=digest(f"{system}")
    )
    per_class = [
        [f"class {index:02d}", float(part.mean()), len(part)] for index, part in enumerate(np.split(units[0], 10))
    ]
    return with_id(
        Record(
            schema=SCHEMA,
            id="",
            provenance="measured" if timed else "scored",
            settings={},
            metrics=metrics,
            task=_task(board, data),
            submission=_submission(system % 2500),
            artifacts=[answers, stored],
            tables=[DetailTable(name="per_class", title="By class", columns=["class", "top1", "n"], rows=per_class)],
            measurements=_measurements(1 + (system * 31) % 97) if timed else Measurements(reason="a file was scored"),
            host=Host(host_id=digest("simulated host")[:16], title="simulated host, 2 cores", facts={"cores": 2}),
            run=Run(
                started="2026-03-01T10:00:00Z",
                finished=f"2026-{1 + system % 9:02d}-{1 + system % 27:02d}T10:00:00Z",
                command=["harness", "score", "--task", f"simulated{board}"],
                versions={"python": "3.11", "numpy": "2.2"},
                device="cpu",
                dtype="float32",
            ),
            submitter=Submitter(name=f"simulated team {system % 40}"),
        )
    )


def _metric(name: str, value: float, replicates: NDArray[np.float64]) -> Metric:
    found = interval(value, replicates)
    return Metric(
        name=name,
        protocol="top1",
        value=value,
        n=UNITS,
        higher_is_better=not name.endswith("error"),
        interval=Interval(low=found.low, high=found.high, level=0.95, method=f"{found.method}, 1000 resamples"),
    )


def _task(board: int, data: str) -> TaskPart:
    return TaskPart(
        id=f"simulated{board}",
        version="1",
        title=f"Simulated questions {board}",
        protocol="top1",
        split="val",
        main_metric="top1",
        origin="official",
        unit="image",
        samples=UNITS,
        data_digest=data,
        family=FAMILIES[board % len(FAMILIES)],
        evaluator=Evaluator(name="harness", version="0.1.0", agrees_with="the mean"),
    )


def _submission(method: int) -> SubmissionPart:
    return SubmissionPart(
        name=f"simulated-{method}",
        title=f"Simulated system {method}",
        variant="base",
        options={"width": method},
        weights=Weights(kind="file", sha256=digest(f"weights {method}"), name=f"{method}.safetensors"),
        trained_on="nothing",
    )


def _measurements(milliseconds: float) -> Measurements:
    spans = [
        Span(
            name=name,
            n=320,
            blocks=20,
            mean=factor * milliseconds,
            min=0.9 * factor * milliseconds,
            p50=Quantile(
                value=factor * milliseconds, low=0.97 * factor * milliseconds, high=1.04 * factor * milliseconds
            ),
            p90=Quantile(value=1.2 * factor * milliseconds, reason="no interval: 20 of 60 blocks"),
            p99=Quantile(value=None, reason="320 of 662 samples"),
        )
        for name, factor in (("prepare", 0.2), ("forward", 1.0), ("finish", 0.1), ("end_to_end", 1.3))
    ]
    return Measurements(
        latency=[Timing(verdict="stable", reasons=[], batch_size=1, spans=spans, first_inference_ms=3 * milliseconds)],
        throughput=[Throughput(value=1000 / (1.3 * milliseconds), verdict="stable")],
        cost=Cost(parameters=int(1e6 * milliseconds), macs=int(3e8 * milliseconds), complete=True, input="1x3x224x224"),
    )
