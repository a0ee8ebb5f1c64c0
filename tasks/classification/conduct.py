"""Whether a network behaves as one that is being tested: in evaluation mode, and the same twice."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from harness.columns import Row
from harness.errors import SubmissionError
from harness.task import Flag, Sink

if TYPE_CHECKING:
    from harness.submission import Submission

CHANGES: Final = "answers_change"
"""The fact under which it is kept that two identical calls gave different logits."""
_TOLERANCE: Final = 1e-5
"""Of the largest logit: what parallel sums on an accelerator may differ by."""


def check_repeats(first: Sequence[Row], second: Sequence[Row], sink: Sink) -> None:
    """Note by how much two identical calls differ, so that the record is flagged."""
    difference = max(_difference(one, other) for one, other in zip(first, second, strict=True))
    if difference > _TOLERANCE:
        sink.note(CHANGES, difference)


def check_mode(submission: "Submission") -> None:
    """Raise SubmissionError where a part of the network is in training mode."""
    named = getattr(submission.module, "named_modules", None)
    for name, part in named() if callable(named) else ():
        if getattr(part, "training", False) and not list(part.children()):
            raise SubmissionError(
                f"{submission.name} is in training mode (its part '{name}'): dropout and batch statistics would be at work; "
                "call eval() on it where it is built"
            )


def _difference(one: Row, other: Row) -> float:
    """The largest difference between two answers, as a share of the largest value."""
    name = "logits" if "logits" in one else "top_logits"
    left, right = (np.asarray(row[name], np.float64) for row in (one, other))
    return float(np.abs(left - right).max() / max(float(np.abs(left).max()), 1e-30))


def conduct_flags(facts: Mapping[str, Any]) -> tuple[Flag, ...]:
    """Why a result is not ranked, from what was noted during the run."""
    if CHANGES not in facts:
        return ()
    text = (
        f"two identical calls gave logits that differ by {float(facts[CHANGES]):.2g} of the largest: the method is random, so "
        "one run does not give its score"
    )
    return (Flag(code="answers-change", text=text),)
