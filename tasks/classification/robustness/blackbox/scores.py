"""From what is stored of each image to the columns behind every number; needs neither network nor torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import PredictionError
from harness.task import Dataset, Flag, Setting
from tasks.classification.robustness.balls import Bounds
from tasks.classification.robustness.blackbox.counting import Counting
from tasks.classification.robustness.blackbox.interface import QUERIES, TESTS
from tasks.classification.robustness.flags import SAME, is_softmax
from tasks.classification.robustness.interface import ADVERSARIAL, CLEAN, REPEAT
from tasks.classification.robustness.metrics import answered
from tasks.classification.robustness.radii import value_of
from tasks.classification.robustness.scores import file_flags
from tasks.classification.robustness.stored_images import check_stored

Columns = dict[str, NDArray[Any]]


def bounds(settings: Mapping[str, Setting]) -> Bounds:
    """Ball and box of the run."""
    return Bounds(str(settings["norm"]), value_of(str(settings["eps"])), True)


def statistics(dataset: Dataset, table: Table, counting: Counting, settings: Mapping[str, Setting]) -> Columns:
    """What is known of each image; raises PredictionError where the stored columns contradict each other."""
    labels = dataset.truth.dense("label").astype(np.int64)
    clean, adversarial = answered(table.dense(CLEAN)), answered(table.dense(ADVERSARIAL))
    right = clean == labels
    found = {
        "label": labels,
        "right": right,
        "fell": right & (adversarial != labels),
        "turned_into": adversarial,
        "queries": counting.counted(table.dense(QUERIES).astype(np.int64), table.dense(TESTS).astype(np.int64)),
        "answers": table.dense(QUERIES).astype(np.int64) + table.dense(TESTS),
        "repeat": table.dense(REPEAT) if REPEAT in table.columns else np.zeros(len(labels)),
    }
    _check(found, counting.allowance(int(settings["max_queries"])), table.ids)
    check_stored(table, bounds(settings))
    return found


def _check(found: Mapping[str, NDArray[Any]], allowance: int, ids: Sequence[str]) -> None:
    rules = (
        (found["queries"] < 0, "has a negative number of queries"),
        (found["queries"] > allowance, f"has more than the {allowance} queries that are allowed"),
        (found["fell"] & (found["answers"] < 1), "fell without a query"),
        (~found["right"] & (found["answers"] > 0), "was attacked, though it is answered wrongly as it is"),
    )
    for broken, what in rules:
        if broken.any():
            row = int(broken.argmax())
            raise PredictionError(f"image {ids[row]} {what} ({int(broken.sum())} of {len(ids)} images)")


def flags(found: Mapping[str, NDArray[Any]], noted: Mapping[str, Any]) -> tuple[Flag, ...]:
    """Why the result is not ranked."""
    worst = float(np.max(found["repeat"], initial=0.0))
    if worst <= SAME:
        return file_flags(noted)
    text = (
        f"two identical calls gave logits that differ by {worst:.2g} of the largest: the network is random or keeps something "
        "from call to call, so that one run does not give its robustness"
    )
    return (Flag(code="answers-change", text=text), *file_flags(noted))


def warnings(table: Table) -> tuple[str, ...]:
    """What a reader must know beside the flags."""
    if not is_softmax(table.dense(CLEAN)):
        return ()
    return ("the outputs are probabilities, not logits: attacks on the cross-entropy see a second softmax",)
