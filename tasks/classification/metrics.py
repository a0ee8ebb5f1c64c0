"""Accuracy, negative log-likelihood and calibration of class scores: arrays in, numbers out.

The rank of the true class is the number of higher scores, plus the number of equal scores at a lower index. Quantised
networks tie often: the optimistic rank counts no equal score, the pessimistic one all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
BINS: Final = 15
TOP: Final = (1, 5)
_BLOCK: Final = 128
"""Rows at a time: in double precision they stay in the cache."""


def rank_scores(scores: NDArray[np.floating[Any]], labels: Int) -> Columns:
    """Where the true class stands among `scores` (n, classes), finite, with `labels` (n,) from 0.

    Gives `predicted`, `better`, `tied_before`, `tied`, int32 (n,), and `log_sum`, `label_logit`, `top_logit`, float64 (n,).
    """
    found = _empty(len(labels))
    for start in range(0, len(labels), _BLOCK):
        part = slice(start, start + _BLOCK)
        _rank_block(scores[part], labels[part], {name: column[part] for name, column in found.items()})
    return found


def _empty(n: int) -> Columns:
    whole = ("predicted", "better", "tied_before", "tied")
    real = ("log_sum", "label_logit", "top_logit")
    return {name: np.zeros(n, np.int32) for name in whole} | {name: np.zeros(n, np.float64) for name in real}


def _rank_block(scores: NDArray[np.floating[Any]], labels: Int, into: Columns) -> None:
    own = scores[np.arange(len(labels)), labels][:, None]
    into["predicted"][:] = scores.argmax(axis=1)
    into["better"][:] = (scores > own).sum(axis=1, dtype=np.int32)
    equal = scores == own
    into["tied"][:] = equal.sum(axis=1, dtype=np.int32) - 1
    for row in np.flatnonzero(into["tied"]):
        into["tied_before"][row] = np.count_nonzero(equal[row, : labels[row]])
    wide = scores.astype(np.float64)
    top = wide.max(axis=1)
    wide -= top[:, None]
    np.exp(wide, out=wide)
    into["log_sum"][:] = top + np.log(wide.sum(axis=1))
    into["label_logit"][:], into["top_logit"][:] = own[:, 0], top


def rank_probabilities(scores: NDArray[np.floating[Any]], labels: Int) -> Columns:
    """The same of probabilities (n, classes), not negative: their logarithms are logits."""
    found = rank_scores(scores, labels)
    with np.errstate(divide="ignore"):
        found["label_logit"], found["top_logit"] = np.log(found["label_logit"]), np.log(found["top_logit"])
        found["log_sum"] = np.log(scores.astype(np.float64).sum(axis=1))
    return found


def rank_lists(lists: NDArray[np.integer[Any]], labels: Int) -> Columns:
    """The same of lists of classes, best first, (n, k): no ties, and no likelihood (NaN)."""
    hit = lists == labels[:, None]
    found = _empty(len(labels))
    found["better"][:] = np.where(hit.any(axis=1), hit.argmax(axis=1), lists.shape[1])
    found["predicted"][:] = lists[:, 0]
    for name in ("log_sum", "label_logit", "top_logit"):
        found[name][:] = np.nan
    return found


def rank_sets(scores: NDArray[Any], values: Int, offsets: Int, *, lists: bool) -> Columns:
    """Where the best of several true classes stands: image i has the classes ``values[offsets[i]:offsets[i + 1]]``.

    `scores` are class scores (n, classes), or `lists` of classes, best first, (n, k). Equal scores of other true classes
    do not count as ties.
    """
    found = _empty(len(offsets) - 1)
    for name in ("log_sum", "label_logit", "top_logit"):
        found[name][:] = np.nan
    for row in range(len(offsets) - 1):
        true = values[offsets[row] : offsets[row + 1]]
        one = scores[row]
        if lists:
            hit = np.flatnonzero(np.isin(one, true))
            found["better"][row] = hit[0] if len(hit) else len(one)
            found["predicted"][row] = one[0]
            continue
        best = one[true].max()
        equal = np.setdiff1d(np.flatnonzero(one == best), true)
        first = true[one[true] == best].min()
        found["predicted"][row], found["better"][row] = one.argmax(), np.count_nonzero(one > best)
        found["tied"][row], found["tied_before"][row] = len(equal), np.count_nonzero(equal < first)
    return found


def likelihood(ranked: Mapping[str, NDArray[Any]]) -> tuple[Float, Float]:
    """Negative log-likelihood of the true class in nats, and confidence in the predicted class, float64 (n,)."""
    return ranked["log_sum"] - ranked["label_logit"], np.exp(ranked["top_logit"] - ranked["log_sum"])


def hits(statistics: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Metric -> whether each image counts as right, bool (n,)."""
    better, tied = statistics["better"], statistics["tied"]
    found = {}
    for k in TOP:
        found[f"top{k}"] = better + statistics["tied_before"] < k
        found[f"top{k}_optimistic"] = better < k
        found[f"top{k}_pessimistic"] = better + tied < k
    return found


def bins_of(confidence: Float) -> Int:
    """The bin of each confidence among `BINS` of equal width in [0, 1], closed on the right."""
    edges = np.linspace(0, 1, BINS + 1)
    return np.searchsorted(edges[1:-1], confidence, side="left").astype(np.int64)


def calibration_error(confidence: Float, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: bins' distance of accuracy and mean confidence, weighted by their sizes.

    Guo et al., On Calibration of Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599
    """
    bins = bins_of(confidence)
    error = 0.0
    for index in range(BINS):
        inside = bins == index
        if inside.any():
            error += float(inside.mean()) * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return error


def aggregate(statistics: Mapping[str, NDArray[Any]], names: Sequence[str]) -> dict[str, float | None]:
    """The metrics `names` over all images: accuracies in percent; None where the answers do not give them."""
    right = hits(statistics)
    values: dict[str, float | None] = {}
    for name in names:
        if name == "nll":
            values[name] = _known(float(statistics["nll"].mean()))
        elif name == "ece15":
            there = not np.isnan(statistics["confidence"]).any()
            values[name] = calibration_error(statistics["confidence"], right["top1"]) if there else None
        elif int(name[3]) > statistics["depth"].min():
            values[name] = None
        else:
            values[name] = 100 * int(right[name].sum()) / len(right[name])
    return values


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def replicates(
    statistics: Mapping[str, NDArray[Any]], weights: NDArray[np.uint16], names: Sequence[str]
) -> dict[str, Float]:
    """The metrics `names`, all of them known, with every image counted as `weights` (B, n) say: float64 (B,)."""
    right = hits(statistics)
    columns: list[Float] = []
    for name in names:
        columns += _summed(name, statistics, right)
    times = weights.astype(np.float64)
    sums = times @ np.stack(columns, axis=1)
    count = times.sum(axis=1)
    found: dict[str, Float] = {}
    at = 0
    for name in names:
        width = BINS if name == "ece15" else 1
        part = sums[:, at : at + width]
        at += width
        scale = 100.0 if name.startswith("top") else 1.0
        found[name] = scale * (np.abs(part).sum(axis=1) if name == "ece15" else part[:, 0]) / count
    return found


def _summed(name: str, statistics: Mapping[str, NDArray[Any]], right: Mapping[str, NDArray[np.bool_]]) -> list[Float]:
    """What is summed over the images for one metric."""
    if name == "nll":
        return [statistics["nll"]]
    if name != "ece15":
        return [right[name].astype(np.float64)]
    bins = bins_of(statistics["confidence"])
    gap = right["top1"] - statistics["confidence"]
    return [np.where(bins == index, gap, 0.0) for index in range(BINS)]
