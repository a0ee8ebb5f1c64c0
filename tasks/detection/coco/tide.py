"""Where average precision at IoU 0.5 is lost: TIDE's six kinds of error, and what mending each would give.

Source: Bolya, Foley, Hays, Hoffman, TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV 2020, arXiv
2008.08115; where the paper leaves a choice, what the authors' tidecv 1.0.1 does. A detection that finds nothing is one of

* Loc: its best IoU with its own category is between 0.1 and 0.5;
* Cls: its IoU with another category is at least 0.5;
* Dupe: it reaches an annotation that a detection with a higher score has found;
* Bkg: it reaches 0.1 with no annotation at all;
* Both: everything else;

looked for in this order. Miss is an annotation that nothing finds and no Loc or Cls error is about. The AP is TIDE's own:
precision has no epsilon, categories with detections and no annotation count as 0, and the limit on detections is one per
image.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.kernels import Kernel
from harness.task import DetailTable
from tasks.detection.coco.masks import Side, mask_ious
from tasks.detection.coco.metrics import Detections, Float, Int, Truth, order_by_score

FOUND_AT: Final = 0.5
BACKGROUND_BELOW: Final = 0.1
ERRORS: Final = {
    "Cls": "right place, wrong category",
    "Loc": "right category, wrong place",
    "Both": "wrong category and place",
    "Dupe": "found by another detection already",
    "Bkg": "there is no object",
    "Miss": "an object that nothing finds",
    "FalsePos": "all false positives",
    "FalseNeg": "all objects that are not found",
}
_KINDS: Final = {"Cls": 1, "Loc": 2, "Both": 3, "Dupe": 4, "Bkg": 5}
_TIDE: Final = Kernel(
    "coco_tide", "int64", "float64", "float64", "int64[]", "int32[]", "float64[]", "int64[]", "int32[]", "float64[]",
    "uint8[]", "int64", "float64[]", "uint8[]", "uint8[]", "int32[]", "uint8[]",
)  # fmt: skip
_RECALLS: Final = tuple(index / 100 for index in range(101))


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The detections that count, by image and descending score, and the annotations that are no crowds."""

    category: NDArray[np.int32]
    scores: Float
    kind: NDArray[np.uint8]
    """0: it finds an annotation; 1 to 5: Cls, Loc, Both, Dupe, Bkg."""
    ignored: NDArray[np.bool_]
    """It finds nothing and lies in a crowd of its category: it counts only where its error is mended."""
    mended: NDArray[np.int32]
    """The category under which it is right once its error is mended; -1: it is left out then."""
    truth_category: NDArray[np.int32]
    unused: NDArray[np.bool_]
    missed: NDArray[np.bool_]


def tide(truth: Truth, detections: Detections, n_categories: int, limit: int) -> list[list[Any]]:
    """Name, how many there are, and the gain in AP50 from mending, of every error; None where there is no AP.

    `limit` is the most detections per image, by score. Gains below 0, which ties of scores can make, are 0 for the six
    kinds, as in tidecv.
    """
    errors = find_errors(truth, detections, limit)
    curves = _Curves(errors, n_categories)
    base = curves.base()
    counts = {name: int((errors.kind == kind).sum()) for name, kind in _KINDS.items()}
    counts |= {"Miss": int(errors.missed.sum()), "FalseNeg": int(errors.unused.sum())}
    counts["FalsePos"] = int(((errors.kind > 0) & ~errors.ignored).sum())
    values = {name: curves.mended(kind) for name, kind in _KINDS.items()}
    values |= {"Miss": curves.without(errors.missed), "FalseNeg": curves.without(errors.unused)}
    values["FalsePos"] = curves.perfect_precision()
    gains = {name: None if value is None or base is None else value - base for name, value in values.items()}
    main = [*_KINDS, "Miss"]
    gains |= {name: max(gain, 0.0) for name, gain in gains.items() if name in main and gain is not None}
    return [[name, counts[name], gains[name]] for name in ERRORS]


def tide_table(rows: Sequence[Sequence[Any]]) -> DetailTable:
    """The rows of `tide` as a table of a record."""
    return DetailTable(
        name="tide",
        title="TIDE: what AP at IoU 0.5 would gain if one kind of error were mended",
        columns=("error", "meaning", "count", "dAP50"),
        rows=tuple((name, ERRORS[name], count, gain) for name, count, gain in rows),
    )


def find_errors(truth: Truth, detections: Detections, limit: int) -> Errors:
    """Sort the detections of every image into TIDE's kinds."""
    everything = np.zeros(len(detections.category), np.int32)
    order, _, offsets = order_by_score(detections.offsets, everything, detections.scores, limit)
    category, crowd = detections.category[order], truth.crowd
    given = np.empty(0)
    if truth.masks is not None and detections.masks is not None:
        rows = np.arange(len(crowd))
        found = Side(offsets, category, order, detections.masks)
        given = mask_ious(found, Side(truth.offsets, truth.category, rows, truth.masks), crowd, same_category=False)
    kind, ignored = np.empty(len(order), np.uint8), np.empty(len(order), np.uint8)
    mended, state = np.empty(len(order), np.int32), np.empty(len(crowd), np.uint8)
    _TIDE(
        len(offsets) - 1, FOUND_AT, BACKGROUND_BELOW, offsets, category, detections.boxes_xywh[order],
        truth.offsets, truth.category, truth.boxes_xywh, crowd.view(np.uint8), truth.masks is not None, given,
        kind, ignored, mended, state,
    )  # fmt: skip
    return Errors(
        category=category, scores=detections.scores[order], kind=kind, ignored=ignored.view(np.bool_), mended=mended,
        truth_category=truth.category[~crowd], unused=state[~crowd] != 1, missed=state[~crowd] == 0,
    )  # fmt: skip


class _Curves:
    """AP at IoU 0.5 of the detections, and of what is left or added once errors of one kind are mended.

    All variants are parts of one list, sorted once by category and descending score: the detections, and those whose
    category a mended error changes. Where scores tie, errors stand before what is right, as in tidecv; only the AP that
    gains are compared with has them image after image.
    """

    def __init__(self, errors: Errors, n_categories: int) -> None:
        self._n = n_categories
        self._truth_category = errors.truth_category
        self._truths = np.bincount(errors.truth_category, minlength=n_categories)
        changed = np.flatnonzero((errors.mended >= 0) & (errors.mended != errors.category))
        row = np.concatenate([np.arange(len(errors.kind)), changed])
        category = np.concatenate([errors.category, errors.mended[changed]])
        added = np.arange(len(row)) >= len(errors.kind)
        order = np.argsort(row, kind="stable")
        order = order[_by_category(errors.scores[row[order]], category[order], n_categories)]
        row, category, added = row[order], category[order], added[order]
        self._starts = np.searchsorted(category, np.arange(n_categories + 1))
        self._kind = np.where(added, 0, errors.kind[row])
        self._found = ~added & (self._kind == 0)
        self._present = ~added & ~errors.ignored[row]
        self._meant = np.where(errors.mended[row] == category, errors.kind[row], 0)
        self._errors_first = np.argsort(_ties(category, errors.scores[row]) * 2 + self._found, kind="stable")

    def base(self) -> float | None:
        """AP as it is."""
        return self._ap(self._present, self._found, self._truths)

    def mended(self, kind: int) -> float | None:
        """AP with the errors of one kind mended or left out."""
        right = self._meant == kind
        present = (self._present & (self._kind != kind)) | right
        return self._ap(present[self._errors_first], (right | self._found)[self._errors_first], self._truths)

    def without(self, truths: NDArray[np.bool_]) -> float | None:
        """AP without some annotations."""
        left = self._truths - np.bincount(self._truth_category[truths], minlength=self._n)
        return self._ap(self._present[self._errors_first], self._found[self._errors_first], left)

    def perfect_precision(self) -> float | None:
        """AP with every false positive behind everything that is right."""
        return self._ap(self._found, self._found, self._truths, counted=self._present)

    def _ap(
        self,
        present: NDArray[np.bool_],
        right: NDArray[np.bool_],
        truths: NDArray[np.int64],
        counted: NDArray[np.bool_] | None = None,
    ) -> float | None:
        """The mean over categories with detections or annotations; the interpolation reads only what is right."""
        before = np.concatenate([[0], np.cumsum(present)])
        hits = np.flatnonzero(present & right)
        ends = np.searchsorted(hits, self._starts)
        starts = before[self._starts]
        there = starts if counted is None else np.concatenate([[0], np.cumsum(counted)])[self._starts]
        categories = np.flatnonzero((truths > 0) | (np.diff(there) > 0)).tolist()
        total = sum(
            _average_precision(before[hits[ends[k] : ends[k + 1]]] - starts[k], int(truths[k])) for k in categories
        )
        return total / len(categories) if categories else None


def _by_category(scores: Float, category: NDArray[np.int32], n_categories: int) -> Int:
    by_score = np.argsort(-scores, kind="stable")
    # A stable sort of 16-bit integers is a radix sort: linear.
    small = category[by_score].astype(np.uint16 if n_categories <= 1 << 16 else np.int64)
    return by_score[np.argsort(small, kind="stable")]


def _ties(category: NDArray[np.int32], scores: Float) -> Int:
    """The number of the run of equal category and score that each row is in."""
    new = (category[1:] != category[:-1]) | (scores[1:] != scores[:-1])
    return np.concatenate([[0], np.cumsum(new)])[: len(category)]


def _average_precision(places: Int, n_truth: int) -> float:
    """The mean of the interpolated precision at 101 recalls; `places` are those of the right ones among all, from 0."""
    if n_truth == 0 or len(places) == 0:
        return 0.0
    found = np.arange(1, len(places) + 1)
    envelope = np.maximum.accumulate((found / (places + 1))[::-1])[::-1]
    reached = np.searchsorted(found / n_truth, _RECALLS, side="left")
    return float(envelope[reached[reached < len(envelope)]].sum() / len(_RECALLS))
