"""Results of one-pass runs: a text file a sequence, a line a frame; aligned with the annotations by written rules."""

from pathlib import PurePosixPath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import ColumnSpec, build_table
from harness.errors import PredictionError
from harness.task import Dataset, Predictions
from tasks.tracking.files import Tree
from tasks.tracking.names import index, key, shortened, spellings, split_repetition
from tasks.tracking.ope.annotations import bare
from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.text import Rows, read_rows

Float = NDArray[np.float64]
PREDICTIONS: Final = (
    ColumnSpec("boxes_xywh", "float64", (4,), ragged=True, finite=False, description="a frame each, pixels; NaN: none"),
)
SLACK: Final = 10
"""By how many frames results may be shorter or longer than the annotations."""
_NO_BOXES: Final = frozenset({"times", "time", "att"})


def read_results(tree: Tree, dataset: Dataset, benchmark: Benchmark) -> Predictions:
    """Read and align the results of all sequences; raises PredictionError naming file and line, or what is missing."""
    files, warnings = find_files(tree, dataset, benchmark)
    lengths = dict(zip(dataset.truth.ids, np.diff(dataset.truth.ragged("boxes_xywh").offsets).tolist(), strict=True))
    rows, notes, unusable = [], [], []
    for id in dataset.ids:
        where = tree.where(files[id])
        lines = read_rows(tree.read(files[id]), where, PredictionError)
        boxes = checked_boxes(lines, where)
        bad_lines = lines.lines[np.isnan(boxes).any(axis=1) | np.any(boxes[:, 2:] <= 0, axis=1)]
        boxes, note = align(boxes, lengths[id], id, where, benchmark)
        notes += [note] if note else []
        unusable += [f"{PurePosixPath(files[id]).name} line {line}" for line in bad_lines]
        rows.append({"boxes_xywh": boxes})
    if notes:
        warnings.append(f"{tree.path.name}: {shortened(notes, 8)}")
    if unusable:
        warnings.append(
            f"{tree.path.name}: {len(unusable)} boxes are NaN or have no area, which each protocol counts in its own way "
            f"({shortened(unusable, 3)})"
        )
    return Predictions(table=build_table(dataset.ids, rows, PREDICTIONS), warnings=tuple(warnings))


def checked_boxes(rows: Rows, where: str) -> Float:
    """The boxes of a file, (n, 4); raises PredictionError naming the line that holds something else."""
    wrong = np.flatnonzero(rows.counts != 4)
    if not len(wrong):
        if not len(rows):
            raise PredictionError(f"{where} is empty; a line a frame is expected, x,y,width,height")
        return rows.values[:, :4]
    count, line = int(rows.counts[wrong[0]]), rows.lines[wrong[0]]
    if count == 1 and rows.values[wrong[0], 0] in (0, 1, 2):
        raise PredictionError(
            f"{where}, line {line}: holds the code {rows.values[wrong[0], 0]:g} of a run with resets; this benchmark is "
            "scored in one pass, run the tracker without resets"
        )
    what = "four corners" if count == 8 else f"{count} number{'s' * (count != 1)}"
    raise PredictionError(f"{where}, line {line}: has {what}; a box x,y,width,height is expected")


def align(boxes: Float, frames: int, id: str, where: str, benchmark: Benchmark) -> tuple[Float, str]:
    """Boxes for the `frames` that are scored, and a note where the counts differ; raises PredictionError.

    Results of all annotated frames, or of the video from its first frame, lose the first ones; else the last ones that
    are too many are cut off, and the last frames without a result are not scored.
    """
    count = len(boxes)
    omitted, annotated = benchmark.omitted.get(id, (0, 0))
    if omitted and count == annotated and frames == annotated - omitted:
        return boxes[omitted:], f"{id}: the first {omitted} of {count} results are not scored"
    first, last = benchmark.ranges.get(id, (1, frames))
    if count == last and frames == last - first + 1 and first > 1:
        return boxes[first - 1 :], f"{id}: results of the whole video, scored from frame {first}"
    if count > frames and (benchmark.longer or count - frames <= SLACK):
        return boxes[:frames], f"{id}: {count} results for {frames} frames, the last {count - frames} cut off"
    if count < frames and frames - count <= SLACK:
        return boxes, f"{id}: {count} results for {frames} frames, the last {frames - count} not scored"
    if count != frames:
        raise PredictionError(
            f"{where}: has {count} boxes for {frames} frames of {id}; at most {SLACK} may be missing or too many"
        )
    return boxes, ""


def find_files(tree: Tree, dataset: Dataset, benchmark: Benchmark) -> tuple[dict[str, str], list[str]]:
    """Sequence -> its file, and what was left out; raises PredictionError for what is missing or there twice."""
    known = index((*dataset.ids, *sorted(dataset.known_ids), *benchmark.names), benchmark.aliases)
    found: dict[str, dict[int, list[str]]] = {}
    strangers = []
    for name in tree.names:
        path = PurePosixPath(name)
        if path.suffix != ".txt" or _NO_BOXES & set(path.parts[:-1]) or path.stem.endswith(("_time", "_confidence")):
            continue
        stem, repetition = _stem(path, benchmark, known)
        if stem in known:
            found.setdefault(known[stem], {}).setdefault(repetition, []).append(name)
        else:
            strangers.append(path.name)
    files = {}
    for id, takes in found.items():
        names = takes[min(takes)]
        if len(names) > 1:
            raise PredictionError(
                f"{tree.path} holds two results of {id} ({shortened(names, 2)}); name the folder of one tracker"
            )
        files[id] = names[0]
    _check_complete(tree, dataset, files)
    warnings = [f"{tree.path.name}: {shortened(strangers)} belong to no sequence and are left out"] if strangers else []
    if any(len(takes) > 1 for takes in found.values()):
        warnings.append(f"{tree.path.name}: there are several repetitions; the first of each sequence is scored")
    return files, warnings


def _stem(path: PurePosixPath, benchmark: Benchmark, known: dict[str, str]) -> tuple[str, int]:
    """Key of the sequence and the repetition: ``NAME.txt``, or got10k's ``NAME/NAME_001.txt``."""
    whole = bare(path.stem, benchmark)
    name, repetition = split_repetition(path.stem)
    if repetition and (whole not in known or key(path.parent.name) == key(name)):
        return bare(name, benchmark), repetition
    return whole, 0


def _check_complete(tree: Tree, dataset: Dataset, files: dict[str, str]) -> None:
    lacking = [id for id in dataset.ids if id not in files]
    if lacking:
        raise PredictionError(
            f"{tree.path} lacks the results of {shortened(lacking)} ({len(lacking)} of {len(dataset.ids)} sequences); a "
            f"file is named like {lacking[0]}.txt (read as well: {spellings(lacking[0])}, in any case of letters)"
        )
