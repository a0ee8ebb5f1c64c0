"""From stored logits to what is known of each image; needs neither network nor pictures."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.errors import PredictionError
from harness.task import Dataset, Flag
from tasks.classification.robustness import metrics
from tasks.classification.robustness.balls import Bounds
from tasks.classification.robustness.flags import is_softmax, without_gradient
from tasks.classification.robustness.interface import (
    ADVERSARIAL,
    ATTACKED,
    BACKWARDS,
    CLEAN,
    DISTANCE,
    FORWARDS,
    GRADIENTS,
    NOT_ASKED,
    REPEAT,
)
from tasks.classification.robustness.radii import value_of

Columns = dict[str, NDArray[Any]]
SCORED_FROM: Final = "scored_from"
"""The fact that tells a result file from a run: whether its images were checked."""


def statistics(dataset: Dataset, table: Table, attacks: Sequence[str]) -> Columns:
    """The columns behind every number; raises PredictionError where the logits are of other attacks or classes."""
    clean, adversarial, attacked = table.dense(CLEAN), table.dense(ADVERSARIAL), table.dense(ATTACKED)
    labels = dataset.truth.dense("label").astype(np.int64)
    _check_shapes(clean, adversarial, attacked, int(dataset.facts["classes"]), attacks)
    fell = metrics.felled_by(clean, adversarial, attacked, labels)
    norms = table.dense(GRADIENTS) if GRADIENTS in table.columns else np.full((len(clean), 2), NOT_ASKED)
    missing = without_gradient(norms)
    found: Columns = {
        "label": labels, "fell": fell, "attacked": attacked, "turned_into": _turned_into(clean, adversarial, fell),
        "wrong_margin": metrics.wrong_margin(clean, adversarial, attacked, labels),
        "softmax": np.full(len(clean), is_softmax(clean)),
        "repeat": table.dense(REPEAT) if REPEAT in table.columns else np.full(len(clean), NOT_ASKED),
        "margin_gradient": norms[:, 1], "no_loss_gradient": missing[:, 0], "no_margin_gradient": missing[:, 1],
    }  # fmt: skip
    there = (name for name in (DISTANCE, FORWARDS, BACKWARDS) if name in table.columns)
    return found | {name: table.dense(name) for name in there}


def _check_shapes(
    clean: NDArray[Any], adversarial: NDArray[Any], attacked: NDArray[Any], classes: int, attacks: Sequence[str]
) -> None:
    count = adversarial.shape[1] if adversarial.ndim == 3 else 0
    if clean.shape[1] != classes or adversarial.shape[2:] != (classes,) or attacked.shape != adversarial.shape[:2]:
        raise PredictionError(
            f"the stored logits have the shapes {clean.shape} and {adversarial.shape} and what was attacked {attacked.shape}; "
            f"they must be (n, {classes}), (n, attacks, {classes}) and (n, attacks)"
        )
    if count not in (1, len(attacks)):
        raise PredictionError(
            f"there are logits of {count} attacks, but the run names {len(attacks)} ({', '.join(attacks)}); name the attack "
            "that they are of with --attack"
        )


def _turned_into(clean: NDArray[Any], adversarial: NDArray[Any], fell: NDArray[Any]) -> NDArray[np.int64]:
    """What each image is answered in the end: of the attack that felled it, else as it is."""
    found = metrics.answered(clean)
    fooled = np.flatnonzero((fell >= 0) & (fell < metrics.STANDS))
    found[fooled] = metrics.answered(adversarial[fooled, fell[fooled]])
    return found


def is_whole(table: Table, attacks: Sequence[str]) -> bool:
    """Whether the logits of every attack are there, not those of the worst case alone."""
    return int(table.dense(ADVERSARIAL).shape[1]) == len(attacks)


def bounds(dataset: Dataset) -> Bounds:
    """Ball and box of the run."""
    facts = dataset.facts
    return Bounds(str(facts["norm"]), value_of(str(facts["eps"])), bool(facts["box"]))


def selection(dataset: Dataset) -> str:
    """Which images they are, in words."""
    ids = dataset.ids
    known = len(dataset.known_ids | frozenset(ids))
    of = "" if known == len(ids) else f" of {known:,}"
    return f"{len(ids):,} images{of}, {ids[0]} to {ids[-1]}, {'your own selection' if dataset.custom else 'all of the split'}"


def file_flags(noted: Mapping[str, Any]) -> tuple[Flag, ...]:
    """A file without images may hold logits of anything."""
    if noted.get(SCORED_FROM) != "logits":
        return ()
    text = (
        "only logits were handed in, no adversarial images: whether these lay in the ball, and whether the gates of the attack "
        "hold, cannot be told"
    )
    return (Flag(code="ball-unchecked", text=text),)


def warnings(columns: Columns, noted: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader must know beside the flags."""
    found = [f"{one['attack']}: {one['notes']}" for one in noted.get("attacks", ()) if one.get("notes")]
    flat = int(columns["no_margin_gradient"].sum())
    if flat:
        found.append(f"{flat} attacked images have no gradient of the margin")
    if SCORED_FROM in noted:
        found.append(
            "scored from a file: that the logits are this network's answers to these images is the submitter's word, and "
            "gradients, repetition and the forward pass were not looked at"
        )
    return tuple(found)
