"""What classifiers answer, checked, brought to the data set's classes, and reduced to what is kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Row, Table
from harness.errors import PredictionError, SubmissionError
from harness.task import Dataset
from tasks.classification.choices import IDENTITY, NO_CLASS
from tasks.classification.interface import FULL, LOGITS
from tasks.classification.metrics import Columns, Int, rank_scores, rank_sets

Outputs = NDArray[np.int64] | None
"""For every class of the data set its place among the outputs; None where they stand in the same order."""


def live_outputs(name: str, classes: Sequence[str], dataset: Dataset) -> tuple[Outputs, int]:
    """How a submission's outputs stand for classes, and how many outputs it must have.

    A declared `classes` is matched by name. Raises SubmissionError where a name is lacking.
    """
    if dataset.facts["class_map"] != IDENTITY or not classes:
        return file_outputs(dataset)
    categories = list(dataset.facts["categories"])
    if list(classes) == categories:
        return None, len(categories)
    place = {one: index for index, one in enumerate(classes)}
    lacking = [one for one in categories if one not in place]
    if lacking:
        raise SubmissionError(
            f"{name} has {len(classes)} classes, none of them called '{lacking[0]}', as {len(lacking)} of the data set's "
            f"{len(categories)}; choose a variant for these classes or declare what its outputs mean with --class-map FILE"
        )
    return np.array([place[one] for one in categories], np.int64), len(classes)


def file_outputs(dataset: Dataset) -> tuple[Outputs, int]:
    """The same for what declares no classes: the map that the run chose."""
    outputs = dataset.facts.get("outputs")
    if outputs is None:
        return None, int(dataset.facts["classes"])
    places = {one: index for index, one in enumerate(outputs) if one != NO_CLASS}
    return np.array([places[index] for index in range(len(places))], np.int64), len(outputs)


def check_logits(answer: Any, id: str, expected: int) -> NDArray[np.float32]:
    """The logits of one answer, float32 (expected,); raises PredictionError naming the image."""
    if not isinstance(answer, Mapping) or LOGITS not in answer:
        found = ", ".join(map(str, answer)) if isinstance(answer, Mapping) else type(answer).__name__
        raise PredictionError(f"the answer for image {id} must hold logits; it is: {found}")
    try:
        logits = FULL[0].conform(answer[LOGITS])
    except ValueError as error:
        raise PredictionError(f"image {id}: {error}") from None
    if len(logits) != expected:
        raise PredictionError(f"image {id}: there are {len(logits)} logits; {wanted(expected)}")
    return logits


def wanted(expected: int) -> str:
    """How many outputs a class map has, and what to do where there are others."""
    return (
        f"the class map has {expected} outputs (declare another with --class-map background-first or --class-map FILE)"
    )


def rank(scores: NDArray[Any], truth: Table) -> Columns:
    """Where the true class of every image stands among its logits."""
    if "label" in truth.columns:
        return rank_scores(scores, truth.dense("label"))
    true = truth.ragged("labels")
    return rank_sets(scores, true.values, true.offsets, lists=False)


def reduce(logits: NDArray[Any], truth: Table, keep: int) -> dict[str, NDArray[Any]]:
    """The columns `KEPT` of logits (n, classes): the highest `keep` of them and how the true class stands."""
    keep = min(keep, logits.shape[1])
    # Stable, so that of equal logits the one of the lower class comes first.
    order = np.argsort(-logits, axis=1, kind="stable")[:, :keep]
    ranked = rank(logits, truth)
    columns: dict[str, NDArray[Any]] = {
        "top_labels": order.astype(np.int32),
        "top_logits": np.take_along_axis(logits, order, axis=1).astype(np.float32),
    }
    for name in ("log_sum", "label_logit"):
        columns[name] = np.nan_to_num(ranked[name])
    return columns | {name: ranked[name] for name in ("better", "tied_before", "tied")}


def to_row(logits: NDArray[np.float32], truth: Table, index: int, keep: int) -> Row:
    """One answer as it is kept: whole, or reduced."""
    if not keep:
        return {LOGITS: logits}
    columns = reduce(logits[None], truth.take([index]), keep)
    return {name: column[0] for name, column in columns.items()}


def ranked_from_kept(table: Table, truth: Table) -> Columns:
    """What `rank` gave, from the columns `KEPT`; raises PredictionError where they contradict each other."""
    found: Columns = {name: table.dense(name) for name in ("better", "tied_before", "tied", "log_sum", "label_logit")}
    top = table.dense("top_labels")
    found["predicted"], found["top_logit"] = top[:, 0], table.dense("top_logits")[:, 0].astype(np.float64)
    if "label" in truth.columns:
        _check_ranks(found, top, truth.dense("label"), table.ids)
    else:
        for name in ("log_sum", "label_logit", "top_logit"):
            found[name] = np.full(len(table), np.nan)
    return found


def _check_ranks(found: Columns, top: NDArray[Any], labels: Int, ids: Sequence[str]) -> None:
    hit = top == labels[:, None]
    rank_there = np.where(hit.any(axis=1), hit.argmax(axis=1), top.shape[1])
    rank_said = np.minimum(found["better"] + found["tied_before"], top.shape[1])
    wrong = np.flatnonzero(rank_there != rank_said)
    if len(wrong):
        raise PredictionError(f"image {ids[wrong[0]]}: the kept classes and the kept rank of the true one differ")
