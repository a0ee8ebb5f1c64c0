"""Raw results of the supervised experiment: a text file a repetition, a line a frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, Row, build_table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.tracking.files import Tree
from tasks.tracking.names import index, key, shortened, spellings, split_repetition
from tasks.tracking.text import Rows, read_rows
from tasks.tracking.vot.statistics import overlaps

REPETITIONS: Final = 15
"""How often the challenges run a tracker that is not deterministic."""
SKIPPED, STARTED, FAILED = 0, 1, 2
MISSED: Final = 0.01
"""More regions than this share of them miss the target only where nothing started the tracker again. The rounding of written
results can move a region off the target, but in none of 61,082 frames of three trackers does."""
PREDICTIONS: Final = (
    ColumnSpec("repetitions", "int64", description="how often the sequence was tracked"),
    ColumnSpec("codes", "uint8", ragged=True, group="lines",
               description="repetition after repetition, a frame each: 0 skipped, 1 started, 2 failed, 4 box, 8 corners"),
    ColumnSpec("regions", "float64", (8,), ragged=True, group="lines",
               description="x, y, width, height, or four corners; 0 where there is no region"),
)  # fmt: skip
EXPERIMENTS: Final = ("baseline", "realtime")
_OTHER_EXPERIMENTS: Final = ("unsupervised", "longterm")


@dataclass(frozen=True, slots=True)
class Run:
    """One repetition of one sequence: codes (n,), regions (n, 8)."""

    codes: NDArray[np.uint8]
    regions: NDArray[np.float64]


def read_results(tree: Tree, dataset: Dataset) -> Predictions:
    """Read all repetitions of all sequences; raises PredictionError naming file and line, or what is missing."""
    files, warnings = find_files(tree, dataset)
    frames = dict(zip(dataset.truth.ids, np.diff(dataset.truth.ragged("counts").offsets).tolist(), strict=True))
    contents = {
        id: [read_rows(tree.read(name), tree.where(name), PredictionError) for name in files[id]] for id in dataset.ids
    }
    _check_resets(tree, contents)
    rows = []
    for id in dataset.ids:
        runs = [
            read_run(rows, tree.where(name), frames[id], experiment=experiment_of(dataset))
            for rows, name in zip(contents[id], files[id], strict=True)
        ]
        rows.append(to_row(runs))
    _check_failures(tree, rows, dataset)
    counts = sorted({len(names) for names in files.values()})
    if len(counts) > 1:
        warnings.append(
            f"{tree.path.name}: sequences have {counts[0]} to {counts[-1]} repetitions; each counts as their mean"
        )
    return Predictions(table=build_table(dataset.ids, rows, PREDICTIONS), warnings=tuple(warnings))


def to_row(runs: list[Run]) -> dict[str, NDArray[np.generic]]:
    """Repetitions as a row of `PREDICTIONS`."""
    return {
        "repetitions": np.array(len(runs), np.int64),
        "codes": np.concatenate([run.codes for run in runs]),
        "regions": np.concatenate([run.regions for run in runs]),
    }


def experiment_of(dataset: Dataset) -> str:
    """One of `EXPERIMENTS`."""
    return str(dataset.facts.get("experiment", EXPERIMENTS[0]))


def read_run(rows: Rows, where: str, frames: int, *, experiment: str = EXPERIMENTS[0]) -> Run:
    """Check one file's lines against the protocol of the experiment; raises PredictionError naming the line."""
    if len(rows) != frames:
        raise PredictionError(
            f"{where}: has {len(rows)} lines for {frames} frames; run the tracker on every frame of this sequence"
        )
    codes = np.where(rows.counts == 1, np.nan_to_num(rows.values[:, 0], nan=99), rows.counts)
    for frame in np.flatnonzero(
        ~np.isin(codes, (SKIPPED, STARTED, FAILED, 4, 8)) | np.isin(rows.counts, (2, 3, 5, 6, 7))
    ):
        what = f"the code {rows.values[frame, 0]:g}" if rows.counts[frame] == 1 else f"{rows.counts[frame]} numbers"
        raise PredictionError(
            f"{where}, line {rows.lines[frame]}: has {what}; a line is 0 (skipped), 1 (started), 2 (failed), "
            "x,y,width,height or four corners"
        )
    tracked = rows.counts > 1
    regions = np.where(tracked[:, None], rows.values, 0.0)
    _check_numbers(regions, rows, where)
    _check_order(codes, rows, where, realtime=experiment != EXPERIMENTS[0])
    return Run(codes.astype(np.uint8), regions)


def _check_numbers(regions: NDArray[np.float64], rows: Rows, where: str) -> None:
    unknown = np.isnan(regions).any(axis=1)
    negative = (rows.counts == 4) & (regions[:, 2:4] < 0).any(axis=1)
    for bad, what in ((unknown, "is not a number"), (negative, "has a negative width or height")):
        if bad.any():
            line = rows.lines[int(np.argmax(bad))]
            raise PredictionError(
                f"{where}, line {line}: the region {what}; a failure is written as 2 (lines like this: {bad.sum()})"
            )


def _check_order(codes: NDArray[np.float64], rows: Rows, where: str, *, realtime: bool) -> None:
    """A run starts with 1; 2 follows tracking; 0s and then a 1 follow a 2.

    In real time MATLAB's toolkit writes a late region behind a failure, and leaves 0s before one that is found late.
    """
    kind = np.minimum(codes, 3).astype(int)
    allowed = {SKIPPED: (SKIPPED, STARTED), STARTED: (FAILED, 3), FAILED: (SKIPPED, STARTED), 3: (FAILED, 3)}
    fits = np.array([[after in allowed[before] for after in range(4)] for before in range(4)])
    good = np.concatenate([[kind[0] == STARTED], fits[kind[:-1], kind[1:]] | realtime])
    if not good.all():
        frame = int(np.argmin(good))
        name = ("0 (skipped)", "1 (started)", "2 (failed)", "a region")
        before = f"after {name[kind[frame - 1]]}" if frame else "first"
        raise PredictionError(
            f"{where}, line {rows.lines[frame]}: {name[kind[frame]]} cannot come {before}; a run starts with 1, tracks "
            "until 2, skips with 0 and starts again with 1"
        )


def _check_resets(tree: Tree, contents: Mapping[str, list[Rows]]) -> None:
    if not any((rows.counts == 1).any() for runs in contents.values() for rows in runs):
        raise PredictionError(
            f"{tree.path} holds one-pass results: no line says 1 (started) or 2 (failed), but this benchmark starts a "
            "tracker again after each failure; run the supervised experiment"
        )


def _check_failures(tree: Tree, rows: list[dict[str, NDArray[np.generic]]], dataset: Dataset) -> None:
    """The unsupervised experiment starts with a 1 too; but a run with resets has no region that misses the target."""
    if any((row["codes"] == FAILED).any() for row in rows):
        return
    missed = tracked = 0
    for id, row in zip(dataset.ids, rows, strict=True):
        found = _first_overlaps(row, dataset.truth.row(dataset.truth.position(id)))
        missed += int(np.count_nonzero(found == 0))
        tracked += int(np.count_nonzero(~np.isnan(found)))
    if missed > tracked * MISSED:
        raise PredictionError(
            f"{tree.path} holds one-pass results: {missed} of {tracked} regions miss the target, but no line says 2 (failed); "
            "this benchmark starts a tracker again after each failure; run the supervised experiment"
        )


def _first_overlaps(row: Mapping[str, NDArray[np.generic]], truth: Row) -> NDArray[np.float64]:
    """Overlaps of the first repetition, (frames,); NaN where there is no region."""
    frames = len(truth["counts"])
    codes, regions = np.asarray(row["codes"][:frames], np.uint8), np.asarray(row["regions"][:frames], np.float64)
    width, height = (int(side) for side in truth["size"])
    known = np.ascontiguousarray(truth["regions"], np.float64), np.ascontiguousarray(truth["counts"], np.uint8)
    return overlaps(0, regions, codes, *known, (width, height))


def find_files(tree: Tree, dataset: Dataset) -> tuple[dict[str, list[str]], list[str]]:
    """Sequence -> its files, in order of repetition, and what was left out; raises PredictionError."""
    known = index((*dataset.ids, *sorted(dataset.known_ids)), {})
    found: dict[str, dict[int, list[str]]] = {}
    strangers = []
    for name in _of_experiment(tree, experiment_of(dataset)):
        stem, repetition = split_repetition(PurePosixPath(name).stem)
        id = known.get(key(stem))
        if id is None:
            strangers.append(PurePosixPath(name).name)
        else:
            found.setdefault(id, {}).setdefault(repetition, []).append(name)
    for id, takes in found.items():
        for names in takes.values():
            if len(names) > 1:
                raise PredictionError(
                    f"{tree.path} holds two results of {id} ({shortened(names, 2)}); name the folder of one tracker"
                )
    _check_complete(tree, dataset, found)
    warnings = [f"{tree.path.name}: {shortened(strangers)} belong to no sequence and are left out"] if strangers else []
    return {id: [found[id][take][0] for take in sorted(found[id])] for id in dataset.ids}, warnings


def _check_complete(tree: Tree, dataset: Dataset, found: Mapping[str, Mapping[int, list[str]]]) -> None:
    lacking = [id for id in dataset.ids if id not in found]
    if lacking:
        raise PredictionError(
            f"{tree.path} lacks the results of {shortened(lacking)} ({len(lacking)} of {len(dataset.ids)} sequences); a "
            f"file is named like {lacking[0]}/{lacking[0]}_001.txt (read as well: {spellings(lacking[0])})"
        )
    for id in dataset.ids:
        if len(found[id]) > REPETITIONS:
            raise PredictionError(
                f"{tree.path} holds {len(found[id])} repetitions of {id}; at most {REPETITIONS} count"
            )


def _of_experiment(tree: Tree, experiment: str) -> list[str]:
    """The results of one experiment: those in the folder called so, or all where there is no such folder."""
    names = [
        name
        for name in tree.names
        if name.endswith(".txt") and not PurePosixPath(name).stem.endswith(("_time", "_confidence", "_times"))
    ]
    names = [name for name in names if PurePosixPath(name).name != "list.txt"]
    own = [name for name in names if experiment in PurePosixPath(name).parts]
    if own:
        return own
    (other,) = {*EXPERIMENTS} - {experiment}
    kept = [name for name in names if other not in PurePosixPath(name).parts]
    if names and not kept:
        raise PredictionError(
            f"{tree.path} holds results of the {other} experiment only, not of {experiment}; --experiment {other} scores them"
        )
    return [name for name in kept if not {*_OTHER_EXPERIMENTS} & set(PurePosixPath(name).parts)] or kept
